"""`csv:PATH` takes whatever has canonical names, and loses no row."""

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.inputs import open_input
from infra.local.inputs.batches import cut
from shared.errors import PermanentError
from shared.events.parse import Batch, parse_batch
from shared.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEAST = "kind,occurred_at,user_id"


def read(folder: Path, text: str, encoding: str = "utf-8") -> list[dict[str, Any]]:
    path = folder / "events.csv"
    path.write_bytes(text.encode(encoding))
    return [dict(event) for event in open_input(f"csv:{path}")]


def collect(events: list[dict[str, Any]]) -> Batch:
    (batch,) = cut(events, 500, 480_000)
    return parse_batch(batch.body, NOW, Settings())


def test_every_part_of_an_event(tmp_path: Path) -> None:
    header = (
        "event_id,kind,occurred_at,user_id,anonymous_id,item_id,category,value,currency,quantity,dwell_s,scroll_depth"
    )
    header += ",session_id,page_url,context.locale,decision_id,slot,consent,properties.color,size,zip,properties"
    row = "e1,purchase,2024-05-01T10:00:00+02:00,ann,d1,i1,toys,19.5,EUR,2,1e1,0.5"
    row += ',s1,https://x.example/,de-DE,dec,home,personalization|ads,red,42,01067,"{""deep"": [1]}"'
    (event,) = read(tmp_path, f"{header}\n{row}\n")
    assert event == {
        "event_id": "e1",
        "kind": "purchase",
        "occurred_at": "2024-05-01T08:00:00Z",
        "user_id": "ann",
        "anonymous_id": "d1",
        "item_ids": ["i1"],
        "category": "toys",
        "value": 19.5,
        "currency": "EUR",
        "quantity": 2.0,
        "dwell_s": 10.0,
        "scroll_depth": 0.5,
        "context": {"session_id": "s1", "page_url": "https://x.example/", "locale": "de-DE"},
        "decision_id": "dec",
        "slot": "home",
        "consent": ["personalization", "ads"],
        "properties": {"deep": [1], "color": "red", "size": 42, "zip": "01067"},
    }
    assert collect([event]).refusals == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        ("2024-05-01T10:00:00.250-05:00", "2024-05-01T15:00:00.250000Z"),
        ("2024-05-01 10:00:00", "2024-05-01T10:00:00Z"),
        ("2024-05-01 10:00:00 UTC", "2024-05-01T10:00:00Z"),
        ("1714557600", "2024-05-01T10:00:00Z"),
        ("1714557600.5", "2024-05-01T10:00:00.500000Z"),
        ("last week", "last week"),
        ("99999999999999", "99999999999999"),
    ],
)
def test_times(tmp_path: Path, written: str, meant: str) -> None:
    (event,) = read(tmp_path, f"{LEAST}\nclick,{written},ann\n")
    assert event["occurred_at"] == meant


def test_empty_cells_are_absent_and_lists_are_split(tmp_path: Path) -> None:
    (event,) = read(tmp_path, f"{LEAST},anonymous_id,item_ids,session_id,note\nclick,1700000000,,d1,a|b,,\n")
    assert set(event) == {"event_id", "kind", "occurred_at", "anonymous_id", "item_ids"}
    assert event["item_ids"] == ["a", "b"]


def test_a_byte_order_mark_blank_lines_and_gzip_do_not_matter(tmp_path: Path) -> None:
    text = f"{LEAST}\r\n\r\nclick,1700000000,ann\r\n\r\n"
    plain = read(tmp_path, text)
    assert len(plain) == 1
    assert read(tmp_path, text, "utf-8-sig") == plain
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert list(open_input(f"csv:{packed}")) == plain


def test_rows_are_put_in_order_and_equal_rows_are_one_event(tmp_path: Path) -> None:
    first, *_, third, fourth = read(tmp_path, f"{LEAST}\nclick,30,a\nclick,10,b\nclick,20,c\nclick,30,a\n")
    assert (first["user_id"], third["user_id"], fourth["user_id"]) == ("b", "a", "a")
    assert third["event_id"] == fourth["event_id"] != first["event_id"]


@pytest.mark.parametrize(
    ("header", "lack"),
    [
        ("occurred_at,user_id", "no kind"),
        ("kind,user_id", "no occurred_at"),
        ("kind,occurred_at", "no user_id or anonymous_id"),
        (f"{LEAST},kind", "kind twice"),
        ("", "among nothing"),
    ],
)
def test_a_header_that_makes_no_event_is_refused_at_once(tmp_path: Path, header: str, lack: str) -> None:
    with pytest.raises(PermanentError, match=lack):
        read(tmp_path, f"{header}\n")


def test_what_is_no_event_is_sent_and_refused_by_field(tmp_path: Path) -> None:
    rows = [
        ("2024-05-01", "walk", "ann", "1", ""),
        ("2024-05-01", "click", "null", "1", ""),
        ("2024-05-01", "click", "ann", "a lot", ""),
        ("2024-05-01", "click", "ann", "nan", ""),
        ("2024-05-01", "click", "ann", "1", "[1]"),
        ("soon", "click", "ann", "1", ""),
    ]
    lines = [",".join(row) for row in rows] + ["2024-05-01,click", "2024-05-01,click,\udcff,1,"]
    path = tmp_path / "events.csv"
    text = "\n".join(["occurred_at,kind,user_id,value,properties", *lines])
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    batch = collect([dict(event) for event in open_input(f"csv:{path}")])
    assert batch.events == ()
    named = [{problem.field for problem in refusal.problems} for refusal in batch.refusals]
    for field in ("kind", "user_id", "value", "properties", "occurred_at", "row"):
        assert any(field in fields for fields in named)
    assert len(named) == len(lines)


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, min_size=6, max_size=6).filter(any), min_size=1, max_size=20))
def test_no_row_is_lost_whatever_it_holds(rows: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows([["kind", "occurred_at", "user_id", "value", "properties", "note"], *rows])
        opened = open_input(f"csv:{path}")
        events = [dict(event) for event in opened]
    assert len(events) == opened.total == len(rows)
    batch = collect(events)
    assert len(batch.events) + len(batch.refusals) == len(rows)
