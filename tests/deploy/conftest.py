"""infra/terraform/, rehearsed once for the tests that only look."""

from collections.abc import Iterator

import pytest

from infra.local.terraform.rehearsal import Rehearsal, rehearsal
from infra.local.terraform.schemas import Schemas, read_schemas
from tests.deploy.environments import EXAMPLES, Made, make


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def made(request: pytest.FixtureRequest) -> Made:
    """Each example environment."""
    return make(request.param)


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return read_schemas()


@pytest.fixture(scope="module")
def stage() -> Iterator[Rehearsal]:
    """A copy of infra/terraform/ to change and to leave as it was."""
    with rehearsal() as rehearsed:
        yield rehearsed
