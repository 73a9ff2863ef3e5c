"""What an instance keeps: made when first needed, for most requests need but a part."""

from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from refolding.refold import Refolder
from shared import wiring
from shared.models.personas import PersonaModel
from shared.models.registry import Registry
from shared.profiles import persona
from shared.profiles.commit import Committer
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.ports import Warehouse


async def model() -> PersonaModel | None:
    """The live model of personas."""
    return await registry().get("personas", PersonaModel)


@cache
def registry() -> Registry:
    settings = wiring.settings()
    refresh = timedelta(seconds=settings.model_refresh_s)
    return Registry(wiring.documents(settings), refresh, wiring.clock, personas=PersonaModel)


@cache
def committer() -> Committer:
    settings = wiring.settings()
    terms = read_terms(settings)

    def decide(
        standing: Standing, profile: Profile, person: str, _: Literal["event", "silence"], now: datetime
    ) -> None:
        # Here only the refolded are decided anew: other events count now, so nobody was moved by silence.
        persona.settle(standing, profile, person, "event", registry().last("personas", PersonaModel), now, terms)

    topics = wiring.topics(settings)
    return Committer(wiring.documents(settings), topics, terms, settings, wiring.clock, decide)


@cache
def refolder() -> Refolder:
    settings: Settings = wiring.settings()

    def warehouse() -> Warehouse:
        return wiring.warehouse(settings)  # BigQuery's client is loaded when first asked for

    return Refolder(wiring.documents(settings), warehouse, settings, wiring.clock)
