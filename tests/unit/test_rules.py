"""Rules: read from YAML with every mistake named by its line, and held to by what is shown."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.rules.audience import Audience, holds
from shared.rules.parse import MOST_BYTES, parse_rules
from shared.rules.rule import Rule
from shared.rules.ruling import Ruling, rule_on
from shared.stores.ports import Value

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)  # a Friday

SHOP = b"""
rules:
  - name: premium first
    note: who buys sees the best we have
    when: {persona: high_intent_buyer, context: [home, cart]}
    items: {tag: premium}
    boost: 3
  - name: black friday
    when: {since: 2026-11-27T00:00:00+01:00, until: 2026-11-28T00:00:00+01:00, timezone: Europe/Berlin}
    items: {item_id: sale}
    pin: 1
  - name: little of one brand
    cap: 2
    per: brand
  - name: no alcohol before noon
    when: {hours: "00:00-12:00", weekdays: [mon, tue, wed, thu, fri], timezone: Europe/Berlin}
    items: {category: wine}
    exclude: true
  - name: a discount against silence
    when:
      profile: {last_seen: {at_least: 30}, purchases: {at_least: 1}}
      propensity: {churn: {at_least: 0.5}}
    items: {tag: discount}
    boost: 5
"""


class Thing(NamedTuple):
    """An item with its facts."""

    item_id: str
    category: str | None = None
    brand: str | None = None
    tags: tuple[str, ...] = ()
    price: float | None = None
    availability: str | None = None
    published_at: datetime | None = None


def audience(
    persona: str = "browser",
    context: str = "home",
    now: datetime = NOW,
    face: Mapping[str, Value] = {},
    propensities: Mapping[str, float] = {},
) -> Audience:
    return Audience(persona, context, now, lambda: face, propensities)


def held(text: bytes, **who: object) -> list[str]:
    return rule_on(parse_rules(text), audience(**who)).names  # type: ignore[arg-type]


def test_rules_hold_for_whom_when_and_where_they_say() -> None:
    everyone = {"black friday", "little of one brand", "no alcohol before noon"}
    assert set(held(SHOP)) == everyone
    assert set(held(SHOP, persona="high_intent_buyer")) == everyone | {"premium first"}
    assert set(held(SHOP, persona="high_intent_buyer", context="email")) == everyone
    assert set(held(SHOP, now=NOW.replace(hour=12))) == everyone - {"no alcohol before noon"}
    assert set(held(SHOP, now=NOW.replace(day=28))) == {"little of one brand"}
    silent: dict[str, Value] = {"last_seen": datetime(2026, 10, 1, tzinfo=UTC), "purchases": 2}
    assert "a discount against silence" in held(SHOP, face=silent, propensities={"churn": 0.7})
    assert "a discount against silence" not in held(SHOP, face=silent, propensities={"churn": 0.4})
    assert "a discount against silence" not in held(SHOP, face=silent)
    assert "a discount against silence" not in held(SHOP, face={**silent, "purchases": 0}, propensities={"churn": 0.7})


def test_rules_change_scores_and_places() -> None:
    ruling = rule_on(parse_rules(SHOP), audience("high_intent_buyer"))
    assert ruling.weigh(Thing("a", tags=("premium",))) == (3.0, "premium first")
    assert ruling.weigh(Thing("a", category="wine", tags=("premium",))) == (0.0, "no alcohol before noon")
    assert ruling.weigh(Thing("a")) == (1.0, "")
    shelf = [Thing("a", brand="x"), Thing("b", brand="x"), Thing("c", brand="x"), Thing("d"), Thing("sale", brand="x")]
    placed = list(ruling.place([one.item_id for one in shelf], {one.item_id: one for one in shelf}))
    assert placed == [("sale", "black friday"), ("a", ""), ("d", "")]


@pytest.mark.parametrize(
    ("effect", "shown"),
    [("require: true", [1.0, 0.0]), ("exclude: true", [0.0, 1.0]), ("boost: 2", [2.0, 1.0]), ("bury: 0.5", [0.5, 1.0])],
)
@pytest.mark.parametrize(
    "items",
    [
        "{category: shoes}",
        "{brand: [acme, other]}",
        "{price: {at_least: 10, at_most: 20}}",
        "{availability: in_stock}",
        "{tag: [new, red]}",
        "{newer_than_days: 7}",
        "{item_id: [x, y]}",
    ],
)
def test_every_way_to_name_items(items: str, effect: str, shown: list[float]) -> None:
    rules = parse_rules(f"rules: [{{name: r, items: {items}, {effect}}}]".encode())
    known = Thing("x", "shoes", "acme", ("red",), 15.0, "in_stock", NOW)
    ruling = rule_on(rules, audience())
    assert [ruling.weigh(known).factor, ruling.weigh(Thing("z")).factor] == shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"rules:\n  - name: a\n    items: {tag: x}\n    bost: 3\n", "line 2, rules[0]: Object contains unknown field"),
        (b"rules:\n- name: a\n  items: {tag: x}\n  boost: 0.5\n", "line 4, rules[0].boost: "),
        (b"rules:\n- name: a\n  when:\n    profile:\n      sessions: {}\n  items: {tag: x}\n  boost: 2\n", "line 5"),
        (b"rules:\n- name: a\n  items: {tag: x}\n", "exactly one of pin, boost, bury"),
        (b"rules:\n- name: a\n  items: {tag: x}\n  boost: 2\n  pin: 1\n", "exactly one of"),
        (b"rules:\n- name: a\n  boost: 2\n", "a rule about all items"),
        (
            b"rules:\n- {name: a, items: {tag: x}, pin: 1}\n- {name: a, items: {tag: x}, pin: 2}\n",
            "line 3: expected a name",
        ),
        (b"rules:\n- name: a\n  name: b\n  items: {tag: x}\n  pin: 1\n", "line 3: expected each name once"),
        (
            b"rules:\n- name: a\n  when: {timezone: Atlantis}\n  items: {tag: x}\n  pin: 1\n",
            "line 3: expected a time zone",
        ),
        (b"rules:\n- name: a\n  when: {since: 2026-01-02}\n  items: {tag: x}\n  pin: 1\n", "datetime"),
        (
            b"rules:\n- name: a\n  when: {weekdays: friday}\n  items: {tag: x}\n  pin: 1\n",
            "line 3, rules[0].when.weekdays",
        ),
        (b"rules:\n- name: a\n  when: {hours: 8-12}\n  items: {tag: x}\n  pin: 1\n", "line 3, rules[0].when.hours"),
        (b"rules: [{", "YAML"),
        (b"\xff\xfe\x00", "YAML"),
        (b"- a", "a list called rules"),
        (b"", "a list called rules"),
        (b"rules: []\nmore: 1", "nothing beside it"),
        (b"rules: &a [*a]", "no aliases"),
        (b"rules: " + b"[" * 100_000, "levels"),
        (b"rules:\n" + b"- " * 50_000, "levels"),
        (b"x" * (MOST_BYTES + 1), "bytes"),
        (b"rules: !!python/object/apply:os.system ['true']", "YAML"),
    ],
)
def test_bad_rules_are_named_by_line(text: bytes, told: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_rules(text)
    lines = [f"{one.field}: expected {one.expected}, found {one.found}" for one in caught.value.problems]
    bare = [line.replace("expected ", "", 1) if not told.count("expected") else line for line in lines]
    assert any(told in line for line in bare), lines


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(PermanentError) as caught:
        parse_rules(b"rules:\n- {name: a, items: {tag: x}, pin: 0}\n- {name: b, items: {tag: x}, cap: -1}\n")
    assert [problem.field for problem in caught.value.problems] == [
        "line 2, rules[0].pin",
        "line 3, rules[1].cap",
    ]


def test_the_same_rules_have_the_same_version() -> None:
    assert parse_rules(SHOP).version == parse_rules(b"# a remark\n" + SHOP).version
    assert parse_rules(SHOP).version != parse_rules(SHOP.replace(b"boost: 3", b"boost: 4")).version


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_text_is_read_or_refused(text: bytes) -> None:
    with suppress(PermanentError):
        assert parse_rules(b"rules:\n" + text).version


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("pqr"), st.booleans()), max_size=30),
    st.integers(1, 8),
    st.integers(0, 4),
)
def test_what_is_shown_keeps_to_pins_and_caps(shelf: list[tuple[str, str, bool]], pin: int, cap: int) -> None:
    things = {f"i{n}": Thing(f"i{n}", a, b, ("hot",) if hot else ()) for n, (a, b, hot) in enumerate(shelf)}
    text = f"""rules:
- {{name: pinned, items: {{tag: hot}}, pin: {pin}}}
- {{name: capped, items: {{category: x}}, cap: {cap}}}
- {{name: each brand, cap: {cap + 1}, per: brand}}
"""
    placed = list(rule_on(parse_rules(text.encode()), audience()).place(list(things), things))
    ids = [one.item_id for one in placed]
    assert len(ids) == len(set(ids))
    hot = [item_id for item_id, thing in things.items() if thing.tags]
    free = [one.item_id for one in placed if not one.rule]
    assert free == sorted(free, key=list(things).index)
    if hot:
        assert ids[min(pin, len(ids)) - 1] == hot[0]
    limits = [("category", "x", cap), *(("brand", brand, cap + 1) for brand in "pqr")]
    for field, value, most in limits:
        of_pinned = sum(getattr(things[one.item_id], field) == value for one in placed if one.rule)
        assert sum(getattr(things[item_id], field) == value for item_id in ids) <= max(most, of_pinned)


def test_an_answer_without_rules_is_as_it_was() -> None:
    ruling = rule_on(None, audience())
    assert ruling.weigh(Thing("a")) == (1.0, "")
    assert [one.item_id for one in ruling.place(["b", "a"], {})] == ["b", "a"]


def test_a_field_that_is_not_known_answers_no_question() -> None:
    rule = Ruling([], NOW)
    assert rule.names == []
    [question] = parse_rules(
        b"rules: [{name: a, when: {profile: {last_seen: {at_most: 3}}}, items: {tag: x}, pin: 1}]"
    ).rules
    assert isinstance(question, Rule)
    assert not holds(question.when, audience(face={"last_seen": None}))
    assert holds(question.when, audience(face={"last_seen": NOW}))
