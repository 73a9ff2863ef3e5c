"""Every input gives events that collect takes, in order of time, the same ones at each reading."""

import gzip
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest

from infra.local.inputs import Fields, Input, files, open_input, shift
from infra.local.inputs.batches import cut
from infra.local.inputs.input import survey, time_of
from infra.local.inputs.movielens import kind_of
from shared.errors import PermanentError
from shared.events.parse import Refusal, parse_batch
from shared.settings import Settings
from tests.samples import sample

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def refusals_of(events: Iterable[Fields]) -> list[Refusal]:
    batches = cut(events, 500, 480_000)
    return [refusal for batch in batches for refusal in parse_batch(batch.body, NOW, Settings()).refusals]


def in_order(events: Iterable[Fields]) -> bool:
    times = [time_of(event) for event in events]
    return all(one is not None and other is not None and one <= other for one, other in pairwise(times))


@pytest.fixture(scope="module")
def rees46() -> Input:
    return open_input(f"rees46:{sample('rees46_sample.csv.gz')}")


@pytest.fixture(scope="module")
def movielens() -> Input:
    return open_input("movielens")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text(
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        "2019-11-01 00:00:00 UTC,view,1,20,,acme,5.50,7,s1\n"
        "2019-11-01 00:00:05 UTC,remove_from_cart,1,20,toys.car,,5.50,7,s1\n"
        "2019-11-01 00:00:09 UTC,purchase,1,20,toys.car,,5.50,7,\n"
        "2019-11-01 00:00:09 UTC,teleport,1,20,toys.car,,5.50,7,s1\n"
        "2019-11-01 00:00:10 UTC,view,1\n"
    )
    return path


def test_the_rees46_extract_is_read_whole(rees46: Input) -> None:
    events = list(rees46)
    assert rees46.licence is not None
    assert "REES46" in rees46.licence
    assert len(events) == rees46.total == 17_434
    # Three rows of the extract occur more than once: one four times, two twice.
    assert len({event["event_id"] for event in events}) == 17_429
    assert rees46.last == datetime(2019, 10, 1, 2, 50, tzinfo=UTC)
    assert refusals_of(events) == []
    assert in_order(events)


def test_a_rees46_row_becomes_an_event(shop: Path) -> None:
    view, remove, purchase, *_ = open_input(f"rees46:{shop}")
    assert view == {
        "event_id": view["event_id"],
        "kind": "item_view",
        "occurred_at": "2019-11-01T00:00:00Z",
        "user_id": "7",
        "item_ids": ["1"],
        "category": "20",
        "properties": {"brand": "acme", "price": 5.5},
        "context": {"source": "api", "session_id": "s1"},
    }
    assert (remove["kind"], remove["category"]) == ("remove_from_cart", "toys.car")
    assert (purchase["value"], purchase["currency"], purchase["quantity"]) == (5.5, "USD", 1)
    assert purchase["context"] == {"source": "api"}


def test_rows_that_are_no_events_are_sent_and_refused(shop: Path) -> None:
    refused = {refusal.position: refusal.problems[0].field for refusal in refusals_of(open_input(f"rees46:{shop}"))}
    assert refused == {3: "kind", 4: "row"}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_large_file_is_not_counted_but_its_end_is_known(
    shop: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop.with_name(shop.name + suffix)
    path.write_bytes(gzip.compress(shop.read_bytes()) if suffix else shop.read_bytes())
    small = open_input(f"rees46:{path}")
    assert (small.total, small.last) == (5, datetime(2019, 11, 1, 0, 0, 9, tzinfo=UTC))
    monkeypatch.setattr(files, "SMALL_BYTES", 0)
    large = open_input(f"rees46:{path}")
    assert (large.total, large.last) == (None, small.last)
    assert list(large) == list(small)


def test_movielens_is_read_whole(movielens: Input) -> None:
    events = list(movielens)
    assert movielens.licence is not None
    assert "GroupLens" in movielens.licence
    assert len(events) == movielens.total == 100_004
    assert len({event["event_id"] for event in events}) == 100_004
    assert refusals_of(events) == []
    assert in_order(events)
    assert events == list(movielens)


def test_a_rating_becomes_an_event(movielens: Input) -> None:
    first, *_ = movielens
    assert first == {
        "event_id": "movielens-383-21",
        "kind": "item_view",
        "occurred_at": "1995-01-09T11:46:49Z",
        "user_id": "383",
        "item_ids": ["21"],
        "category": "Comedy",
        "properties": {"title": "Get Shorty", "year": 1995, "genres": ["Comedy", "Crime", "Thriller"], "rating": 3.0},
        "context": {"source": "api"},
    }


def test_each_rating_stands_for_an_act() -> None:
    acts = {stars / 2: kind_of(stars / 2) for stars in range(1, 11)}
    assert [stars for stars, kind in acts.items() if kind == "bookmark"] == [4.5, 5.0]
    assert [stars for stars, kind in acts.items() if kind == "video_play"] == [3.5, 4.0]
    assert [stars for stars, kind in acts.items() if kind == "item_view"] == [2.5, 3.0]
    assert [stars for stars, kind in acts.items() if kind == "dismiss"] == [0.5, 1.0, 1.5, 2.0]


@pytest.mark.parametrize("today", [NOW, datetime(2000, 6, 1, 23, 59, 59, tzinfo=UTC)])
def test_shift_moves_by_whole_days_to_just_before_now(today: datetime) -> None:
    events = list(islice(open_input("simulate:users=5,days=3"), 50))
    last = survey(events).last
    assert last is not None
    moved = list(shift(events, last, today))
    ends = survey(moved).last
    assert ends is not None
    assert timedelta(0) <= today - ends < timedelta(days=1)
    assert (ends - last) % timedelta(days=1) == timedelta(0)
    for before, after in zip(events, moved, strict=True):
        assert {**before, "occurred_at": after["occurred_at"]} == after
        then, now = time_of(before), time_of(after)
        assert then is not None
        assert now is not None
        assert now - then == ends - last


def test_shift_passes_on_what_has_no_time() -> None:
    odd: list[Fields] = [{"occurred_at": "yesterday"}, {"row": []}]
    assert list(shift(odd, NOW, NOW)) == odd


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "rees46:PATH"),
        ("kafka:x", "found kafka:x"),
        ("rees46", "rees46:PATH"),
        ("rees46:no/such.csv", "does not exist"),
        ("csv:.", "a folder"),
        ("movielens:20m", "found movielens:20m"),
        ("simulate:users=0", "users=1..1000000"),
        ("simulate:speed=9", "found speed=9"),
        ("simulate:days=many", "found days=many"),
    ],
)
def test_a_bad_spec_says_what_was_expected(spec: str, told: str) -> None:
    with pytest.raises(PermanentError, match=r"expected .*, found ") as caught:
        open_input(spec)
    assert told in str(caught.value)


def test_another_header_says_what_lacks(shop: Path) -> None:
    shop.write_text("event_time,event_type\n")
    with pytest.raises(PermanentError, match=r"no product_id.* among event_time, event_type"):
        open_input(f"rees46:{shop}")


def test_a_broken_archive_is_an_error_not_an_end(shop: Path) -> None:
    whole = gzip.compress(b"\n".join(shop.read_bytes().splitlines() * 500))
    shop.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PermanentError, match="expected a complete CSV file"):
        list(open_input(f"rees46:{shop}"))


def test_opening_inputs_loads_no_pandas() -> None:
    code = "import sys, infra.local.inputs as i; i.open_input('simulate'); sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
