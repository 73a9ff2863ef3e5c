"""The live models as of one moment: while an answer waits for a store, newer ones may come."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.models.arrivals import Came
from shared.models.blend import DEFAULT, BlendModel
from shared.models.exploration import ExplorationModel
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.propensity import PropensityModel
from shared.models.registry import Registry
from shared.models.relations import Slot
from shared.rules.rule import RuleSet

PROPENSITIES = ("conversion", "churn")


class Live(NamedTuple):
    """All that training and marketers have published for recommendations.

    Attributes:
        popularity, personas, rules: None while there is none.
        propensities: those that are live, by name.
        exploration, arrivals: what is tried though little is known of it; none before it is known what people met.
        slot: where in the item documents the live relations are.
    """

    popularity: PopularityModel | None
    blend: BlendModel
    personas: PersonaModel | None
    propensities: Mapping[str, PropensityModel]
    rules: RuleSet | None
    exploration: ExplorationModel | None
    arrivals: Came
    versions: dict[str, str]
    slot: Slot


def read_live(registry: Registry) -> Live:
    """What the registry holds now."""
    propensities = {name: registry.last(name, PropensityModel) for name in PROPENSITIES}
    return Live(
        registry.last("popularity", PopularityModel),
        registry.last("blend", BlendModel) or DEFAULT,
        registry.last("personas", PersonaModel),
        {name: model for name, model in propensities.items() if model is not None},
        registry.last("rules", RuleSet),
        registry.last("exploration", ExplorationModel),
        registry.arrivals,
        dict(registry.versions),
        registry.slot,
    )
