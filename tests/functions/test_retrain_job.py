"""retrain as a job: the same training in a process of its own, as a Cloud Run job starts it."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from infra.local.layout import ROOT
from shared import wiring
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.functions.conftest import Serve
from tests.functions.test_retrain import CUTOFF, fill, live
from training.lease import acquire


def job(order: str) -> tuple[int, dict[str, Any]]:
    """Its exit code, and the line of its outcome."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'functions' / 'retrain'}:{ROOT}", "ATTUNE_LOG": "json"}
    command = [sys.executable, "-m", "training", order]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    return done.returncode, lines[-1]


async def test_the_job_trains(serve: Serve) -> None:
    warehouse = wiring.warehouse(wiring.settings())
    assert isinstance(warehouse, EmbeddedWarehouse)
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
    fill(warehouse, people=30)
    await wiring.close_all()  # an embedded warehouse has one holder

    code, line = job(json.dumps({"models": ["popularity"], "cutoff": CUTOFF}))

    assert (code, line["function"], line["outcome"]) == (0, "retrain", "ok")
    documents = wiring.documents(wiring.settings())
    assert isinstance(documents, EmbeddedDocuments)
    assert "popularity" in await live(documents)


async def test_a_second_training_at_the_same_time_fails(documents: EmbeddedDocuments) -> None:
    await acquire(documents, wiring.clock)
    code, line = job('{"models": ["popularity"]}')
    assert (code, line["outcome"]) == (1, "refused")
    assert "training" in line["reason"]


@pytest.mark.parametrize("order", ["[", '{"models": ["oracle"]}'])
def test_a_wrong_order_is_refused(serve: Serve, order: str) -> None:
    code, line = job(order)
    assert (code, line["outcome"]) == (2, "refused")
