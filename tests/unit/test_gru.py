"""The recurrent network on the hot path: as numpy has it, and where it is installed, as PyTorch has it."""

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.evaluation.gru import learn_gru, read_walks
from shared.events.event import Event
from shared.models.gru import GruModel, next_items, sigmoid
from training.gru import FEWEST, export, fit, import_torch, logits, make_net

ITEMS = [f"i{place}" for place in range(7)]
SIZE = 5
START = datetime(2026, 1, 1, tzinfo=UTC)
GAP = timedelta(minutes=30)
HAS_TORCH = find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="an extra: pip install -r requirements-lstm.txt")
walks = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=12)


def drawn(seed: int) -> tuple[GruModel, list[np.ndarray]]:
    random = np.random.default_rng(seed)
    shapes = [(7, SIZE), (7,), (3 * SIZE, SIZE), (3 * SIZE, SIZE), (3 * SIZE,), (3 * SIZE,)]
    parts = [random.normal(size=shape).astype("<f4") for shape in shapes]
    return GruModel("v", ITEMS, SIZE, *(part.tobytes() for part in parts)), parts


@given(st.integers(0, 99), walks)
@settings(max_examples=50, deadline=None)
def test_scores_are_those_of_the_formula_in_numpy(seed: int, walk: list[str]) -> None:
    model, parts = drawn(seed)
    vectors, biases, inputs, recurrent, b, c = (part.astype(float) for part in parts)
    state = np.zeros(SIZE)
    for item_id in walk:
        read, kept = inputs @ vectors[ITEMS.index(item_id)] + b, recurrent @ state + c
        reset, update, _ = np.split(1 / (1 + np.exp(-read - kept)), 3)
        new = np.tanh(read[2 * SIZE :] + reset * kept[2 * SIZE :])
        state = (1 - update) * new + update * state
    same = msgspec.msgpack.decode(msgspec.msgpack.encode(model), type=GruModel)
    assert list(next_items(same, walk).values()) == pytest.approx((vectors @ state + biases).tolist(), abs=1e-9)


def test_what_the_model_does_not_know_is_passed_over() -> None:
    model, _ = drawn(1)
    assert next_items(model, []) == next_items(model, ["new"]) == {}
    assert next_items(model, ["i1", "new", "i2"]) == next_items(model, ["i1", "i2"])


def test_far_out_the_gates_are_shut_or_open() -> None:
    assert (sigmoid(-1e6), sigmoid(0), sigmoid(1e6)) == (0, 0.5, 1)


def act(number: int, minute: int, item_id: str) -> Event:
    at = START + timedelta(minutes=minute)
    return Event(event_id=str(number), kind="item_view", occurred_at=at, user_id="ann", item_ids=(item_id,))


def test_it_learns_from_visits() -> None:
    events = [act(number, minute, item) for number, (minute, item) in enumerate([(0, "a"), (1, "a"), (2, "b")])]
    assert read_walks([*events, act(9, 60, "c")], GAP) == [["a", "b"], ["c"]]


@pytest.mark.skipif(HAS_TORCH, reason="PyTorch is there")
def test_without_torch_it_is_left_out_or_says_what_to_install() -> None:
    assert learn_gru([act(0, 0, "a")], GAP) == {}
    with pytest.raises(ImportError, match=r"requirements-lstm\.txt"):
        fit([["a", "b"]])


@needs_torch
@given(walks)
@settings(max_examples=20, deadline=None)
def test_scores_are_those_of_torch(walk: list[str]) -> None:
    torch = import_torch()
    torch.manual_seed(7)
    net = make_net(len(ITEMS))
    rows = torch.tensor([[1 + ITEMS.index(item_id) for item_id in walk]])
    expected = logits(net, rows)[-1].tolist()
    assert list(next_items(export(net, ITEMS), walk).values()) == pytest.approx(expected, abs=1e-5)


@needs_torch
def test_it_learns_what_comes_next_and_the_same_each_time() -> None:
    rounds = [[ITEMS[(start + place) % 7] for place in range(5)] for start in range(7)] * 30
    first, second = fit(rounds), fit(rounds)
    assert first
    assert first == second
    for place, item_id in enumerate(ITEMS):
        scores = next_items(first, [item_id])
        assert max(scores, key=scores.__getitem__) == ITEMS[(place + 1) % 7]
    assert fit(rounds[: FEWEST - 1]) is None
