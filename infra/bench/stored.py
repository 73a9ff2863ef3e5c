"""The people and the models in Firestore as Attune keeps them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from infra.bench.catalogue import Catalogue
from infra.bench.people import People
from shared import wiring
from shared.events.event import person_of
from shared.models import artifact, items
from shared.models.personas import persona_of
from shared.models.relations import Relations, pack_relations
from shared.profiles.commit import Committer
from shared.profiles.face import features
from shared.profiles.fold import Terms
from shared.profiles.profile import Profile, decode_profile
from shared.profiles.record import COLLECTION, STATE, pack
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.ports import Documents, Fields

ITEMS_PER_WRITE = 250
WRITES_AT_ONCE = 4


async def publish(documents: Documents, catalogue: Catalogue) -> None:
    """Models and items, the pointer last, as retrain does."""
    known = sorted(catalogue.neighbours)
    writes = [known[start : start + ITEMS_PER_WRITE] for start in range(0, len(known), ITEMS_PER_WRITE)]
    for start in range(0, len(writes), WRITES_AT_ONCE):
        await asyncio.gather(
            *(_publish_items(documents, catalogue, some) for some in writes[start : start + WRITES_AT_ONCE])
        )
    version = catalogue.popularity.version
    models = {"popularity": catalogue.popularity, "personas": catalogue.personas}
    for name, model in models.items():
        key, fields = artifact.pack_model(name, version, model)
        await documents.merge(artifact.COLLECTION, {key: fields})
    await documents.merge(artifact.COLLECTION, {artifact.POINTER: dict.fromkeys([*models, "neighbours"], version)})


async def _publish_items(documents: Documents, catalogue: Catalogue, some: Sequence[str]) -> None:
    await documents.merge(
        items.COLLECTION,
        {
            item: {
                "item_id": item,
                "category": catalogue.categories[item],
                **pack_relations(Relations(catalogue.neighbours[item])),
            }
            for item in some
        },
    )


async def write_profiles(documents: Documents, people: People, catalogue: Catalogue, settings: Settings) -> None:
    """The profiles, through the code that update_profile runs."""

    def decide(standing: Standing, profile: Profile, _person: str, _why: str, now: datetime) -> None:
        """Nothing is announced: nobody is to hear of these people's past."""
        standing.persona = persona_of(catalogue.personas, features(profile, now, people.terms.session_cap_ms))

    committer = Committer(documents, wiring.topics(settings), people.terms, settings, wiring.clock, decide)
    for events in people.events.values():
        await asyncio.gather(*(committer.add(event) for event in events))


async def write_faces(documents: Documents, profiles: Mapping[str, Profile], terms: Terms) -> None:
    """Profiles of users as they are: quicker, for who does not care how they came about."""
    now = wiring.clock()
    written = {
        person: pack(person, profile, Standing(), now, terms.session_cap_ms) for person, profile in profiles.items()
    }
    await documents.merge(COLLECTION, written)


async def read_profiles(documents: Documents, people: People) -> Mapping[str, Fields]:
    """Their documents by key, to put them back later."""
    keys = [person_of(events[0]) for events in people.events.values()]
    found = await documents.get_many(COLLECTION, keys)
    return {key: document.fields for key, document in found.items()}


async def count_events(documents: Documents) -> int:
    """Events in all profiles."""
    total = 0
    async for _, document in documents.scan(COLLECTION):
        state = document.fields.get(STATE)
        total += sum(decode_profile(state).counts.values()) if isinstance(state, bytes) else 0
    return total
