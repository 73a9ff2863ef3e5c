"""Personas: clusters that do not depend on chance, and names that fit them."""

from typing import get_args

import numpy as np
import pytest

from shared.models.personas import persona_of
from shared.profiles.face import features
from shared.profiles.profile import EPOCH, new_profile
from shared.settings import Settings
from training import personas
from training.naming import RULES, name_clusters

FEATURES = list(personas.LOGGED)
RESTING = dict.fromkeys(FEATURES, 0.0)


def crowd(people: int, seed: int = 1) -> personas.Points:
    """Three kinds of people, as features before standardising."""
    draw = np.random.default_rng(seed)
    kinds = np.array(
        [[2.0, 0.7, 0.7, 0.0, 0.1, 0.7, 0.5], [6.0, 2.5, 3.0, 0.1, 0.3, 1.6, 1.0], [5.0, 2.0, 2.0, 2.0, 0.9, 1.1, 0.5]]
    )
    return np.asarray(kinds[draw.integers(0, 3, people)] + draw.normal(0, 0.1, (people, len(FEATURES))))


def test_features_are_those_of_the_face() -> None:
    settings = Settings()
    assert list(features(new_profile(settings.half_life), EPOCH, 1)) == FEATURES


@pytest.mark.filterwarnings("error")
def test_clusters_depend_on_nothing_but_the_people() -> None:
    model = personas.cluster(crowd(600), 3).model
    assert personas.cluster(crowd(600), 3).model == model
    assert sum(model.sizes) == 600
    assert min(model.sizes) > 100
    assert len(set(model.names)) == 3
    assert "high_intent_buyer" in model.names


def test_the_hot_path_finds_the_same_persona() -> None:
    points = crowd(300)
    model = personas.cluster(points, 3).model
    raw = np.where(list(personas.LOGGED.values()), np.expm1(points), points)
    found = [persona_of(model, dict(zip(FEATURES, row, strict=True))) for row in raw.tolist()]
    assert [found.count(name) for name in model.names] == model.sizes


def test_many_people_are_clustered_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = personas.cluster(crowd(5_000), 3).model
    monkeypatch.setattr(personas, "SAMPLE", 500)
    sampled = personas.cluster(crowd(5_000), 3).model
    assert sampled.names == whole.names
    assert sum(sampled.sizes) == 5_000
    assert np.allclose(sampled.centroids, whole.centroids, atol=0.05)


def test_a_feature_in_which_people_hardly_differ_decides_nothing() -> None:
    points = crowd(600)
    points[:, FEATURES.index("recency_days")] = 7.0
    points[:5, FEATURES.index("recency_days")] = 7.05
    _, scale = personas.standards(points)
    assert scale[FEATURES.index("recency_days")] == personas.MIN_SCALE
    assert min(personas.cluster(points, 3).model.sizes) > 100


def test_names_are_rules_of_known_features() -> None:
    names = [rule.name for rule in RULES]
    [most] = [meta.le for meta in get_args(Settings.__annotations__["personas"]) if hasattr(meta, "le")]
    assert len(set(names)) == len(names) >= most
    assert all(rule.traits.keys() <= set(FEATURES) for rule in RULES)
    assert all({"high", "low"} & set(rule.traits.values()) for rule in RULES)


@pytest.mark.parametrize(
    ("differs", "name"),
    [
        ({"high_intent": 3.0, "active": 2.0, "page_views": 0.4}, "high_intent_buyer"),
        ({"recency_days": 2.5, "sessions": -0.3}, "disengaged"),
        ({"sessions": 3.0, "recency_days": -0.8, "page_views": 1.0}, "loyal_regular"),
        ({"pages_per_session": 1.5, "high_intent": -0.3, "active": -0.3}, "browser"),
        ({"avg_session_s": 1.2, "pages_per_session": 2.0}, "researcher"),
        ({"avg_session_s": -1.2, "pages_per_session": -0.9, "page_views": -0.9}, "casual_visitor"),
        ({"active": 2.0, "high_intent": -0.4}, "enthusiast"),
        ({"high_intent": 2.0, "recency_days": 2.0}, "lapsed_buyer"),
        ({"sessions": -1.0, "page_views": -1.0}, "one_off_visitor"),
    ],
)
def test_a_cluster_is_called_what_sets_it_apart(differs: dict[str, float], name: str) -> None:
    centroid = [(RESTING | differs)[feature] for feature in FEATURES]
    assert name_clusters(FEATURES, [centroid]) == [name]


def test_of_two_that_fit_the_clearer_takes_the_name() -> None:
    strong, weak = [RESTING | {"high_intent": value, "active": value, "page_views": 0.5} for value in (4.0, 2.0)]
    centroids = [list(weak.values()), list(strong.values())]
    assert name_clusters(FEATURES, centroids) == ["prospect", "high_intent_buyer"]


def test_no_two_clusters_share_a_name() -> None:
    draw = np.random.default_rng(0)
    for clusters in range(1, len(RULES) + 1):
        names = name_clusters(FEATURES, draw.normal(size=(clusters, len(FEATURES))).tolist())
        assert len(set(names)) == clusters
    assert len(set(name_clusters(FEATURES, [[0.0] * len(FEATURES)] * 5))) == 5
