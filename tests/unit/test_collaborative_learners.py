"""The learners: each does what its formula says, and folds in people it has never seen."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from training.collaborative import als, bpr, user_knn
from training.collaborative.als import Als
from training.collaborative.bpr import Bpr
from training.collaborative.ease import Ease
from training.collaborative.item_knn import ItemNeighbours
from training.collaborative.learner import NEVER, Learner
from training.collaborative.user_knn import UserNeighbours
from training.similarity import STRANGERS, find_neighbours

ITEMS = 40
IDS = [f"i{number:02}" for number in range(ITEMS)]

LEARNERS: dict[str, Callable[[csr_matrix], Learner]] = {
    "item-kNN": lambda matrix: ItemNeighbours(find_neighbours(IDS, matrix, 10)),
    "user-kNN": lambda matrix: UserNeighbours(matrix, 20),
    "ALS": lambda matrix: Als(matrix, 1.0, 4.0),
    "BPR": lambda matrix: Bpr(matrix, 0.01, 60, 0.1),
    "EASE^R": lambda matrix: Ease(matrix, 5.0),
}


def tastes(people: int, seed: int = 1) -> csr_matrix:
    """People who like items of one half, and now and then of the other."""
    draw = np.random.default_rng(seed)
    likes = draw.random((people, ITEMS)) < np.where(np.arange(ITEMS) % 2 == (np.arange(people) % 2)[:, None], 0.4, 0.03)
    return csr_matrix(likes * draw.choice([0.5, 1.0, 1.7], size=likes.shape))


def history(*items: int) -> csr_matrix:
    return csr_matrix((np.ones(len(items)), (np.zeros(len(items), int), items)), (1, ITEMS))


@pytest.mark.parametrize(("name", "people"), [*((name, 120) for name in LEARNERS), ("EASE^R", 30)])
def test_somebody_new_is_shown_what_goes_with_their_taste(name: str, people: int) -> None:
    learner = LEARNERS[name](tastes(people))
    for taste in (0, 1):
        seen = [taste, taste + 4, taste + 8]
        [scores] = learner.score(history(*seen))
        scores[seen] = NEVER
        assert sum(item % 2 == taste for item in np.argsort(-scores)[:6]) >= 4


@pytest.mark.parametrize("name", LEARNERS)
def test_histories_are_folded_in_one_by_one(name: str) -> None:
    learner, asked = LEARNERS[name](tastes(60)), tastes(9, seed=2)
    together = learner.score(asked)
    assert together.shape == asked.shape
    alone = np.vstack([learner.score(asked[row]) for row in range(9)])
    assert together == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_same_matrix_gives_the_same_learner(name: str) -> None:
    first, second = (LEARNERS[name](tastes(60)).score(tastes(9, seed=2)) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != "user-kNN"])
def test_neighbours_are_of_the_same_taste(name: str) -> None:
    similar = LEARNERS[name](tastes(80)).neighbours(IDS, 4)
    assert similar
    found = [(place, int(item_id[1:])) for place in range(ITEMS) for item_id, _ in similar.of(place)]
    assert sum((place - other) % 2 == 0 for place, other in found) > 0.8 * len(found)
    assert 0 < similar.similarities.min() <= similar.similarities.max() <= 1


@pytest.mark.parametrize("people", [12, 80])
def test_ease_is_its_closed_form(people: int) -> None:
    matrix, asked = tastes(people), tastes(5, seed=2)
    dense = matrix.toarray() > 0
    dense = dense.astype(float)
    inverse = np.linalg.inv(dense.T @ dense + 7.0 * np.eye(ITEMS))
    table = -inverse / np.diag(inverse)
    np.fill_diagonal(table, 0)
    assert Ease(matrix, 7.0).score(asked) == pytest.approx(asked.toarray() @ table, abs=1e-4)


def test_als_folds_in_where_its_loss_is_least() -> None:
    learner, asked = Als(tastes(60), 2.0, 3.0), tastes(4, seed=2)
    items = learner._model.item_factors.astype(float)
    for row, likes in enumerate(asked.toarray()):
        confidence, wanted = 1 + 3.0 * likes, (likes > 0).astype(float)
        best = np.linalg.solve(
            (items.T * confidence) @ items + 2.0 * np.eye(als.FACTORS), items.T @ (confidence * wanted)
        )
        assert learner.score(asked)[row] == pytest.approx(items @ best, abs=1e-3)


def test_bpr_folds_in_where_its_squares_are_least() -> None:
    learner, asked = Bpr(tastes(60), 0.01, 60, 0.1), tastes(4, seed=2)
    items, biases = learner._factors.astype(float), learner._biases.astype(float)
    for likes, found in zip(asked.toarray(), learner._people(asked.astype(np.float32)), strict=True):
        weights = likes / likes.sum()

        def loss(person: np.ndarray, weights: np.ndarray = weights) -> float:
            scores = items @ person + biases
            squares = ((1 - (scores[:, None] - scores[None, :])) ** 2).mean(axis=1)
            return float(weights @ squares + 0.1 * person @ person)

        draw = np.random.default_rng(3)
        least = loss(found.astype(float))
        assert all(loss(found + 0.05 * draw.normal(size=bpr.FACTORS)) > least for _ in range(20))


def test_user_neighbours_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, asked = tastes(30), tastes(5, seed=2)
    dense, new = (matrix.toarray() > 0).astype(float), asked.toarray()
    rarity = np.log(30 / np.maximum((dense > 0).sum(axis=0), 1))
    known = dense * rarity
    lengths = (known**2).sum(axis=1) + STRANGERS * (known[dense > 0] ** 2).mean()
    alike = (new * rarity) @ (known / np.sqrt(lengths)[:, None]).T
    alike[alike < np.sort(alike, axis=1)[:, [-7]]] = 0
    scores = UserNeighbours(matrix, 7).score(asked)
    expected = alike @ dense
    assert scores[scores > 0] == pytest.approx(expected[expected > 0], abs=1e-4)
    assert np.array_equal(scores == NEVER, expected == 0)
    monkeypatch.setattr(user_knn, "KNOWN", 8)
    assert UserNeighbours(matrix, 7)._liked.shape == (8, ITEMS)
