"""The OpenAPI documents that collect and recommend serve are true: schemathesis calls every operation by them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.local.embedded import load
from infra.local.layout import FUNCTIONS
from shared import wiring

APPS = {function.name: load(function) for function in FUNCTIONS if function.name in ("collect", "recommend")}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module", autouse=True)
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTUNE_DATA", str(tmp_path_factory.mktemp("data")))
        wiring.settings.cache_clear()
        yield
    wiring.settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "path", "least"),
    [("collect", "/v1/openapi.json", 11), ("recommend", "/v1/recommendations/openapi.json", 6)],
)
def test_the_document_is_true(name: str, path: str, least: int) -> None:
    """Each operation is called with what its schema allows and with what it does not (schemathesis's pytest plugin does
    not know this pytest, so the cases are drawn here)."""
    operations = list(valid(schemathesis.openapi.from_asgi(path, APPS[name]).get_all_operations()))
    assert len(operations) >= least
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            call_all(operation.as_strategy(generation_mode=mode))


def valid(found: Iterable[Any]) -> Iterator[Any]:
    for result in found:
        assert hasattr(result, "ok"), result
        yield result.ok()


def call_all(cases: SearchStrategy[Any]) -> None:
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(cases)
    def call(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    with suppress(Unsatisfiable):  # an operation without input has nothing to get wrong
        call()
