"""What goes with a write: announcements told once, quarantine, erasure, the journal of a refold. On both backends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from shared.errors import RetryableError
from shared.events.event import Event, decode_event
from shared.profiles import journal, quarantined, tombstones
from shared.profiles.commit import Committer
from shared.profiles.profile import Profile, decode_profile, to_ms
from shared.profiles.record import COLLECTION
from shared.profiles.standing import Note, Quarantine, Standing
from shared.stores.ports import ABSENT, Message
from tests.e2e.committing import BACKENDS, START, KeptTopics, World, world

GREETINGS = "persona-changes"
REASON = Quarantine(0, 4.0, ["rate"], "score")


@pytest.fixture(params=BACKENDS)
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "gcp":
        request.getfixturevalue("on_emulators")
    async with world(request.param, tmp_path) as made:
        yield made


def make(number: int, user: str | None = "ann", device: str | None = None) -> Event:
    at = START + timedelta(minutes=number)
    return Event(event_id=f"e{number}", kind="click", occurred_at=at, user_id=user, anonymous_id=device)


def greet(standing: Standing, _: Profile, person: str, why: str, now: datetime) -> None:
    """Announces every decision."""
    standing.persona_changes += 1
    note_id = f"{person}/{standing.persona_changes}"
    standing.outbox.append(Note(note_id, GREETINGS, note_id.encode(), {"why": why}, to_ms(now), ""))


def greeter(here: World, topics: KeptTopics | None = None) -> Committer:
    return Committer(here.documents, topics or here.topics, here.terms, here.settings, here.clock, greet)


class DyingTopics(KeptTopics):
    """The process dies right after it has published, or right before: its caller never hears of it."""

    before = False

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if not self.before:
            await super().publish(topic, messages)
        raise RetryableError("killed")


def told(*topics: KeptTopics) -> list[str]:
    return [message.data.decode() for each in topics for _, message in each.taken]


async def test_each_change_is_announced_once(here: World) -> None:
    instance = greeter(here)
    for number in range(5):
        assert await instance.add(make(number)) == "applied"
        assert await instance.add(make(number)) == "duplicate"
    assert told(here.topics) == [f"u:ann/{number}" for number in range(1, 6)]
    assert {message.key for _, message in here.topics.taken} == {"u:ann"}
    assert (await here.standing("u:ann")).outbox == []


async def test_announcements_of_many_at_once_are_told_once(here: World) -> None:
    """Several instances, one person: each write's own note, whoever clears it."""
    instances = [greeter(here) for _ in range(3)]

    async def until_done(number: int) -> None:
        while True:
            try:
                await instances[number % 3].add(make(number))
                return
            except RetryableError:
                await asyncio.sleep(0.01)

    await asyncio.gather(*(until_done(number) for number in range(30)))
    standing = await here.standing("u:ann")
    assert sorted(told(here.topics)) == sorted(f"u:ann/{number + 1}" for number in range(standing.persona_changes))
    assert standing.outbox == []


@pytest.mark.parametrize("before", [True, False])
async def test_what_a_dead_instance_left_is_told_after_half_a_minute(here: World, tmp_path: Path, before: bool) -> None:
    """Killed between the write and the clearing. Until another can be sure of it, a redelivery has to wait."""
    dying = DyingTopics(tmp_path / "dying.sqlite")
    dying.before = before
    with pytest.raises(RetryableError, match="killed"):
        await greeter(here, dying).add(make(1))
    [note] = (await here.standing("u:ann")).outbox
    other = here.instance()
    here.clock.now += timedelta(seconds=20)
    with pytest.raises(RetryableError, match="another instance"):
        await other.add(make(1))
    assert await other.add(make(2)) == "applied", "new events need not wait"
    here.clock.now += timedelta(seconds=11)
    assert await other.add(make(1)) == "duplicate"
    assert told(here.topics) == [note.id]
    assert told(dying) == ([] if before else [note.id])
    assert (await here.standing("u:ann")).outbox == []
    assert await here.instance().add(make(1)) == "duplicate"
    assert told(here.topics) == [note.id]
    await dying.close()


async def test_an_instance_that_could_not_publish_does_so_when_asked_again(here: World, tmp_path: Path) -> None:
    class Away(KeptTopics):
        away = True

        async def publish(self, topic: str, messages: Sequence[Message]) -> None:
            if self.away:
                raise RetryableError("away")
            await super().publish(topic, messages)

    topics = Away(tmp_path / "away.sqlite")
    instance = greeter(here, topics)
    with pytest.raises(RetryableError, match="away"):
        await instance.add(make(1))
    topics.away = False
    assert await instance.add(make(1)) == "duplicate"
    assert told(topics) == ["u:ann/1"]
    assert (await here.standing("u:ann")).outbox == []
    await topics.close()


async def test_sweep_decides_without_an_event(here: World) -> None:
    def age(standing: Standing, profile: Profile, person: str, why: str, now: datetime) -> None:
        if why == "silence" and standing.persona != "gone":
            standing.persona = "gone"
            greet(standing, profile, person, why, now)

    instance = Committer(here.documents, here.topics, here.terms, here.settings, here.clock, age)
    assert not await instance.settle("u:nobody")
    assert (await here.record("u:nobody")).version == ABSENT
    await instance.add(make(1))
    assert [await instance.settle("u:ann") for _ in range(2)] == [True, False]
    assert [message.attributes for _, message in here.topics.taken] == [{"why": "silence"}]
    document = await here.documents.get(COLLECTION, "u:ann")
    assert document is not None
    assert document.fields["persona"] == "gone"


async def test_who_is_judged_a_bot_counts_nowhere(here: World) -> None:
    def strict(profile: Profile, _: datetime) -> Quarantine | None:
        return REASON if sum(profile.counts.values()) >= 3 else None

    instance = Committer(here.documents, here.topics, here.terms, here.settings, here.clock, greet, strict)
    outcomes = [await instance.add(make(number)) for number in range(5)]
    assert outcomes == ["applied", "applied", "quarantined", "quarantined", "quarantined"]
    document = await here.documents.get(COLLECTION, "u:ann")
    assert document is not None
    assert (document.fields["quarantined"], document.fields["events"]) == (True, 0)
    assert set(await quarantined.quarantined(here.documents, here.settings)) == {"u:ann"}
    assert len(told(here.topics)) == 2, "of whoever counts nowhere nothing is told"
    assert not await instance.settle("u:ann")


async def test_whom_an_operator_trusts_is_not_judged(here: World) -> None:
    instance = Committer(here.documents, here.topics, here.terms, here.settings, here.clock, judge=lambda *_: REASON)
    await here.instance().add(make(1))
    record = await here.record("u:ann")
    record.standing.trusted = True
    await here.put("u:ann", record)
    assert await instance.add(make(2)) == "applied"


async def test_a_quarantined_device_gives_its_user_nothing(here: World) -> None:
    instance = here.instance()
    await instance.add(make(1, None, "X"))
    record = await here.record("a:X")
    record.standing.quarantine = REASON
    await here.put("a:X", record)
    assert await instance.add(make(2, None, "X")) == "quarantined"
    await instance.add(make(3, "ann", "X"))
    assert await instance.add(make(4, None, "X")) == "quarantined"


async def test_erased_people_do_not_come_back(here: World) -> None:
    """Late events of theirs count nowhere; what they do afterwards does."""
    instance = here.instance()
    await instance.add(make(1))
    await tombstones.bury(here.documents, "u:ann", make(10).occurred_at)
    await here.documents.delete(COLLECTION, ["u:ann"])
    for _ in range(2):
        assert [await instance.add(make(number)) for number in (1, 2, 10)] == ["erased"] * 3
    assert (await here.record("u:ann")).version == ABSENT
    assert [await instance.add(make(number)) for number in (11, 3)] == ["applied", "erased"]
    profile = (await here.record("u:ann")).profile
    assert profile.counts == {"click": 1}


async def test_an_erased_device_counts_for_nobody_until_then(here: World) -> None:
    instance = here.instance()
    await tombstones.bury(here.documents, "a:X", make(10).occurred_at)
    outcomes = [await instance.add(make(number, user, "X")) for number, user in ((1, None), (2, "ann"), (11, "ann"))]
    assert outcomes == ["erased", "erased", "applied"]
    device = await here.standing("a:X")
    assert (device.claims, device.erased_ms) == ({"ann": to_ms(make(11).occurred_at)}, to_ms(make(10).occurred_at))
    assert await instance.add(make(5, None, "X")) == "erased"
    assert await instance.add(make(12, None, "X")) == "applied"
    assert (await here.record("u:ann")).profile.counts == {"click": 2}


async def test_an_event_that_is_folded_while_its_person_is_erased(here: World) -> None:
    """The write finds its document gone, reads again, and finds the tombstone."""
    instance = here.instance()
    await instance.add(make(1))
    await tombstones.bury(here.documents, "u:ann", make(50).occurred_at)
    outcomes, _ = await asyncio.gather(
        asyncio.gather(*(here.instance().add(make(number)) for number in range(2, 12))),
        here.documents.delete(COLLECTION, ["u:ann"]),
    )
    assert set(outcomes) <= {"applied", "erased"}
    assert [await instance.add(make(number)) for number in range(12, 14)] == ["erased"] * 2
    assert (await here.record("u:ann")).version == ABSENT


async def test_a_journal_holds_what_is_folded_during_a_refold(here: World) -> None:
    instance = here.instance()
    await instance.add(make(1))
    record = await here.record("u:ann")
    record.standing.journal = "j1"
    await here.put("u:ann", record)
    outcomes = await asyncio.gather(*(instance.add(make(number)) for number in (1, 2, 3)))
    assert outcomes == ["duplicate", "applied", "applied"]
    await instance.add(make(4))
    kept = await here.documents.get(journal.COLLECTION, "u:ann")
    assert [decode_event(raw).event_id for raw in journal.read_events(kept, "j1")] == ["e2", "e3", "e4"]
    assert journal.read_events(kept, "j2") == []
    document = await here.documents.get(COLLECTION, "u:ann")
    assert document is not None
    assert decode_profile(bytes(document.fields["state"])).counts == {"click": 4}  # type: ignore[arg-type]


async def test_a_new_refold_begins_a_new_journal(here: World) -> None:
    instance = here.instance()
    await instance.add(make(1))
    for number, name in ((2, "j1"), (3, "j2")):
        record = await here.record("u:ann")
        record.standing.journal = name
        await here.put("u:ann", record)
        await instance.add(make(number))
    kept = await here.documents.get(journal.COLLECTION, "u:ann")
    assert [decode_event(raw).event_id for raw in journal.read_events(kept, "j2")] == ["e3"]


async def test_a_full_journal_asks_for_redelivery(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_BYTES", 100)
    instance = here.instance()
    await instance.add(make(1))
    record = await here.record("u:ann")
    record.standing.journal = "j1"
    await here.put("u:ann", record)
    with pytest.raises(RetryableError, match="journal"):
        await instance.add(msgspec.structs.replace(make(2), category="c" * 90))
    assert (await here.record("u:ann")).profile.counts == {"click": 1}
