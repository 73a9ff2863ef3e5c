"""Propensities over HTTP: trained from the log, published, and read as the hot path reads them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from infra.local.bridge import to_row
from infra.local.layout import ROOT
from shared import wiring
from shared.events.event import Event, encode_event, person_of
from shared.models.artifact import model_key, unpack_model
from shared.models.propensity import PropensityModel, evaluate
from shared.models.propensity_features import propensity_features, tell
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import Profile, new_profile
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.functions.conftest import Serve
from tests.regulars import START, regulars
from training.propensity import fit as fits
from training.propensity.rows import Seen, read_rows

DAYS = 100
CUTOFF = START + timedelta(days=DAYS)
PROPENSITIES = ["conversion", "churn"]
SETTINGS = Settings()
TERMS = read_terms(SETTINGS)


@pytest.fixture
def warehouse(serve: Serve) -> EmbeddedWarehouse:
    """The warehouse that the functions use, with empty tables."""
    found = wiring.warehouse(wiring.settings())
    assert isinstance(found, EmbeddedWarehouse)
    found.run((ROOT / "infra/sql/tables.sql").read_text())
    return found


def append(warehouse: EmbeddedWarehouse, events: Iterable[Event]) -> None:
    warehouse.append("events", [to_row(encode_event(event)) for event in events])


async def train(serve: Serve, cutoff: datetime = CUTOFF) -> dict[str, Any]:
    async with serve("retrain") as client:
        answer = await client.post("/v1/retrain", json={"models": PROPENSITIES, "cutoff": cutoff.isoformat()})
    assert answer.status_code == 200, answer.text
    models: dict[str, Any] = answer.json()["models"]
    return models


async def live(documents: EmbeddedDocuments, name: str) -> PropensityModel | None:
    pointer = await documents.get("models", "current")
    if not pointer or not (version := pointer.fields.get(name)):
        return None
    document = await documents.get("models", model_key(name, str(version)))
    assert document
    return unpack_model(document.fields, PropensityModel)


def profiles_of(events: Iterable[Event]) -> dict[str, Profile]:
    profiles: dict[str, Profile] = {}
    for event in events:
        fold(profiles.setdefault(person_of(event), new_profile(SETTINGS.half_life)), [event], TERMS)
    return profiles


async def test_propensities_tell_who_will_act(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    """Learned from some people up to the cutoff, asked of others then, and compared with what these did next."""
    append(warehouse, regulars(800, DAYS))
    told = await train(serve)
    assert {name: each["status"] for name, each in told.items()} == dict.fromkeys(PROPENSITIES, "published")
    others = list(regulars(1_500, DAYS + 30, seed=2))
    profiles = profiles_of(event for event in others if event.occurred_at <= CUTOFF)
    known = {
        p: profile
        for p, profile in profiles.items()
        if profile.last_ms > (CUTOFF - timedelta(days=30)).timestamp() * 1e3
    }
    bought, came = (
        {
            person_of(event)
            for event in others
            if CUTOFF < event.occurred_at <= CUTOFF + timedelta(days=days) and (event.kind == "purchase" or not buys)
        }
        for days, buys in ((7, True), (30, False))
    )
    for name, acted in (("conversion", bought), ("churn", known.keys() - came)):
        model = await live(documents, name)
        assert model
        features = {p: propensity_features(profile, CUTOFF, TERMS.session_cap_ms) for p, profile in known.items()}
        said = {person: evaluate(model, features[person]) for person in known}
        ranked = sorted(said, key=lambda person: said[person].probability)
        third = len(ranked) // 3
        rates = [len(acted & set(part)) / third for part in (ranked[:third], ranked[-third:])]
        assert rates[1] > 2 * rates[0], name
        expected = sum(each.probability for each in said.values())
        assert expected == pytest.approx(len(acted & known.keys()), rel=0.3), name
        assert all(len(each.drivers) == 3 and 0 <= each.percentile <= 99 for each in said.values())
        assert all(map(tell, said[ranked[0]].drivers))


async def test_what_is_told_of_a_propensity(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    append(warehouse, regulars(400, DAYS))
    told = await train(serve)
    assert told["conversion"]["goal"] == "a purchase within 7 days"
    assert told["churn"]["goal"] == "no act within 30 days"
    for each in told.values():
        assert each["published"] in ("logistic", "tree")
        assert each["judged_on"].startswith("the newest snapshot")
        assert each["figures"].keys() == {"logistic", "tree", "boosted", "base"}
        area = each["figures"][each["published"]]["roc_auc"]
        assert 0.5 < area["low"] < area["value"] < area["high"] < 1
        assert 0 < each["share"] < 1
        assert each["people"] <= 400 < each["rows"]
    again = await train(serve)
    assert [each["version"] for each in again.values()] == [each["version"] for each in told.values()]


async def test_too_little_leaves_the_live_model(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    await documents.merge("models", {"current": {"churn": "old"}})
    append(warehouse, regulars(20, DAYS))
    told = await train(serve)
    assert {each["status"] for each in told.values()} == {"refused"}
    assert "25 people who did" in told["churn"]["reason"]
    pointer = await documents.get("models", "current")
    assert pointer
    assert pointer.fields == {"churn": "old"}


async def test_one_class_leaves_the_live_model(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    """Everybody comes back each week, so nobody churns; and nobody ever buys or means to."""
    await documents.merge("models", {"current": {"churn": "old", "conversion": "older"}})
    append(
        warehouse,
        (
            Event(
                event_id=f"{n}-{week}", kind="item_view", occurred_at=START + timedelta(days=7 * week), user_id=f"u{n}"
            )
            for n in range(60)
            for week in range(DAYS // 7 + 1)
        ),
    )
    told = await train(serve)
    assert told["churn"]["reason"].endswith("there are 0 and 60")
    assert told["conversion"]["reason"].endswith("there are 0 and 60")
    pointer = await documents.get("models", "current")
    assert pointer
    assert pointer.fields == {"churn": "old", "conversion": "older"}


async def test_features_that_are_no_numbers_leave_the_live_model(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await documents.merge("models", {"current": {"churn": "old"}})
    append(warehouse, regulars(100, DAYS))
    read = read_rows

    def spoilt(*arguments: Any) -> Seen:
        seen = read(*arguments)
        seen.rows.features[7, 0] = np.nan
        return seen

    monkeypatch.setattr(fits, "read_rows", spoilt)
    told = await train(serve)
    assert told["churn"]["reason"].startswith("not a number: ")
    pointer = await documents.get("models", "current")
    assert pointer
    assert pointer.fields == {"churn": "old"}


async def test_the_next_one_is_held_to_the_live_one(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    """A day later the live one has learned from most of what the new one is judged on; a month later it has not."""
    append(warehouse, regulars(400, DAYS + 30))
    await train(serve)
    for days, asked in ((1, False), (30, True)):
        told = (await train(serve, CUTOFF + timedelta(days=days)))["conversion"]
        assert (fits.BESIDE in told) != asked
        assert ("live" in told["figures"]) == asked
        assert told["status"] in ("published", "rejected")


async def test_nothing_long_enough_ago_is_refused(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    append(
        warehouse,
        [
            Event(event_id=f"e{n}", kind="item_view", occurred_at=CUTOFF - timedelta(hours=n), user_id=f"u{n}")
            for n in range(50)
        ],
    )
    told = await train(serve)
    assert all(each["reason"].startswith("nobody had acted long enough") for each in told.values())
