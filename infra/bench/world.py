"""One world for everybody who is compared: the same people, items and models, for each in the form that it reads."""

import asyncio
from dataclasses import replace
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
            f"{len(self.catalogue.categories):,} items with {NEIGHBOURS} neighbours each."
        )


def make_world(session: Session, project: str, with_items: bool = True) -> World:
    """Everything in a project of its own: nothing of another round, no lock that a killed server still holds."""
    settings = session.settings(project)
    session.steps.begin(f"{project}: people, items and models")
    people = make_people()
    catalogue = make_catalogue()
    world = World(settings, people, catalogue if with_items else replace(catalogue, neighbours={}))
    asyncio.run(write_ours(world))
    readable.write_models(world.client, world.catalogue)
    readable.write(world.client, PACKED, readable.packed_people(people))
    readable.write(world.client, PEOPLE, readable.readable_people(people))
    return world


async def write_ours(world: World) -> None:
    """What recommend and update_profile read."""
    documents = wiring.documents(world.settings)
    await stored.publish(documents, world.catalogue)
    await stored.write_profiles(documents, world.people, world.catalogue, world.settings)
    await documents.close()
