"""How large an image is besides its base: the staged folder, and what its lock installs."""

from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from infra.deploy.licences import is_for_images
from infra.deploy.locks import lock_file, read_lock
from infra.local.layout import Function


class Installed(NamedTuple):
    """What a lock installs.

    Attributes:
        packages: how many.
        size: bytes of their files on this machine, without the compiled ones.
        elsewhere: packages that are not here, or not in the lock's version; their files are not, or others, in `size`.
    """

    packages: int
    size: int
    elsewhere: tuple[str, ...]


def installed(function: Function) -> Installed:
    """What the function's lock installs, measured on what is installed here."""
    pins = [pin for pin in read_lock(lock_file(function).read_text()) if is_for_images(pin)]
    size, elsewhere = 0, []
    for pin in pins:
        try:
            package = metadata.distribution(pin.name)
        except metadata.PackageNotFoundError:
            elsewhere.append(pin.name)
            continue
        if package.version != str(pin.version):
            elsewhere.append(pin.name)
        paths = (Path(str(file.locate())) for file in package.files or () if file.suffix != ".pyc")
        size += sum(path.stat().st_size for path in paths if path.is_file())
    return Installed(len(pins), size, tuple(elsewhere))


def folder_size(folder: Path) -> int:
    """Bytes of all files, without the compiled ones."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
