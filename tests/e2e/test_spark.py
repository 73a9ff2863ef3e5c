"""ALS on Spark, in local mode: as good as implicit's on real data, and the command from the log to what is live."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import NamedTuple, cast

import httpx
import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from scipy.sparse import csr_matrix

from infra.cli import main
from infra.local.inputs import open_input
from infra.local.layout import STATUS
from infra.local.process import running
from infra.local.replay import replay
from infra.spark.train import here
from training.bootstrap import resample_means
from training.collaborative import als
from training.collaborative.als import Als
from training.collaborative.challengers import CHALLENGERS
from training.collaborative.judge import gains
from training.collaborative.moments import Moments
from training.factors import SPARK, Elsewhere, read_factors

RANK, ITERATIONS = 32, 8
WEIGHTS = {"bookmark": 3.0, "video_play": 2.0, "item_view": 1.0}
AS_GOOD = 0.01

pytestmark = pytest.mark.usefixtures("quick_java")


@pytest.fixture
def quick_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of Java's time would go into code that is compiled to run for long."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")


class Sample(NamedTuple):
    """Without each person's last items, and the first of those as what comes next."""

    people: list[str]
    item_ids: list[str]
    matrix: csr_matrix
    next: Moments


def leave(last: int) -> Sample:
    """MovieLens latest-small: what people liked, in order of time, the last ones of each left out."""
    liked: dict[str, list[tuple[str, float]]] = {}
    for event in open_input("movielens"):
        if weight := WEIGHTS.get(str(event["kind"])):
            [item_id] = cast("list[str]", event["item_ids"])
            liked.setdefault(str(event["user_id"]), []).append((item_id, weight))
    known = {person: some[:-last] for person, some in liked.items() if len(some) > 5}
    people, item_ids = sorted(known), sorted({item for some in known.values() for item, _ in some})
    places = {item_id: place for place, item_id in enumerate(item_ids)}
    cells = [(row, places[item], weight**0.5) for row, person in enumerate(people) for item, weight in known[person]]
    rows, columns, weights = zip(*cells, strict=True)
    matrix = csr_matrix((weights, (rows, columns)), (len(people), len(item_ids)))
    targets = np.array([places.get(liked[person][-last][0], -1) for person in people])
    asked = np.flatnonzero(targets >= 0)
    return Sample(people, item_ids, matrix, Moments(asked, targets[asked], matrix[asked], matrix[asked]))


def tuned(sample: Sample) -> dict[str, float]:
    """implicit's settings, by the item before the last."""
    found = {
        gains(Als(sample.matrix, **settings, iterations=ITERATIONS).score, sample.next).mean(): settings
        for settings in CHALLENGERS["ALS"].grid
    }
    return found[max(found)]


def test_spark_is_as_good_as_implicit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rank and iterations. implicit's ridge is chosen by the item before the last; MLlib's is its default, for
    it grows with the number of items of a person: neither is the other's."""
    monkeypatch.setattr(als, "FACTORS", RANK)
    sample = leave(1)
    cells = sample.matrix.tocoo()
    table = {
        "person": [sample.people[row] for row in cells.row],
        "item_id": [sample.item_ids[column] for column in cells.col],
        "weight": cells.data,
    }
    (tmp_path / "interactions").mkdir()
    parquet.write_table(pyarrow.table(table), tmp_path / "interactions" / "0.parquet")
    places = [{"interactions": str(tmp_path / "interactions"), "factors": str(tmp_path / "factors")}]
    here(places, ["--rank", str(RANK), "--iterations", str(ITERATIONS), "--blocks", "2"])
    found = read_factors(str(tmp_path / "factors"))
    counts = {"people": len(sample.people), "items": len(sample.item_ids), "interactions": sample.matrix.nnz}
    assert {name: found.about[name] for name in counts} == counts
    assert sorted(found.item_ids) == sample.item_ids
    spark = gains(Elsewhere(found, sample.item_ids).score, sample.next)
    implicit = gains(Als(sample.matrix, **tuned(leave(2)), iterations=ITERATIONS).score, sample.next)
    popular = np.asarray(sample.matrix.sum(axis=0)).ravel()
    known = gains(lambda asked: np.tile(popular, (asked.shape[0], 1)), sample.next)
    low, high = np.quantile(resample_means((spark - implicit)[:, None], sample.next.people), [0.025, 0.975])
    means = [float(found.mean()) for found in (spark, implicit, known)]
    told = f"Spark, implicit, popularity {np.round(means, 4)}; difference {low:.4f} to {high:.4f}"
    print(told)
    assert low <= 0 <= high or abs((spark - implicit).mean()) < AS_GOOD, told
    assert min(spark.mean(), implicit.mean()) > known.mean(), told


def club() -> Iterator[dict[str, object]]:
    """People of three tastes, one after the other."""
    draw, start = random.Random(2), datetime(2026, 1, 1, tzinfo=UTC)
    for person, act in product(range(120), range(10)):
        yield {
            "event_id": f"{person}-{act}",
            "kind": "item_view",
            "occurred_at": (start + timedelta(hours=5 * person, minutes=act)).isoformat(),
            "user_id": f"u{person}",
            "item_ids": [f"{'abc'[person % 3]}{draw.randrange(14):02}"],
        }


def test_a_training_on_spark_goes_live(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = list(club())
    settings = {"ATTUNE_CHALLENGERS": ""}
    with running("embedded", tmp_path / "data", settings=settings) as served:
        assert not asyncio.run(replay(events, served.url)).refused
        while any(httpx.get(served.url + STATUS).json()["waiting"].values()):
            time.sleep(0.1)
        options = "--rank 8 --iterations 2 --blocks 1"
        assert main(["train", "neighbours", "--engine", "spark", "--als", options, "--force", "--url", served.url]) == 0
        told = json.loads(capsys.readouterr().out)["models"]["neighbours"]
        assert told["status"] == "published"
        assert told["settings"][SPARK] == {"rank": 8, "iterations": 2, "regularization": 0.1, "alpha": 8}
        assert told["compared_on"].split()[0].isdigit()
        card = httpx.get(f"{served.url}/v1/models/neighbours@{told['version']}").json()
        assert SPARK in card["markdown"]
        left = list((tmp_path / "data" / "factors").iterdir())
        assert len(left) == 4
        assert not [place for place in left if (place / "interactions").exists()]
        # Nothing was learned as of then: the live model stays.
        order = {"models": ["neighbours"], "engine": "spark", "cutoff": "2026-01-03T00:00:00Z"}
        again = httpx.post(f"{served.url}/v1/retrain", json=order, timeout=120)
        refused = again.json()["models"]["neighbours"]
        assert refused["status"] == "refused"
        assert "als.py" in refused["reason"]
