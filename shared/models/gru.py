"""A gated recurrent unit over the items of a visit, evaluated with the standard library; decision record 0040."""

from collections.abc import Sequence
from functools import cached_property
from math import exp, tanh
from operator import mul
from struct import unpack

import msgspec

Vector = Sequence[float]


class GruModel(msgspec.Struct, frozen=True, dict=True):
    """What was learned. Matrices are 32-bit floats, little-endian, row by row.

    Attributes:
        size: of the state, and of an item's vector.
        vectors: items × size, by which an item is both read and proposed.
        biases: one an item.
        inputs, recurrent: 3 · size × size each; a block for the reset gate, the update gate and the new state.
        input_biases, recurrent_biases: 3 · size each, in the same order.
    """

    version: str
    items: list[str]
    size: int
    vectors: bytes
    biases: bytes
    inputs: bytes
    recurrent: bytes
    input_biases: bytes
    recurrent_biases: bytes

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each item."""
        return {item_id: place for place, item_id in enumerate(self.items)}

    @cached_property
    def rows(self) -> dict[str, list[Vector]]:
        """The matrices, by name."""
        return {name: self._rows(getattr(self, name)) for name in ("vectors", "inputs", "recurrent")}

    def _rows(self, matrix: bytes) -> list[Vector]:
        return [floats(matrix[start : start + 4 * self.size]) for start in range(0, len(matrix), 4 * self.size)]


def next_items(model: GruModel, met: Sequence[str]) -> dict[str, float]:
    """How well each item of the model goes with what was met, the latest last: logits. Empty if it knows none of that.

    B. Hidasi, A. Karatzoglou, L. Baltrunas, D. Tikk, "Session-based Recommendations with Recurrent Neural Networks",
    ICLR 2016; one vector both reads and proposes an item: B. Hidasi, A. Karatzoglou, "Recurrent Neural Networks with
    Top-k Gains for Session-based Recommendations", CIKM 2018.
    """
    known = [model.places[item_id] for item_id in met if item_id in model.places]
    if not known:
        return {}
    state: Vector = [0.0] * model.size
    for place in known:
        state = step(model, model.rows["vectors"][place], state)
    logits = times(model.rows["vectors"], state, floats(model.biases))
    return dict(zip(model.items, logits, strict=True))


def step(model: GruModel, vector: Vector, state: Vector) -> list[float]:
    """The state after an item: (1 − z) n + z h, with n = tanh(W x + b + r (U h + c)), r and z = σ(W x + b + U h + c).

    K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
    EMNLP 2014; with r after the product, as PyTorch has it.
    """
    size = model.size
    read = times(model.rows["inputs"], vector, floats(model.input_biases))
    kept = times(model.rows["recurrent"], state, floats(model.recurrent_biases))
    after: list[float] = []
    for place, old in enumerate(state):
        reset = sigmoid(read[place] + kept[place])
        update = sigmoid(read[size + place] + kept[size + place])
        new = tanh(read[2 * size + place] + reset * kept[2 * size + place])
        after.append((1 - update) * new + update * old)
    return after


def times(matrix: Sequence[Vector], vector: Vector, biases: Vector) -> list[float]:
    """The product of matrix and vector, plus biases."""
    return [sum(map(mul, row, vector)) + bias for row, bias in zip(matrix, biases, strict=True)]


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ), without overflow."""
    return 1 / (1 + exp(-x)) if x >= 0 else 1 - 1 / (1 + exp(x))


def floats(packed: bytes) -> Vector:
    """The numbers of 32-bit floats, little-endian."""
    return unpack(f"<{len(packed) // 4}f", packed)
