"""What an instance keeps."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Literal

from refolding.refold import Refolder
from shared import wiring
from shared.models.personas import PersonaModel
from shared.models.propensity import PROPENSITIES, PropensityModel
from shared.models.registry import Registry
from shared.profiles import persona
from shared.profiles.commit import Committer
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile
from shared.profiles.standing import Standing
from shared.quota import Quota
from shared.settings import Settings
from shared.stores.ports import Warehouse


class Parts:
    """The stores and those who work on them. The warehouse's client is loaded when first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.terms = read_terms(settings)
        self.documents = wiring.documents(settings)
        self.topics = wiring.topics(settings)
        refresh = timedelta(seconds=settings.model_refresh_s)
        propensities = dict.fromkeys(PROPENSITIES, PropensityModel)
        self._registry = Registry(self.documents, refresh, wiring.clock, personas=PersonaModel, **propensities)
        self.committer = Committer(self.documents, self.topics, self.terms, settings, wiring.clock, self._decide)
        self.refolder = Refolder(self.documents, self.warehouse, settings, wiring.clock)
        self.quota = Quota(settings.token_quota, monotonic)

    def warehouse(self) -> Warehouse:
        return wiring.warehouse(self.settings)

    async def model(self) -> PersonaModel | None:
        """The live model of personas; the committer decides by the last one read."""
        return await self._registry.get("personas", PersonaModel)

    async def propensities(self) -> dict[str, PropensityModel | None]:
        """The live model of each propensity, if there is one."""
        return {name: await self._registry.get(name, PropensityModel) for name in PROPENSITIES}

    def _decide(
        self, standing: Standing, profile: Profile, person: str, _: Literal["event", "silence"], now: datetime
    ) -> None:
        # Here only the refolded are decided anew: other events count now, so nobody was moved by silence.
        model = self._registry.last("personas", PersonaModel)
        persona.settle(standing, profile, person, "event", model, now, self.terms)
