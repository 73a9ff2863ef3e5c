"""Chains over paths: the SQL says what counting by hand says, and nothing of what came later."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from shared.events.event import Context, Event
from shared.events.kinds import Kind
from shared.models.paths import CONVERTED, LEFT, OTHER, START, Chain
from shared.stores.ports import Warehouse
from tests.paths_world import CUTOFF, Act, chains_of, events, load, pages, values_at
from tests.paths_world import START as BEGIN
from training.paths.counts import read_chains, read_flows
from training.queries import select

Moves = dict[tuple[str, str], int]
PEOPLE = ("ann", "bob", "cid")


def moves(chain: Chain) -> Moves:
    return {(chain.states[move.state], chain.states[move.next]): move.moves for move in chain.moves}


def pairs(chain: Chain) -> dict[tuple[str, str, str], int]:
    return {
        (chain.states[pair.previous], chain.states[pair.state], chain.states[pair.next]): pair.moves
        for pair in chain.pairs
    }


def wander(seed: int) -> dict[str, list[Act]]:
    """People who go back and forth, with pauses that end visits, and sometimes buy."""
    draw = random.Random(seed)
    walks: dict[str, list[Act]] = {}
    for person in "abcdef":
        minute, acts = 0.0, []
        for _ in range(40):
            minute += draw.choice([1, 2, 29, 31, 90]) + draw.random()
            kind: Kind = draw.choice(["page_view", "page_view", "page_view", "item_view", "purchase"])
            acts.append(Act(minute, f"/{draw.choice('xyz')}", kind, draw.choice(["hats", "shoes", None])))
        walks[person] = acts
    return walks


def visits_of(acts: list[Act]) -> Iterator[list[Act]]:
    visit: list[Act] = []
    for one, two in pairwise([*acts, Act(1e9)]):
        visit.append(one)
        if two.minute - one.minute >= 30:
            yield visit
            visit = []


def by_hand(walks: dict[str, list[Act]]) -> tuple[Moves, Counter[tuple[str, str, str]]]:
    """Over pages: the visit's pages without repeats, until somebody buys."""
    first: Counter[tuple[str, str]] = Counter()
    second: Counter[tuple[str, str, str]] = Counter()
    for acts in walks.values():
        for visit in visits_of(acts):
            bought = next((place for place, act in enumerate(visit) if act.kind == "purchase"), None)
            kept = [act.page or "" for act in visit[:bought]]
            walk = [page for place, page in enumerate(kept) if place == 0 or page != kept[place - 1]]
            if walk:
                way = [START, *walk, LEFT if bought is None else CONVERTED]
                first.update(pairwise(way))
                second.update(zip(way, way[1:], way[2:], strict=False))
    return dict(first), second


@pytest.mark.parametrize("seed", [1])
def test_moves_are_those_of_the_log(warehouse: Warehouse, seed: int) -> None:
    walks = wander(seed)
    chain = chains_of(warehouse, [event for person, acts in walks.items() for event in events(person, acts)])["pages"]
    first, second = by_hand(walks)
    assert moves(chain) == first
    assert pairs(chain) == second
    assert chain.visits == sum(n for (state, _), n in first.items() if state == START)
    assert chain.converted == sum(n for (_, to), n in first.items() if to == CONVERTED)


def test_pairs_are_whole_and_the_most_frequent_ones(embedded: Warehouse) -> None:
    """A pair some of whose moves are left out would be believed too much."""
    load(embedded, [event for person, acts in wander(4).items() for event in events(person, acts)])
    whole = pairs(read_chains(embedded, values_at(embedded))["pages"])
    for most in (7, 12, 20):
        kept = pairs(read_chains(embedded, values_at(embedded, pairs=most))["pages"])
        contexts = {triple[:2] for triple in kept}
        assert 0 < len(kept) <= most
        assert kept == {triple: n for triple, n in whole.items() if triple[:2] in contexts}
        totals = Counter[tuple[str, ...]]()
        for triple, n in whole.items():
            totals[triple[:2]] += n
        assert min(totals[each] for each in contexts) >= max(n for each, n in totals.items() if each not in contexts)


def test_time_until_the_next_step(embedded: Warehouse) -> None:
    log = [
        event
        for number in range(10)
        for event in events(f"p{number}", [Act(0, "/a"), Act(number / 2, "/a"), Act(number + 1, "/b")])
    ]
    chain = chains_of(embedded, log)["pages"]
    [move] = [each for each in chain.moves if chain.states[each.state] == "/a"]
    assert (move.median_s, move.p90_s, move.people) == (5 * 60, 9 * 60, 10)
    [last] = [each for each in chain.moves if chain.states[each.state] == "/b"]
    assert last.median_s is None, "nobody knows when people look away"


def test_facets(embedded: Warehouse) -> None:
    acts = [
        Act(0, "/", "page_view"),
        Act(1, "/hats", "scroll", "hats"),
        Act(2, "/hats/1", "item_view", "hats"),
        Act(2.5, "/hats/1", "impression", "shoes"),
        Act(3, "/cart", "add_to_cart", "hats"),
        Act(4, "/thanks", "purchase", "hats"),
        Act(5, "/after", "page_view", "shoes"),
    ]
    chains = chains_of(embedded, [event for person in PEOPLE for event in events(person, acts)])
    assert moves(chains["categories"]) == {(START, "hats"): 3, ("hats", CONVERTED): 3}
    way = [START, "page_view", "item_view", "add_to_cart", CONVERTED]
    assert moves(chains["kinds"]) == dict.fromkeys(pairwise(way), 3)
    way = [START, "/", "/hats", "/hats/1", "/cart", CONVERTED]
    assert moves(chains["pages"]) == dict.fromkeys(pairwise(way), 3)


def test_pages_are_paths_and_rare_ones_lie_in_folders(embedded: Warehouse) -> None:
    addresses = ["", "/?utm=1", "/hats/?q=x#top", "/hats", "/hats/1?a=b", "/mail/ann@example.com", "/x"]
    log: list[Event] = []
    for number, person in enumerate(PEOPLE):
        walk = [*addresses[:5], addresses[5].replace("ann", person), *([addresses[6]] if number == 0 else [])]
        log += events(person, [Act(place, page) for place, page in enumerate(walk)])
    chain = chains_of(embedded, log)["pages"]
    assert chain.states[3:] == [OTHER, "/", "/hats", "/hats/1", "/mail/*"]
    assert moves(chain)["/hats", "/hats/1"] == 3
    assert moves(chain)["/mail/*", OTHER] == 1


def test_screens_and_other_schemes(embedded: Warehouse) -> None:
    write = [Act(0, "/a"), Act(1, "/b")]
    log = [event for person in PEOPLE for event in events(person, write)]
    row = {
        "android-app://shop/home": "/home",
        "/bare/path?x": "/bare/path",
        "https://shop.example": "/",
        f"https://x.y/{'z' * 1_900}": f"/{'z' * 199}",
    }
    for number, address in enumerate(row):
        context = Context(page_url=address)
        log += [
            Event(
                event_id=f"x{number}{p}", kind="page_view", occurred_at=BEGIN, user_id=f"{p}{number}", context=context
            )
            for p in "xyz"
        ]
    assert set(row.values()) <= set(chains_of(embedded, log)["pages"].states)


def test_a_visit_that_goes_on_at_the_cutoff_is_not_counted(embedded: Warehouse) -> None:
    """Of half of it, its moves are known and not that it ended: leaving and converting would come out wrong."""
    end = (CUTOFF - BEGIN) / timedelta(minutes=1)
    over = [event for person in PEOPLE for event in events(person, pages("ab"))]
    open_ = [event for person in PEOPLE for event in events(f"{person}2", pages("ac", begin=end - 20))]
    assert chains_of(embedded, [*over, *open_]) == chains_of(embedded, over)


def test_what_happens_later_is_not_known(embedded: Warehouse) -> None:
    """A leak planted for the chains, the names of their states, the paths and the picture."""
    later = (CUTOFF - BEGIN) / timedelta(minutes=1) + 1
    walks = wander(3)
    log = [event for person, acts in walks.items() for event in events(person, acts)]
    leak = [
        msgspec.structs.replace(event, event_id=f"late-{event.event_id}")
        for person in (*"abcdef", "new1", "new2")
        for event in events(person, pages("wxyz", later, buys=True))
    ]

    def found() -> list[object]:
        values = values_at(embedded)
        names = ("path_transitions", "path_conversions", "path_layers", "path_states", "path_edge")
        return [sorted(select(embedded, name, {**values, "share": 0.5}).to_pylist(), key=str) for name in names]

    load(embedded, log)
    before = found()
    load(embedded, [*log, *leak])
    assert found() == before


def test_names_are_those_of_before_the_visits_that_judge(embedded: Warehouse) -> None:
    log = [
        event for person in PEOPLE for event in (*events(person, pages("ab")), *events(f"{person}2", pages("cb", 600)))
    ]
    load(embedded, log)
    edge = BEGIN + timedelta(minutes=300)
    values = values_at(embedded, known_ms=int(edge.timestamp() * 1000), most=100)
    rows = select(embedded, "path_walks", values).to_pylist()
    assert [row["state"] for row in rows if row["facet"] == "pages"] == [OTHER, "/b"] * 3
    assert {row["state"] for row in select(embedded, "path_transitions", values).to_pylist()} == {
        START,
        "/a",
        "/b",
        "page_view",
    }


def test_who_refuses_or_is_in_quarantine_does_not_count(embedded: Warehouse) -> None:
    log = [event for person in PEOPLE for event in events(person, pages("ab"))]
    refusal = Event(event_id="no", kind="consent", occurred_at=BEGIN, user_id="cid", consent=("analytics",))
    assert chains_of(embedded, [*log, refusal])["pages"].visits == 2
    embedded.append("quarantined", [{"person": "u:bob", "until_ms": None}])
    try:
        assert chains_of(embedded, log)["pages"].visits == 2
    finally:
        embedded.run("DELETE FROM quarantined WHERE TRUE")


def test_without_purchases_signing_up_is_what_counts(embedded: Warehouse) -> None:
    log = [event for person in PEOPLE for event in events(person, [Act(0, "/join"), Act(1, "/join", "sign_up")])]
    assert moves(chains_of(embedded, log)["pages"]) == {(START, "/join"): 3, ("/join", CONVERTED): 3}


def test_flows_of_the_first_steps(embedded: Warehouse) -> None:
    log = [event for person in PEOPLE for event in events(person, pages("abababab", buys=person == "ann"))]
    log += events("dan", pages("q"))
    load(embedded, log)
    flows = read_flows(embedded, values_at(embedded))["pages"]
    assert [tuple(getattr(flow, name) for name in flow.__struct_fields__) for flow in flows] == [
        (1, "/a", "/b", 3),
        (2, "/b", "/a", 3),
        (3, "/a", "/b", 3),
        (4, "/b", "/a", 3),
        (5, "/a", LEFT, 2),
    ], "after the fifth step, how the visit ended; what one person did is nobody's business"
