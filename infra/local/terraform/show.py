"""A rehearsed deployment, on the screen."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.local.children import ChildError
from infra.local.terraform.access import Grant, by_who, grants
from infra.local.terraform.rehearsal import TERRAFORM, Resource, TerraformError, rehearsal
from infra.local.terraform.schemas import PROVIDER
from infra.local.tools import ToolMissingError
from shared.errors import PermanentError, Problem, RetryableError

ENVIRONMENTS = TERRAFORM / "environments"


def show_plan(environment: str) -> int:
    """Everything that would be made, by kind. Raises PermanentError, RetryableError."""
    planned = _plan(environment)
    table = Table("kind", "how many", "which")
    table.columns[1].justify = "right"
    for kind, resources in _by_kind(planned).items():
        table.add_row(kind, str(len(resources)), Text("\n".join(_names(resources))))
    Console().print(table)
    print(f"{len(planned)} resources to make. Planned offline, by a stand-in with the schema of provider {PROVIDER}.")
    return 0


def show_access(environment: str) -> int:
    """Who may do what. Raises PermanentError, RetryableError."""
    table = Table("who", "may", "on")
    for who, listed in by_who(grants(_plan(environment, foresee=True))).items():
        table.add_section()
        roles = list(dict.fromkeys(grant.role for grant in listed))
        for name, role in zip([who, *[""] * len(roles)], roles, strict=False):
            table.add_row(name, role, Text("\n".join(_place(grant) for grant in listed if grant.role == role)))
    Console().print(table)
    return 0


def _plan(environment: str, foresee: bool = False) -> list[Resource]:
    file = ENVIRONMENTS / f"{environment}.tfvars"
    if not file.exists():
        known = " or ".join(sorted(one.stem for one in ENVIRONMENTS.glob("*.tfvars")))
        raise PermanentError("unknown environment", (Problem("environment", known, environment),))
    try:
        with rehearsal() as rehearsed:
            return rehearsed.plan(file, foresee)
    except TerraformError as error:
        raise PermanentError(str(error)) from error
    except (ToolMissingError, ChildError) as error:
        raise RetryableError(str(error)) from error


def _by_kind(planned: list[Resource]) -> dict[str, list[Resource]]:
    """Kind, as `pubsub topic` → the resources of that kind."""
    found: dict[str, list[Resource]] = {}
    for resource in sorted(planned, key=lambda one: (one.type, one.address)):
        found.setdefault(resource.type.removeprefix("google_").replace("_", " "), []).append(resource)
    return found


def _names(resources: list[Resource]) -> list[str]:
    """The names in the configuration, each with the keys of its instances."""
    keys: dict[str, list[str]] = {}
    for resource in resources:
        keys.setdefault(resource.name, []).extend([] if resource.index is None else [str(resource.index)])
    return [f"{name}: {', '.join(indexes)}" if indexes else name for name, indexes in keys.items()]


def _place(grant: Grant) -> str:
    return f"{grant.what}, if {grant.condition}" if grant.condition else grant.what
