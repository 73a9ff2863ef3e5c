"""Consent through the stores: withdrawn at once, and in every order of arrival what the order of time would give."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from shared import wiring
from shared.events.event import Event
from shared.profiles.fold import fold
from shared.profiles.profile import encode_profile, new_profile
from shared.settings import Settings
from tests.profiles_world import World

START = datetime(2026, 11, 20, tzinfo=UTC)
GRANT, REFUSE = ("personalization", "advertising"), ("none",)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(data=str(tmp_path))
    yield World(wiring.documents(settings), wiring.warehouse(settings), settings)
    await wiring.close_all()


def at(minute: int, user: str, said: tuple[str, ...] | None = None, device: str | None = None) -> Event:
    moment = START + timedelta(minutes=minute)
    fields = {"event_id": f"{user}-{minute}", "kind": "click", "occurred_at": moment, "item_ids": ["hat"]}
    return msgspec.convert({**fields, "user_id": user, "anonymous_id": device, "consent": said}, Event)


async def test_every_order_of_arrival_ends_as_the_order_of_time(here: World) -> None:
    rng = random.Random(11)
    for number in range(25):
        user = f"user-{number}"
        words = rng.choices([None, GRANT, REFUSE], weights=[5, 1, 1], k=9)
        events = [at(minute, user, said) for minute, said in enumerate(words)]
        here.log(events)
        expected = new_profile(here.settings.half_life)
        fold(expected, events, here.terms)
        for event in rng.sample(events, len(events)):
            await here.committer.add(event)
        await here.refold_what_was_asked()
        record = (await here.records())[f"u:{user}"]
        assert encode_profile(record.profile) == encode_profile(expected), words


async def test_a_withdrawal_empties_what_others_read(here: World) -> None:
    for event in (at(1, "ann", GRANT), at(2, "ann")):
        assert await here.committer.add(event) == "applied"
    before = await here.documents.get("profiles", "u:ann")
    assert await here.committer.add(at(3, "ann", REFUSE)) == "no_consent"
    after = await here.documents.get("profiles", "u:ann")
    assert before
    assert after
    assert (before.fields["events"], before.fields["consent"]) == (2, ["personalization", "advertising"])
    assert (after.fields["events"], after.fields["persona"], after.fields["consent"]) == (0, "newcomer", [])
    assert await here.committer.add(at(4, "ann")) == "no_consent"


async def test_a_refusal_before_the_login_holds_after_it(here: World) -> None:
    stranger = msgspec.structs.replace(at(1, "x", REFUSE), user_id=None, anonymous_id="phone")
    assert await here.committer.add(stranger) == "no_consent"
    assert await here.committer.add(at(2, "ann", device="phone")) == "no_consent"
    assert await here.committer.add(at(3, "ann", GRANT, "phone")) == "applied"
    assert (await here.records())["u:ann"].profile.counts == {"click": 1}
