"""A rehearsed deployment, on the screen."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from infra.local.children import ChildError
from infra.local.terraform.access import by_who, grants
from infra.local.terraform.rehearsal import TERRAFORM, Rehearsal, Resource, TerraformError, rehearsal
from infra.local.terraform.schemas import PROVIDER
from infra.local.tools import ToolMissingError
from shared.errors import PermanentError, Problem, RetryableError

ENVIRONMENTS = TERRAFORM / "environments"


def show_plan(environment: str) -> int:
    """Everything that would be made, by kind. Raises PermanentError, RetryableError."""
    with _planned(environment) as (_, planned):
        table = Table("kind", "how many", "which")
        table.columns[1].justify = "right"
        for kind, names in _by_kind(planned).items():
            table.add_row(kind, str(len(names)), ", ".join(names))
    Console().print(table)
    print(f"{len(planned)} resources to make. Planned offline, by a stand-in with the schema of provider {PROVIDER}.")
    return 0


def show_access(environment: str) -> int:
    """Who may do what. Raises PermanentError, RetryableError."""
    with _planned(environment) as (rehearsed, _):
        table = Table("who", "may", "on", "if")
        for who, listed in by_who(grants(rehearsed.apply())).items():
            table.add_section()
            for grant, name in zip(listed, [who, *[""] * len(listed)], strict=False):
                table.add_row(name, grant.role, grant.what, grant.condition)
    Console().print(table)
    return 0


@contextmanager
def _planned(environment: str) -> Iterator[tuple[Rehearsal, list[Resource]]]:
    file = ENVIRONMENTS / f"{environment}.tfvars"
    if not file.exists():
        known = " or ".join(sorted(one.stem for one in ENVIRONMENTS.glob("*.tfvars")))
        raise PermanentError("unknown environment", (Problem("environment", known, environment),))
    try:
        with rehearsal() as rehearsed:
            yield rehearsed, rehearsed.plan(file)
    except TerraformError as error:
        raise PermanentError(str(error)) from error
    except (ToolMissingError, ChildError) as error:
        raise RetryableError(str(error)) from error


def _by_kind(planned: list[Resource]) -> dict[str, list[str]]:
    """Kind, as `pubsub topic` → what tells each of that kind from the others."""
    found: dict[str, list[str]] = {}
    for resource in sorted(planned, key=lambda one: (one.type, one.address)):
        kind = resource.type.removeprefix("google_").replace("_", " ")
        name = resource.name if resource.index is None else f"{resource.name}[{resource.index}]"
        found.setdefault(kind, []).append(name)
    return found
