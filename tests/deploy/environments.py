"""The example environments of infra/terraform/, each planned once in a test process."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from infra.deploy.gcloud import service_name
from infra.local.layout import FUNCTIONS, Function
from infra.local.terraform.rehearsal import Resource, rehearsal
from infra.local.terraform.show import ENVIRONMENTS
from shared.settings import PREFIX, Settings, read_settings

EXAMPLES = sorted(ENVIRONMENTS.glob("*.tfvars"))
SECRET = "x" * 32
"""In place of what Secret Manager has: it is long enough for every secret setting."""


class Made(NamedTuple):
    """What an example environment has, every reference resolved."""

    resources: list[Resource]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The values of the resources of a type, which is written without `google_`."""
        return [one.values for one in self.resources if one.type == f"google_{kind}"]

    def named(self, kind: str, argument: str = "name") -> dict[str, dict[str, Any]]:
        """The same by their names at Google."""
        return {values[argument]: values for values in self.of(kind)}

    def service(self, function: Function) -> dict[str, Any]:
        return self.named("cloud_run_v2_service")[service_name(function.name)]

    def environment(self, function: Function) -> dict[str, str]:
        """Every environment variable of the function's service."""
        [template] = self.service(function)["template"]
        [container] = template["containers"]
        return {one["name"]: SECRET if one["value_source"] else one["value"] for one in container["env"]}

    def settings(self, function: Function = FUNCTIONS[0]) -> Settings:
        """As the function reads them when it starts. Raises ValueError."""
        return read_settings(self.environment(function))

    def secrets(self, function: Function) -> dict[str, str]:
        """Setting → secret."""
        [template] = self.service(function)["template"]
        [container] = template["containers"]
        taken = {one["name"]: one["value_source"] for one in container["env"] if one["value_source"]}
        return {
            name.removeprefix(PREFIX).lower(): source[0]["secret_key_ref"][0]["secret"]
            for name, source in taken.items()
        }


@cache
def make(environment: Path) -> Made:
    with rehearsal() as rehearsed:
        return Made(rehearsed.plan(environment, foresee=True))
