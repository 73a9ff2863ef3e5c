"""What judges chains: figures of later steps, by hand; and what keeps chains from going live."""

from math import exp, log

import msgspec
import pytest

from shared.models.next_steps import chance, next_steps
from shared.models.paths import CONVERTED, LEFT, PathsModel
from tests.unit.test_paths_model import Walk, chain_of
from training.paths.foretell import FLOOR, Step
from training.paths.gate import judge_chains
from training.paths.measure import measure

KNOWN: list[Walk] = [("a", "b", "c", CONVERTED)] * 30 + [("b", "a", LEFT)] * 30


def steps(walks: list[Walk]) -> list[Step]:
    """All steps of these visits, each of a person of its own."""
    return [
        Step(str(number), walk[:place], walk[place], walk[-1] == CONVERTED)
        for number, walk in enumerate(walks)
        for place in range(1, len(walk))
    ]


def test_figures_by_hand() -> None:
    chain = chain_of(KNOWN)
    asked = steps([("a", "b", "c", CONVERTED), ("b", "a", LEFT), ("a", "c", LEFT)])
    found = measure(chain, asked)
    assert found
    assert (found.steps, found.going_on, found.people) == (7, 4, 3)
    assert found.models["interpolated"]["hit@1"].value == 3 / 4
    assert found.models["repeat last"]["hit@1"].value == 0.0
    said = [
        next(
            e.probability
            for e in next_steps(chain, s.walk[-1], s.walk[-2] if len(s.walk) > 1 else "(start)")
            if e.state == s.next
        )
        for s in asked
    ]
    likelihood = sum(map(log, said)) / 7
    assert found.models["interpolated"]["log-likelihood"].value == pytest.approx(likelihood)
    assert found.perplexity["interpolated"].value == pytest.approx(exp(-likelihood))
    assert found.perplexity["interpolated"].low < exp(-likelihood) < found.perplexity["interpolated"].high
    second = found.models["second order"]["log-likelihood"].value
    # From the start by b only to a, by a only to b; of (a, c) it knows nothing.
    sure, never = log(1 - FLOOR + FLOOR / 4), log(FLOOR / 4)
    assert second == pytest.approx((5 * sure + never + log(1 / 4)) / 7)
    for metric, ahead in found.ahead["first order"].items():
        one, other = found.models["interpolated"][metric], found.models["first order"][metric]
        assert ahead.value == pytest.approx(one.value - other.value)


def test_conversion_is_told_at_each_step() -> None:
    chain = chain_of(KNOWN)
    found = measure(chain, steps([("a", "b", "c", CONVERTED), ("b", "a", LEFT)] * 20))
    assert found
    assert found.chances["two states"]["roc_auc"]["value"] == 1.0
    assert found.chances["base rate"]["roc_auc"]["value"] == 0.5
    assert found.chances["two states"]["brier"]["value"] < found.chances["base rate"]["brier"]["value"]
    assert chance(chain, "a", "(start)") > 0.6 > 0.2 > chance(chain, "a", "b")


def test_what_chains_do_not_know_is_not_asked() -> None:
    assert measure(chain_of(KNOWN), [Step("x", ("z",), "q", False)]) is None
    assert measure(chain_of(KNOWN), []) is None
    assert measure(chain_of(KNOWN), [Step("x", ("a",), LEFT, False)]) is None, "hits of nothing are undefined"


def test_the_live_chain_stays_where_it_foretells_more() -> None:
    better, worse = chain_of(KNOWN * 4), chain_of([("a", "c", "b", LEFT), ("b", "c", "a", LEFT)] * 30)
    asked = {"pages": steps(KNOWN)}
    live = PathsModel("20260101T000000Z-abcdef", [], {"pages": better})
    judged = judge_chains({"pages": worse}, asked, live)  # type: ignore[arg-type]
    assert "pages: worse than what is live, hit@1 -" in judged.doubt
    assert judge_chains({"pages": better}, asked, live).doubt == ""  # type: ignore[arg-type]
    assert judge_chains({"pages": better}, asked, msgspec.structs.replace(live, facets={})).doubt == ""  # type: ignore[arg-type]
