"""Nightly candidates by POST /v1/retrain: written once, renewed when they change, none of whom nothing counts."""

import pytest

from infra.local.layout import ROOT
from shared import wiring
from shared.models.candidates import COLLECTION, unpack_candidates
from shared.profiles.profile import encode_profile, new_profile
from shared.profiles.quarantined import enlist
from shared.profiles.record import COLLECTION as PROFILES
from shared.profiles.record import STANDING, STATE
from shared.profiles.standing import Quarantine, Standing, encode_standing
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.functions.conftest import Serve
from tests.functions.test_retrain import CUTOFF, START, URL, fill

ORDER = {"models": ["neighbours", "popularity"], "cutoff": CUTOFF}


@pytest.fixture
async def shop(serve: Serve, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch) -> EmbeddedWarehouse:
    """Ninety people with their profiles; one of them was erased since."""
    monkeypatch.setenv("ATTUNE_CHALLENGERS", "EASE^R,ALS")
    wiring.settings.cache_clear()
    warehouse = wiring.warehouse(wiring.settings())
    assert isinstance(warehouse, EmbeddedWarehouse)
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
    fill(warehouse)
    state = encode_profile(new_profile(wiring.settings().half_life))
    people = [f"u:u{number}" for number in range(90) if number != 7]
    await documents.merge(PROFILES, {person: {STATE: state} for person in people})
    return warehouse


async def retrain(serve: Serve) -> int:
    async with serve("retrain") as client:
        answer = await client.post(URL, json=ORDER)
    assert answer.status_code == 200, answer.text
    written: int = answer.json()["models"]["neighbours"]["candidates_written"]
    return written


async def test_candidates_are_made_by_night(
    serve: Serve, documents: EmbeddedDocuments, shop: EmbeddedWarehouse
) -> None:
    written = await retrain(serve)
    held = {person: document.fields async for person, document in documents.scan(COLLECTION)}
    pointer = await documents.get("models", "current")
    assert pointer
    assert written == len(held) > 50
    assert held.keys() <= {f"u:u{number}" for number in range(90)} - {"u:u7"}
    assert {fields["version"] for fields in held.values()} == {pointer.fields["neighbours"]}
    assert all(ranking[0][1] == 1.0 for fields in held.values() if (ranking := unpack_candidates(fields)))
    assert await retrain(serve) == 0

    bot = min(held)
    await enlist(documents, bot, START)
    await documents.merge(
        PROFILES, {bot: {STANDING: encode_standing(Standing(quarantine=Quarantine(0, 3, [], "score")))}}
    )
    assert await retrain(serve) >= 1
    assert bot not in {person async for person, _ in documents.scan(COLLECTION)}
