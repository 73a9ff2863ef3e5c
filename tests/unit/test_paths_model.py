"""What the chains say: interpolated as the formula has it, absorbed as walking them shows, within a document's size."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import fsum, isclose, log
from string import ascii_lowercase

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.artifact import pack_model, unpack_model
from shared.models.next_steps import anywhere, chance, interpolate, next_steps, number_of, parted, shares_after
from shared.models.paths import CONVERTED, ENDS, LEFT, OTHER, SPECIAL, START, Chain, Move, Pair, PathsModel
from training.paths.absorbing import absorbed, removal_of
from training.paths.caution import CAUTIONS, with_caution
from training.paths.chances import chances_of
from training.paths.expected import VISITS, expected
from training.paths.fit import MAX_BYTES, bound

Walk = tuple[str, ...]
walks = st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), min_size=1, max_size=30)


def chain_of(given: Sequence[Walk]) -> Chain:
    """The chain of these ways, each with its end."""
    states = [*SPECIAL, *sorted({state for walk in given for state in walk}.difference(SPECIAL))]
    number = {name: place for place, name in enumerate(states)}
    first: Counter[tuple[int, int]] = Counter()
    second: Counter[tuple[int, int, int]] = Counter()
    sold: Counter[tuple[int, ...]] = Counter()
    for walk in given:
        way = [number[state] for state in (START, *walk)]
        for here, to in pairwise(way):
            first[here, to] += 1
            sold[here, to] += walk[-1] == CONVERTED
        for previous, here, to in zip(way, way[1:], way[2:], strict=False):
            second[previous, here, to] += 1
            sold[previous, here, to] += walk[-1] == CONVERTED
    chain = Chain(
        states=states,
        visits=len(given),
        converted=sum(walk[-1] == CONVERTED for walk in given),
        moves=[Move(*pair, n, n, sold[pair], 10.0, 20.0) for pair, n in first.items()],
        pairs=[Pair(*triple, n, sold[triple]) for triple, n in second.items()],
    )
    return msgspec.structs.replace(chain, chances=chances_of(chain), removal=removal_of(chain))


def ways(lists: list[list[str]], seed: int = 0) -> list[Walk]:
    """Without repeats, with an end drawn by chance."""
    draw = random.Random(seed)
    return [(*(s for n, s in enumerate(walk) if n == 0 or s != walk[n - 1]), draw.choice(ENDS)) for walk in lists]


@given(walks, st.sampled_from("abcdz"), st.sampled_from([None, START, *"abcdz"]))
def test_probabilities_sum_to_one_and_never_stay(lists: list[list[str]], state: str, previous: str | None) -> None:
    chain = with_caution(chain_of(ways(lists)))
    found = next_steps(chain, state, previous)
    assert isclose(fsum(each.probability for each in found), 1.0, abs_tol=1e-9)
    assert all(each.probability > 0 for each in found)
    assert state not in {each.state for each in found}
    assert START not in {each.state for each in found}
    assert [each.probability for each in found] == sorted((each.probability for each in found), reverse=True)


def test_visits_begin_somewhere() -> None:
    found = next_steps(chain_of([("a", "b", LEFT)] * 3), START)
    assert [each.state for each in found] == ["a", "b"]
    assert found[0].seconds == 10.0


@given(walks)
def test_served_is_what_matrices_say(lists: list[list[str]]) -> None:
    """The formulas once more, over arrays: ends and states apart, from all states alike to the two last ones."""
    chain = msgspec.structs.replace(chain_of(ways(lists)), caution=((2.5, 0.7), (0.5, 3.0)), returns=0.3)
    size = len(chain.states)
    one, two, arrivals = np.zeros((size, size)), np.zeros((size, size, size)), np.zeros(size)
    for move in chain.moves:
        one[move.state, move.next] = move.moves
        arrivals[move.next] += move.moves
    for pair in chain.pairs:
        two[pair.previous, pair.state, pair.next] = pair.moves

    def mixed(seen: np.ndarray, below: np.ndarray, caution: float = 1.0) -> np.ndarray:
        kinds, total = caution * np.count_nonzero(seen), seen.sum()
        return below if not total else total / (total + kinds) * seen / total + kinds / (total + kinds) * below

    def ended(seen: np.ndarray) -> np.ndarray:
        return np.array([seen[3:].sum(), seen[1], seen[2]])

    def gone(seen: np.ndarray) -> np.ndarray:
        return np.where(np.arange(size) < 3, 0, seen)

    for state in range(len(SPECIAL), size):
        may = np.array([float(to > 2 and to != state) for to in range(size)])
        can = np.array([float(may.any()), 1, 1])
        ends = mixed(ended(one[state]), mixed(ended(arrivals) * can, can / can.sum()), 2.5)
        goes = mixed(gone(one[state]), mixed(arrivals * may, may / max(1, may.sum())), 0.7)
        for previous in (None, *range(size)):
            e, g = ends, goes.copy()
            if previous is not None:
                if may[previous] and g[previous] < 1:
                    g *= 0.7 / (1 - g[previous])
                    g[previous] = 0.3
                e, g = mixed(ended(two[previous, state]), e, 0.5), mixed(gone(two[previous, state]), g, 3.0)
            found = shares_after(chain, state, previous)
            expected_ = [0.0, e[1], e[2], *(e[0] * g[3:])]
            assert [found.get(to, 0.0) for to in range(size)] == pytest.approx(expected_, abs=1e-12)


def test_what_is_known_of_two_steps_outweighs_one_and_backs_off() -> None:
    chain = chain_of([("a", "x", "b", LEFT)] * 20 + [("c", "x", "d", LEFT)] * 20)
    assert next_steps(chain, "x", "a")[0].state == "b"
    assert next_steps(chain, "x", "c")[0].state == "d"
    after = {each.state: each.probability for each in next_steps(chain, "x", "d")}
    assert after["b"] == pytest.approx(after["d"]), "nobody has come from d: the present state alone"


def test_a_name_nobody_knows_is_other() -> None:
    chain = chain_of([("a", OTHER, LEFT)] * 5)
    assert next_steps(chain, "/never/seen") == next_steps(chain, OTHER)
    assert number_of(chain_of([("a", LEFT)]), "/never/seen") == -1


def test_absorption_is_that_of_walking_the_chain() -> None:
    chain = chain_of(ways([["a", "b"], ["b", "c", "a"], ["c"], ["a", "c"], ["b"]] * 4, seed=5))
    draw = random.Random(1)

    def walk(state: int) -> bool:
        while state not in (1, 2):
            shares = shares_after(chain, state)
            state = draw.choices(list(shares), list(shares.values()))[0]
        return chain.states[state] == CONVERTED

    for state in range(3, 6):
        share = sum(walk(state) for _ in range(4_000)) / 4_000
        assert absorbed(chain)[state] == pytest.approx(share, abs=0.03)
    assert absorbed(chain)[1:3] == [0.0, 1.0]


def test_a_pair_of_steps_tells_more_of_conversion() -> None:
    chain = chain_of([("cart", "pay", CONVERTED)] * 30 + [("home", "pay", LEFT)] * 30)
    assert chance(chain, "pay", "cart") > 0.8 > 0.2 > chance(chain, "pay", "home")
    assert chance(chain, "pay") == pytest.approx(0.5)
    assert chance(chain, "pay", "nowhere") == chance(chain, "pay")
    assert chance(chain, "nowhere") == chain.chances[0]


def test_what_was_long_ago_counts_for_conversion() -> None:
    """By moves alone the first page, met again before paying, seems to be all that matters."""
    chain = chain_of([("home", "look", "home", "pay", CONVERTED)] * 20 + [("home", LEFT)] * 80)
    chances = dict(zip(chain.states, chain.chances, strict=True))
    assert chances["look"] > 0.75 > 0.4 > chances["home"]
    assert dict(zip(chain.states, absorbed(chain), strict=True))["look"] < 0.3
    assert chain.removal[chain.numbers["look"]] == 1.0


def test_removal_effects_by_hand() -> None:
    """Two of five convert, one by a and b, one by c: without any of them half is left."""
    chain = chain_of([("a", "b", CONVERTED), ("c", CONVERTED), ("b", LEFT), ("c", LEFT), ("a", LEFT)])
    effect = dict(zip(chain.states, chain.removal, strict=True))
    assert {effect[name] for name in "abc"} == {0.5}
    assert [effect[name] for name in SPECIAL] == [0.0, 0.0, 0.0]
    assert chain_of([("a", LEFT)]).removal == [0.0] * 4, "nobody converted"


def test_expected_flows_lose_nobody() -> None:
    letters = ascii_lowercase[:12]
    draw = random.Random(2)
    chain = chain_of(ways([[draw.choice(letters) for _ in range(5)] for _ in range(300)]))
    flows = expected(chain, "a")
    assert {flow.state for flow in flows if flow.place == 1} == {"a"}
    assert sum(flow.visits for flow in flows if flow.place == 1) == pytest.approx(VISITS, abs=6)
    assert sum(flow.visits for flow in flows if flow.next in ENDS) == pytest.approx(VISITS, abs=30)
    assert {flow.next for flow in flows if flow.place == 5} <= set(ENDS)
    assert len({flow.state for flow in flows}) <= 9


def test_the_model_is_stored_and_fits_into_a_document() -> None:
    names = [f"/{number:03}{'x' * 200}" for number in range(60)]
    states = [*SPECIAL, *names]
    pairs = [Pair(3 + n % 60, 3 + n // 60 % 60, 3 + n // 3_600, 1 + n % 9, 0) for n in range(100_000)]
    chain = Chain(states=states, visits=9, converted=1, moves=[Move(0, 3, 9, 9, 1, None, None)], pairs=pairs)
    model = bound(PathsModel("v", ["purchase"], {"pages": chain, "kinds": chain}))
    _, fields = pack_model("paths", "v", model)
    assert len(fields["payload"]) <= MAX_BYTES  # type: ignore[arg-type]
    assert unpack_model(fields, PathsModel) == model
    kept, whole = model.facets["pages"].second, chain.second
    assert 0 < len(kept) < len(whole)
    assert all(seen == whole[pair] for pair, seen in kept.items()), "some of a pair's moves would look like certainty"
    rarest = min(sum(seen.values()) for seen in kept.values())
    assert all(sum(seen.values()) <= rarest for pair, seen in whole.items() if pair not in kept)


def test_caution_is_that_of_leaving_each_move_out() -> None:
    """Counted the long way round: a chain without the move, asked for it."""
    draw = random.Random(3)
    chain = chain_of(ways([[draw.choice("abcd") for _ in range(draw.randrange(1, 7))] for _ in range(25)]))

    def likelihood(caution: float, part: int) -> float:
        found = 0.0
        for state, seen in chain.first.items():
            below, moves = anywhere(chain, state)[part], parted(seen)[part]
            for to, times in moves.items():
                others = {each: n - (each == to) for each, n in moves.items() if n - (each == to)}
                found += times * log(interpolate(below, others, caution)[to])
        return found

    expected_ = tuple(max(CAUTIONS, key=lambda caution: likelihood(caution, part)) for part in (0, 1))
    assert with_caution(chain).caution[0] == expected_


def test_the_second_step_back_is_believed_only_where_it_tells() -> None:
    draw = random.Random(4)
    told = [("a", "x", "b", LEFT), ("c", "x", "d", LEFT)] * 40
    noise = [(draw.choice("acef"), "x", draw.choice("bdgh"), LEFT) for _ in range(80)]
    assert with_caution(chain_of(told)).caution[1][1] == min(CAUTIONS)
    assert with_caution(chain_of(noise)).caution[1][1] > 8


def test_people_go_back_to_where_they_were() -> None:
    """Also to where nobody was seen going back to yet."""
    draw = random.Random(5)
    walks = [(one, two, one, LEFT) for one, two in (draw.sample(ascii_lowercase[:20], 2) for _ in range(60))]
    chain = with_caution(chain_of([*walks, ("y", "x", LEFT), ("a", "x", LEFT)]))
    assert chain.returns == pytest.approx(61 / 62)
    assert next(each.state for each in next_steps(chain, "x", "y") if each.state not in ENDS) == "y"
    assert with_caution(chain_of([("a", "b", LEFT)] * 30)).returns is None, "nobody has gone further than a step"
