"""A rehearsal of a deployment: infra/terraform/ is checked and planned by Terraform's core, on a stand-in for the
provider. It needs neither network nor account, and changes nothing outside a temporary folder."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infra.local.layout import FUNCTIONS, ROOT
from infra.local.terraform.core import Core, Done, core
from infra.local.terraform.provider import Provider, stand_in
from infra.local.terraform.schemas import read_schemas

TERRAFORM = ROOT / "infra" / "terraform"
BLOCK = re.compile(r'^\s*(resource|data)\s+"(\w+)"', re.MULTILINE)
OF_A_DEPLOYMENT = (".terraform", "*.tfstate*", "terraform.tfvars*", "*.auto.tfvars*")
"""What a real deployment leaves in the folder, or is told there."""

LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
DIGEST = "sha256:" + "4" * 64
FILLED_IN = {
    "project": "rehearsal",
    "region": "europe-west1",
    "images": {one.name: f"europe-west1-docker.pkg.dev/rehearsal/attune/{one.name}@{DIGEST}" for one in FUNCTIONS},
}
"""Variables that only a real deployment knows; an environment's own values go before them."""


class Problem(NamedTuple):
    """What Terraform finds wrong; where: file and line, if it can tell."""

    summary: str
    detail: str
    where: str


class TerraformError(Exception):
    """Terraform refuses; the message is what it printed."""


class Resource(msgspec.Struct, frozen=True):
    """One resource of a plan; values that only Google could tell are absent."""

    address: str
    type: str
    name: str
    values: dict[str, Any]
    mode: str = "managed"
    index: str | int | None = None


class Rehearsal:
    """The stages up to a plan, each on what is in the folder at that time."""

    def __init__(self, terraform: Core, provider: Provider, folder: Path) -> None:
        self._terraform = terraform
        self._provider = provider
        self.folder = folder
        self._plan = folder.parent / "attune.tfplan"

    def init(self) -> None:
        """What must be done once. Raises TerraformError."""
        self._run("init", "-no-color")

    def unformatted(self) -> str:
        """What `terraform fmt` would change, as a diff."""
        done = self._terraform.run(self.folder, "fmt", "-check", "-diff", "-recursive", "-no-color")
        return done.output + done.errors

    def problems(self) -> list[Problem]:
        """What `terraform validate` finds."""
        found = msgspec.json.decode(self._terraform.run(self.folder, "validate", "-json").output)
        return [_problem(one) for one in found["diagnostics"]]

    def plan(self, variables: Path, foresee: bool = False) -> list[Resource]:
        """What there would be, with the values of this file.

        Args:
            foresee: make values up that only Google could tell, as provider.label has it: each reference then tells
                what it refers to.

        Raises TerraformError.
        """
        self._provider.foresees = foresee
        self._run("plan", "-no-color", f"-out={self._plan}", f"-var-file={variables.resolve()}")
        shown = msgspec.json.decode(self._run("show", "-json", str(self._plan)).output)
        return _resources(shown["planned_values"])

    def _run(self, *arguments: str) -> Done:
        done = self._terraform.run(self.folder, *arguments)
        if done.code:
            raise TerraformError(f"terraform {arguments[0]}:\n{done.errors or done.output}")
        return done


@contextmanager
def rehearsal(source: Path = TERRAFORM) -> Iterator[Rehearsal]:
    """Rehearse a copy of the configuration, with the rest of the repository around it, and its state beside it.

    Raises ToolMissingError.
    """
    with tempfile.TemporaryDirectory(prefix="attune-terraform-") as scratch:
        folder = _copy(source, Path(scratch))
        provider = Provider(read_schemas().only(*types_in(folder)))
        with stand_in(provider) as environment, core(environment, Path(scratch)) as terraform:
            rehearsed = Rehearsal(terraform, provider, folder)
            rehearsed.init()
            yield rehearsed


def _copy(source: Path, scratch: Path) -> Path:
    """Into scratch/infra/terraform: what it reads beside itself, as infra/sql/, is where it expects it."""
    infra = scratch / "infra"
    folder = infra / "terraform"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*OF_A_DEPLOYMENT))
    for place, into in ((ROOT, scratch), (ROOT / "infra", infra)):
        for one in place.iterdir():
            if not one.name.startswith(".") and not (into / one.name).exists():
                (into / one.name).symlink_to(one)
    (folder / "rehearsal_override.tf").write_text(LOCAL_STATE)
    (folder / "rehearsal.auto.tfvars.json").write_bytes(msgspec.json.encode(FILLED_IN))
    return folder


def types_in(folder: Path) -> tuple[set[str], set[str]]:
    """The types of resources and of data sources that a configuration names."""
    found = [pair for file in folder.rglob("*.tf") for pair in BLOCK.findall(file.read_text())]
    return {name for kind, name in found if kind == "resource"}, {name for kind, name in found if kind == "data"}


def _problem(found: Any) -> Problem:
    at = found.get("range")
    where = f"{at['filename']}:{at['start']['line']}" if at else ""
    return Problem(found["summary"], found.get("detail", ""), where)


def _resources(values: Any) -> list[Resource]:
    """Of the root module and of those in it."""
    module = values.get("root_module", {})
    modules = [module]
    for one in modules:
        modules += one.get("child_modules", ())
    found = [resource for one in modules for resource in one.get("resources", ())]
    return [r for r in msgspec.convert(found, list[Resource]) if r.mode == "managed"]
