"""Which code a model comes from."""

from functools import cache
from hashlib import blake2b
from pathlib import Path

from training.queries import sql_folder


@cache
def code_version() -> str:
    """Twelve digits of a digest of the training's modules and of all queries."""
    digest = blake2b(digest_size=6)
    here = Path(__file__).parent
    for folder, pattern in ((here, "**/*.py"), (sql_folder(), "*.sql")):
        for path in sorted(folder.glob(pattern)):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
