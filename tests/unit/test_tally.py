"""Counts of many short-lived instances add up, and hold no ids."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RetryableError
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.tally import COLLECTION, MOST_NAMES, Tally, bare, read_days

DAY = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clock:
    now = DAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def documents(tmp_path: Path) -> EmbeddedDocuments:
    return EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=1))


async def totals(documents: EmbeddedDocuments, now: datetime = DAY) -> dict[str, dict[str, dict[str, int]]]:
    days, _ = await read_days(documents.scan(COLLECTION), now)
    return {day: {group: dict(names) for group, names in found.items() if names} for day, found in days.items()}


async def test_instances_add_up(documents: EmbeddedDocuments) -> None:
    first, second = Tally(Clock()), Tally(Clock())
    first.count("accepted", "segment", 3)
    second.count("accepted", "segment")
    second.count("refused", "kind")
    await first.flush(documents)
    await second.flush(documents)
    await second.flush(documents)
    first.count("accepted", "ga4")
    await first.flush(documents)
    assert await totals(documents) == {"2026-06-01": {"accepted": {"segment": 4, "ga4": 1}, "refused": {"kind": 1}}}


async def test_only_changes_are_written(documents: EmbeddedDocuments) -> None:
    one = Tally(Clock())
    await one.flush(documents)
    one.count("accepted", "api")
    await one.flush(documents)
    await one.flush(documents)
    assert documents.counts["writes"] == 1


async def test_days_are_apart_and_the_eighth_is_gone(documents: EmbeddedDocuments) -> None:
    clock = Clock()
    one = Tally(clock)
    for _ in range(9):
        one.count("accepted", "api")
        await one.flush(documents)
        clock.now += timedelta(days=1)
    days, stale = await read_days(documents.scan(COLLECTION), clock.now)
    assert list(days) == [f"2026-06-0{day}" for day in (9, 8, 7, 6, 5, 4, 3)]
    assert all(found["accepted"] == Counter(api=1) for found in days.values())
    assert len(stale) == 2


async def test_what_could_not_be_written_is_written_later(
    documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RetryableError("away")

    one = Tally(Clock())
    one.count("accepted", "api")
    with monkeypatch.context() as patch:
        patch.setattr(documents, "merge", away)
        with pytest.raises(RetryableError):
            await one.flush(documents)
    await one.flush(documents)
    assert await totals(documents) == {"2026-06-01": {"accepted": {"api": 1}}}


async def test_a_period_has_one_write_and_opens_the_store_only_then(documents: EmbeddedDocuments) -> None:
    opened: list[int] = []
    one = Tally(Clock(), period=timedelta(0))

    def store() -> EmbeddedDocuments:
        opened.append(1)
        return documents

    one.flush_later(store)
    for _ in range(20):
        one.count("accepted", "api")
        one.flush_later(store)
    assert opened == []
    while not documents.counts["writes"]:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert (opened, documents.counts["writes"]) == ([1], 1)
    assert await totals(documents) == {"2026-06-01": {"accepted": {"api": 20}}}


async def test_a_flood_of_names_is_bounded(documents: EmbeddedDocuments) -> None:
    for tally in (Tally(Clock()), Tally(Clock())):
        for number in range(2 * MOST_NAMES):
            tally.count("unmapped", f"{tally.instance[:2]}{chr(0x4E00 + number)}")
        await tally.flush(documents)
    [day] = (await totals(documents)).values()
    assert len(day["unmapped"]) <= MOST_NAMES + 1
    assert sum(day["unmapped"].values()) == 4 * MOST_NAMES


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Product Added", "Product Added"),
        ("checkout_step_2", "checkout_step_2"),
        ("mail to ann@example.com", "mail to #"),
        ("user 1234567 bought", "user # bought"),
        ("order 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "order #"),
        ("a\nb\x1b[31m", "a b [31m"),
        ("", "-"),
        ("x" * 1_000, "x" * 64),
    ],
)
def test_names_keep_no_ids(name: str, kept: str) -> None:
    assert bare(name) == kept


def test_the_answer_is_made_of_plain_values() -> None:
    from shared.tally import add

    counter: Counter[str] = Counter()
    for odd in (None, {"a": 1.0}, {"a": 2}, 3):
        value: Any = odd
        add(counter, value)
    assert counter == {"a": 3}
