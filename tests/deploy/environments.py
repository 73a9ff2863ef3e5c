"""The example environments of infra/terraform/, each planned and made once in a test process."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from infra.local.terraform.rehearsal import Resource, rehearsal
from infra.local.terraform.show import ENVIRONMENTS

EXAMPLES = sorted(ENVIRONMENTS.glob("*.tfvars"))


class Made(NamedTuple):
    """An example environment: as planned, and with every reference resolved."""

    planned: list[Resource]
    applied: list[Resource]

    def of(self, kind: str) -> dict[str, Resource]:
        """The resources of a type (without `google_`) by their name at Google, or by their address."""
        found = [one for one in self.applied if one.type == f"google_{kind}"]
        return {str(one.values.get("name") or one.address): one for one in found}


@cache
def make(environment: Path) -> Made:
    with rehearsal() as rehearsed:
        return Made(rehearsed.plan(environment), rehearsed.apply())
