"""Who may do what, by what Terraform would make."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from infra.local.terraform.rehearsal import Resource

GRANT = re.compile(r"google_(\w+)_iam_(member|binding)")
MADE_UP = re.compile(r"(?:serviceAccount:)?(?:projects/[^/]+/\w+/)?(?:data\.)?google_\w+?:([\w-]+)\.\w+")
"""What the stand-in gives for a name or id, as its provider.label has it; the group is the resource's own name."""

AGENT = re.compile(r"serviceAccount:service-[^@]+@(gcp-sa-[\w-]+)\.iam\.gserviceaccount\.com")
"""Google's own account for one of its services, as gcp-sa-pubsub."""

BESIDES = {"role", "member", "members", "condition", "project", "location", "region", "etag", "id", "timeouts"}
"""Arguments that do not say on what a role is granted."""


class Grant(NamedTuple):
    """One role of one member.

    Attributes:
        who: the name of a service account of ours or of Google's, or the member as IAM writes it.
        role: without `roles/`; a custom role by its id.
        what: kind and name, as `topic events`; `project` for all of it.
        condition: the expression that must hold; empty without one.
    """

    who: str
    role: str
    what: str
    condition: str = ""


def grants(made: Iterable[Resource]) -> list[Grant]:
    """Every grant among the resources of a plan that foresees, in order of who, role and what."""
    return sorted(grant for resource in made for grant in _of(resource))


def _of(resource: Resource) -> Iterator[Grant]:
    if not (kind := GRANT.fullmatch(resource.type)):
        return
    values = resource.values
    names = [plain(str(value)) for name, value in sorted(values.items()) if name not in BESIDES and value]
    what = " ".join([kind[1].rpartition("_")[2], *map(plain, names)])
    condition = "; ".join(one["expression"] for one in values.get("condition") or ())
    for member in values.get("members") or [values["member"]]:
        yield Grant(plain(member), plain(values["role"]).removeprefix("roles/"), what, condition)


def plain(text: str) -> str:
    """The name of what a made-up value comes from, or of an account of Google's; other text as it is.

    >>> plain("serviceAccount:google_service_account:attune-collect.email")
    'attune-collect'
    >>> plain("google_pubsub_topic:events.id"), plain("events")
    ('events', 'events')
    """
    found = MADE_UP.fullmatch(text) or AGENT.fullmatch(text)
    return found[1] if found else text


def by_who(listed: Iterable[Grant]) -> dict[str, list[Grant]]:
    """The grants of each."""
    found: dict[str, list[Grant]] = {}
    for grant in listed:
        found.setdefault(grant.who, []).append(grant)
    return found
