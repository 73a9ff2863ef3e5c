"""Personas: clusters that do not depend on chance, and names that fit them."""

from typing import get_args
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from shared.models.personas import persona_of
from shared.profiles.face import features
from shared.profiles.profile import EPOCH, new_profile
from shared.settings import Settings
from training import personas
from training.continuity import assign, movement
from training.naming import RULES, name_clusters
from training.personas_picture import draw
from training.stability import judge

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


def moved(points: personas.Points, share: float, seed: int = 3) -> personas.Points:
    """The same people a while later: each a little different."""
    return points + np.random.default_rng(seed).normal(0, share, points.shape)


def people_by_name(found: personas.Clusters) -> dict[str, set[int]]:
    names = np.array(found.model.names)
    return {name: set(np.flatnonzero(names[found.labels] == name).tolist()) for name in found.model.names}


@pytest.mark.parametrize("seed", range(5))
def test_the_same_people_keep_their_personas_name(seed: int) -> None:
    """Whatever else changes: everyone's mean, on which the naming rules stand, and the cluster's own place."""
    before = personas.cluster(crowd(600), 3)
    strangers = crowd(900, seed=seed + 10)
    strangers[:, FEATURES.index("high_intent")] += 1.5  # now that others buy more, buyers are nothing special
    after = personas.cluster(np.vstack([moved(crowd(600), 0.1, seed), strangers]), 4, before.model)
    old, new = people_by_name(before), people_by_name(after)
    kept = [name for name in old if len(old[name] & new.get(name, set())) > 0.9 * len(old[name])]
    assert sorted(kept) == sorted(old)


def test_without_the_live_model_a_name_would_have_flipped() -> None:
    """So the test above can fail."""
    before = personas.cluster(crowd(600), 3)
    strangers = crowd(900, seed=10)
    strangers[:, FEATURES.index("high_intent")] += 1.5
    after = personas.cluster(np.vstack([moved(crowd(600), 0.1), strangers]), 4)
    old, new = people_by_name(before), people_by_name(after)
    assert any(len(old[name] & new.get(name, set())) < 0.5 * len(old[name]) for name in old)


def test_a_persona_that_became_the_contrary_loses_its_name() -> None:
    before = personas.cluster(crowd(600), 3).model
    buyers = before.names.index("high_intent_buyer")
    points = crowd(600)
    labels = assign(before, points)
    points[labels == buyers, FEATURES.index("high_intent")] = -3.0
    after = personas.cluster(points, 3, before)
    was_buyer = labels == buyers
    named = np.array(after.model.names)[after.labels[was_buyer]]
    assert "high_intent_buyer" not in set(named.tolist())


def test_names_that_are_given_stay_and_are_given_once() -> None:
    buyer = RESTING | {"high_intent": 4.0, "active": 2.0}
    centroids = [list(buyer.values()), list((RESTING | {"recency_days": 2.0}).values())]
    assert name_clusters(FEATURES, centroids, {1: "high_intent_buyer"})[1] == "high_intent_buyer"
    assert name_clusters(FEATURES, centroids, {1: "high_intent_buyer"})[0] != "high_intent_buyer"


def test_a_few_extremes_do_not_make_all_others_alike() -> None:
    points = crowd(600)
    mean, scale = personas.standards(points)
    points[:5, FEATURES.index("page_views")] = 1_000.0
    drawn_mean, drawn_scale = personas.standards(points)
    assert np.allclose(mean, drawn_mean, atol=0.05)
    assert np.allclose(scale, drawn_scale, atol=0.05)


def test_the_silhouette_chooses_as_many_as_there_are() -> None:
    assert personas.choose(crowd(600), 600) == 3
    five = np.repeat(np.eye(7)[:5] * 4, 80, axis=0) + np.random.default_rng(0).normal(0, 0.1, (400, 7))
    assert personas.choose(five, 400) == 5


def test_seeds_agree_on_real_clusters_and_not_on_noise() -> None:
    clear = personas.cluster(crowd(600), 3)
    said = judge(clear.model, clear.points, crowd(600), None, 3)
    assert said.figures["new"]["adjusted_rand_index"]["value"] > 0.95
    assert said.figures["new"]["silhouette"]["low"] > 0.5
    assert not said.doubt
    noise = np.random.default_rng(0).normal(0, 1, (600, len(FEATURES)))
    fog = personas.cluster(noise, 8)
    assert judge(fog.model, fog.points, noise, None, 8).doubt == "", "the first of its name is taken"
    doubt = judge(fog.model, fog.points, noise, clear.model, 8).doubt
    assert doubt.startswith("other seeds find other personas")


def test_personas_that_set_people_apart_less_than_the_live_ones_are_doubted() -> None:
    points = crowd(600)
    good = personas.cluster(points, 3)
    first, second, _ = good.model.centroids  # one of the kinds of people in two halves, the others as one
    halves = [[first[0] + nudge, *first[1:]] for nudge in (-0.1, 0.1)]
    worse = msgspec.structs.replace(good.model, centroids=[*halves, second])
    said = judge(worse, good.points, points, good.model, 3)
    assert said.doubt
    assert said.figures["new"]["silhouette"]["high"] < said.figures["live"]["silhouette"]["low"]
    assert not judge(good.model, good.points, points, worse, 3).doubt
    assert not judge(good.model, good.points, points, good.model, 3).doubt


def test_the_picture_shows_sizes_centroids_and_movement() -> None:
    before, after = personas.cluster(crowd(600), 3), personas.cluster(moved(crowd(600), 0.3), 3)
    flows = movement(before.model, after.model, moved(crowd(600), 0.3), after.labels)
    assert sum(flows.values()) == 600
    root = ElementTree.fromstring(draw(after.model, flows))  # noqa: S314 (our own)
    texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {*after.model.names} <= {*texts}
    assert {name.replace("_", " ") for name in FEATURES} <= {*texts}
    assert any(text.startswith(f"{after.model.sizes[0]:,} (") for text in texts)
    assert f"{max(flows.values()):,}" in texts
