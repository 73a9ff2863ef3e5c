"""Mistakes in infra/terraform/ that a plan must catch: each is made in a resource of several types, one in every."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import pytest

from infra.local.terraform.rehearsal import TERRAFORM, Rehearsal
from infra.local.terraform.schema import Block
from infra.local.terraform.schemas import Schemas

RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{$(.*?)^\}$', re.MULTILINE | re.DOTALL)
NESTED = re.compile(r"^  (?!lifecycle)(\w+) \{$", re.MULTILINE)
ARGUMENT = re.compile(r"^  (\w+) += (?!.*[\[({]$).*$", re.MULTILINE)
"""An argument of the resource itself, on one line."""

SEVERAL = (
    "bigquery_table",
    "cloud_run_v2_service",
    "cloud_scheduler_job",
    "firestore_field",
    "monitoring_alert_policy",
    "project_iam_member",
    "pubsub_subscription",
    "pubsub_topic",
)
WRONG = {"string": "{}", "number": '"many"', "bool": '"perhaps"'}


class Written(NamedTuple):
    """The first resource of a type: where, by what name, and its body."""

    type: str
    name: str
    file: str
    body: str


@cache
def written() -> dict[str, Written]:
    found: dict[str, Written] = {}
    for file in sorted(TERRAFORM.glob("*.tf")):
        for kind, name, body in RESOURCE.findall(file.read_text()):
            found.setdefault(kind, Written(kind, name, file.name, body))
    return {kind: one for kind, one in found.items() if kind.startswith("google_")}


@pytest.fixture(params=SEVERAL)
def resource(request: pytest.FixtureRequest) -> Written:
    return written()[f"google_{request.param}"]


@pytest.fixture
def block(resource: Written, schemas: Schemas) -> Block:
    return schemas.resources[resource.type]


@contextmanager
def overridden(stage: Rehearsal, resource: Written, line: str) -> Iterator[None]:
    """The line in the resource, in place of those it overrides."""
    file = stage.folder / "mutant_override.tf"
    file.write_text(f'resource "{resource.type}" "{resource.name}" {{\n  {line}\n}}\n')
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def rewritten(stage: Rehearsal, resource: Written, body: str) -> Iterator[None]:
    """The configuration with another body of the resource."""
    file = stage.folder / resource.file
    text = file.read_text()
    file.write_text(text.replace(resource.body, body, 1))
    try:
        yield
    finally:
        file.write_text(text)


def check(stage: Rehearsal, summary: str, detail: str) -> None:
    """A problem of this sort is found, and no other."""
    problems = stage.problems()
    assert problems
    for one in problems:
        assert summary in one.summary
        assert detail in one.detail


def test_there_are_resources_of_many_types() -> None:
    assert len(written()) > 20


@pytest.mark.parametrize("kind", written())
def test_an_argument_that_does_not_exist(stage: Rehearsal, kind: str) -> None:
    resource = written()[kind]
    with rewritten(stage, resource, f"\n  nothing = 1{resource.body}"):
        check(stage, "Unsupported argument", 'An argument named "nothing" is not expected here')


@pytest.mark.parametrize("kind", [kind for kind, one in written().items() if NESTED.search(one.body)])
def test_an_argument_that_does_not_exist_in_a_block(stage: Rehearsal, kind: str) -> None:
    resource = written()[kind]
    with rewritten(stage, resource, NESTED.sub(r"\g<0>\n    nothing = 1", resource.body, count=1)):
        check(stage, "Unsupported argument", 'An argument named "nothing" is not expected here')


def test_a_block_that_does_not_exist(stage: Rehearsal, resource: Written) -> None:
    with rewritten(stage, resource, f"\n  nothing {{}}{resource.body}"):
        check(stage, "Unsupported block type", 'Blocks of type "nothing" are not expected here')


def test_a_value_of_the_wrong_type(stage: Rehearsal, resource: Written, block: Block) -> None:
    name, attribute = next((n, a) for n, a in block.attributes.items() if a.type in list(WRONG) and a.use != "computed")
    with overridden(stage, resource, f"{name} = {WRONG[attribute.type]}"):
        check(stage, "Incorrect attribute value type", f'Inappropriate value for attribute "{name}"')


def test_a_reference_to_a_result_that_does_not_exist(stage: Rehearsal, resource: Written, block: Block) -> None:
    name = next(n for n, a in block.attributes.items() if a.use != "computed")
    with overridden(stage, resource, f"{name} = data.google_project.this.nothing"):
        check(stage, "Unsupported attribute", 'no argument, nested block, or exported attribute named "nothing"')
    with overridden(stage, resource, f"{name} = {resource.type}.nothing.id"):
        check(stage, "Reference to undeclared resource", f'"{resource.type}" "nothing" has not been declared')


def test_a_missing_argument(stage: Rehearsal, resource: Written, block: Block) -> None:
    required = {name for name, attribute in block.attributes.items() if attribute.use == "required"}
    line, name = next((m[0], m[1]) for m in ARGUMENT.finditer(resource.body) if m[1] in required)
    with rewritten(stage, resource, resource.body.replace(line, "", 1)):
        check(stage, "Missing required argument", f'The argument "{name}" is required')


def test_a_result_cannot_be_set(stage: Rehearsal, resource: Written, block: Block) -> None:
    computed = [n for n, a in block.attributes.items() if a.use == "computed" and a.type == "string"]
    for name in computed[:1]:
        with rewritten(stage, resource, f'\n  {name} = "x"{resource.body}'):
            check(stage, f"{name} cannot be set: it is a result", "")


def test_a_string_that_is_not_among_the_choices(stage: Rehearsal, resource: Written, block: Block) -> None:
    for name in [n for n, a in block.attributes.items() if a.choices and a.type == "string"][:1]:
        with overridden(stage, resource, f'{name} = "NOTHING"'):
            check(stage, f"expected {name} to be one of", "")
