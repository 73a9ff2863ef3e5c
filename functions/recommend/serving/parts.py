"""What an instance of recommend keeps: made when first needed, once."""

from datetime import timedelta
from pathlib import Path
from time import monotonic

import msgspec

from shared import wiring
from shared.decisions import DecisionLog
from shared.models.blend import BlendModel
from shared.models.catalogue import Catalogue
from shared.models.exploration import ExplorationModel
from shared.models.fallback import read_fallback
from shared.models.paths import PathsModel
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.propensity import PropensityModel
from shared.models.registry import Registry
from shared.profiles.fold import read_terms
from shared.quota import Quota
from shared.ranking.recommend import Recommender
from shared.rules.rule import RuleSet
from shared.settings import Settings

KINDS: dict[str, type[msgspec.Struct]] = {
    "personas": PersonaModel,
    "popularity": PopularityModel,
    "blend": BlendModel,
    "conversion": PropensityModel,
    "churn": PropensityModel,
    "paths": PathsModel,
    "exploration": ExplorationModel,
    "rules": RuleSet,
}

FOLDER = Path(__file__).parents[1]


class Parts:
    """Stores, models, items, quotas and the decision log of this instance."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.documents = wiring.documents(settings)
        refresh = timedelta(seconds=settings.model_refresh_s)
        self.registry = Registry(self.documents, refresh, wiring.clock, **KINDS)
        item_refresh = timedelta(seconds=settings.item_refresh_s)
        catalogue = Catalogue(self.documents, settings.item_cache, item_refresh, wiring.clock)
        self.recommender = Recommender(
            self.documents,
            self.registry,
            catalogue,
            read_terms(settings),
            settings,
            wiring.clock,
            fallback=read_fallback(FOLDER),
        )
        self.decisions = DecisionLog(lambda: wiring.topics(settings))
        self.quota = Quota(settings.token_quota, monotonic)
