"""Factors that were learned elsewhere: read, folded in, and asked of interactions that know nothing later."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from scipy.sparse import csr_matrix

from infra.local.bridge import to_row
from infra.spark.train import batch
from shared.events.event import Event, encode_event
from shared.settings import Settings, read_settings
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Warehouse
from training.export import edges, forget, leave
from training.factors import SPARK, Elsewhere, Factors, folder, learned_elsewhere, newest, read_factors
from training.quarantine import write_quarantined
from training.tables import create_tables, write_kinds

START = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT = {
    "format": 1,
    "rank": 4,
    "iterations": 3,
    "regularization": 0.2,
    "alpha": 3.0,
    "people": 9,
    "items": 6,
    "interactions": 27,
}
IDS = [f"i{place}" for place in range(6)]


def drawn(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(6, 4)).astype(np.float32)


def left(place: Path, **changed: object) -> None:
    """What the job leaves, in another order than that of the items."""
    for name in ("items", "about"):
        (place / name).mkdir(parents=True)
    rows = [{"item_id": item_id, "factors": row} for item_id, row in zip(IDS, drawn().tolist(), strict=True)]
    schema = pyarrow.schema([("item_id", pyarrow.string()), ("factors", pyarrow.list_(pyarrow.float32()))])
    for part, some in enumerate((rows[3:], rows[:3])):
        parquet.write_table(pyarrow.Table.from_pylist(some, schema), place / "items" / f"part-{part}.parquet")
    (place / "items" / "_SUCCESS").touch()
    (place / "about" / "_SUCCESS").touch()
    (place / "about" / "part-0.json").write_text(json.dumps({**ABOUT, **changed}) + "\n")


def test_what_the_job_has_left_is_read(tmp_path: Path) -> None:
    settings = Settings(engine="spark", data=str(tmp_path))
    left(Path(folder(settings, START), "factors"))
    [(name, learner)] = learned_elsewhere(START, settings, IDS).items()
    assert name == SPARK
    assert learner.parameters == {"rank": 4, "iterations": 3, "regularization": 0.2, "alpha": 3}
    same = Elsewhere(Factors(IDS, drawn(), ABOUT), IDS)
    asked = csr_matrix(np.eye(6))
    assert np.array_equal(learner.score(asked), same.score(asked))
    assert learned_elsewhere(START, Settings(data=str(tmp_path)), IDS) == {}


def test_the_newest_that_knows_nothing_later_is_taken(tmp_path: Path) -> None:
    settings = Settings(engine="spark", data=str(tmp_path))
    for hours in (1, 5, 9):
        left(Path(folder(settings, START + timedelta(hours=hours)), "factors"))
    Path(folder(settings, START + timedelta(hours=7)), "interactions").mkdir(parents=True)
    for asked, found in ((1, 1), (4.999, 1), (5, 5), (8, 5), (20, 9)):
        expected = f"{folder(settings, START + timedelta(hours=found))}/factors"
        assert newest(settings, START + timedelta(hours=asked)) == expected
    with pytest.raises(ValueError, match=r"infra/spark/als\.py"):
        newest(settings, START)


def test_what_is_missing_or_of_another_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"infra/spark/als\.py leaves in .*nowhere"):
        read_factors(str(tmp_path / "nowhere"))
    left(tmp_path, format=2)
    with pytest.raises(ValueError, match="format 1, found 2"):
        read_factors(str(tmp_path))


def test_somebody_new_is_folded_in_where_mllibs_loss_is_least() -> None:
    items = drawn().astype(float)
    likes = np.array([[0.5, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]])
    scores = Elsewhere(Factors(IDS, drawn(), ABOUT), IDS).score(csr_matrix(likes))
    for row, weights in enumerate(likes):
        confidence, ridge = 1 + 3 * weights, 0.2 * max((weights > 0).sum(), 1)
        best = np.linalg.solve(
            (items.T * confidence) @ items + ridge * np.eye(4), (items.T * confidence) @ (weights > 0)
        )
        assert scores[row] == pytest.approx(items @ best, abs=1e-5)


def test_an_item_without_factors_is_like_no_other() -> None:
    learner = Elsewhere(Factors(IDS[:5], drawn()[:5], ABOUT), IDS)
    similar = learner.neighbours(IDS, 3)
    assert similar
    assert similar.of(5) == []
    assert any(similar.of(place) for place in range(5))
    assert not any(IDS[5] in dict(similar.of(place)) for place in range(5))


def acts() -> Iterator[Event]:
    for number in range(400):
        yield Event(
            event_id=str(number),
            kind="item_view",
            occurred_at=START + timedelta(hours=number),
            user_id=f"u{number % 37}",
            item_ids=(f"i{number % 11}",),
        )


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    found = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    create_tables(found)
    write_kinds(found, Settings())
    write_quarantined(found, {})
    found.append("events", [to_row(encode_event(event)) for event in acts()])
    yield found
    found.close()


def test_interactions_are_left_as_of_each_time_that_is_asked_about(warehouse: Warehouse, tmp_path: Path) -> None:
    settings, cutoff = Settings(data=str(tmp_path)), START + timedelta(hours=399)
    asked = edges(warehouse, cutoff, settings, {})
    assert len(asked) == 4
    assert asked[0] == cutoff
    known = []
    for edge in asked:
        place = Path(leave(warehouse, edge, settings))
        assert place == tmp_path / "factors" / f"{edge:%Y%m%dT%H%M%S%fZ}"
        found = parquet.read_table(place / "interactions").to_pylist()
        happened = [event for event in acts() if event.occurred_at <= edge]
        pairs = {(f"u:{event.user_id}", event.item_ids[0]) for event in happened}
        assert {(row["person"], row["item_id"]) for row in found} == pairs
        assert all(row["weight"] > 0 for row in found)
        known.append(len(happened))
    assert known == sorted(known, reverse=True)


def test_factors_of_before_are_forgotten(warehouse: Warehouse, tmp_path: Path) -> None:
    settings = Settings(engine="spark", data=str(tmp_path))
    left(Path(folder(settings, START), "factors"))
    (other := tmp_path / "factors" / "other").mkdir()
    forget(settings)
    leave(warehouse, START, settings)
    assert other.exists()
    with pytest.raises(ValueError, match="expected what"):
        learned_elsewhere(START, settings, IDS)


def test_places_in_cloud_storage(tmp_path: Path) -> None:
    settings = read_settings({"ATTUNE_FACTORS": "gs://bucket/attune/factors"})
    place = folder(settings, START)
    assert place == "gs://bucket/attune/factors/20260101T000000000000Z"
    command = batch([{"interactions": f"{place}/interactions", "factors": f"{place}/factors"}], ["--rank", "8"], "r1")
    assert command[:5] == ["gcloud", "dataproc", "batches", "submit", "pyspark"]
    assert {"--deps-bucket=gs://bucket", "--region=r1"} < set(command)
    assert command[command.index("--") + 1 :][-2:] == ["--rank", "8"]
    with pytest.raises(ValueError, match="ATTUNE_FACTORS"):
        read_settings({"ATTUNE_FACTORS": "gs://bucket/it's"})
