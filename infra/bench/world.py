"""One world for everybody who is compared: the same people, items and models, for each in the form that it reads."""

import asyncio
from functools import cache
from typing import NamedTuple

from google.cloud import firestore

from infra.bench import readable, stored
from infra.bench.catalogue import NEIGHBOURS, Catalogue, make_catalogue
from infra.bench.peers.places import PACKED, PEOPLE
from infra.bench.people import People, make_people
from infra.bench.session import Session
from shared import wiring
from shared.settings import Settings


class World(NamedTuple):
    """A project on the emulators, and what is in it."""

    settings: Settings
    people: People
    catalogue: Catalogue

    @property
    def client(self) -> firestore.Client:
        """A plain client for the documents of the peers."""
        return firestore.Client(self.settings.project)

    @property
    def size(self) -> str:
        """In words."""
        states = sorted(len(document["state"]) for document in readable.packed_people(self.people).values())
        return (
            f"{len(self.people.events)} people with profiles of {states[0]:,} to {states[-1]:,} bytes, "
            f"{len(self.catalogue.neighbours):,} items with {NEIGHBOURS} neighbours each."
        )


@cache
def make_world(session: Session) -> World:
    """The run's world; whoever changes it puts it back."""
    settings = session.settings("bench")
    session.steps.begin("people, items and models")
    people = make_people()
    world = World(settings, people, make_catalogue(people))
    asyncio.run(_write_ours(world))
    readable.write_models(world.client, world.catalogue)
    write_peers(world)
    return world


def write_peers(world: World) -> None:
    """The people as the peers keep them, as new."""
    readable.write(world.client, PACKED, readable.packed_people(world.people))
    readable.write(world.client, PEOPLE, readable.readable_people(world.people))


async def _write_ours(world: World) -> None:
    documents = wiring.documents(world.settings)
    await stored.publish(documents, world.catalogue)
    await stored.write_profiles(documents, world.people, world.catalogue)
    await documents.close()
