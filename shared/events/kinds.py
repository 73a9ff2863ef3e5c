"""The kinds of event: what each says about interest and how engaged it is."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Kind = Literal[
    "page_view",
    "scroll",
    "item_view",
    "click",
    "search",
    "video_play",
    "dwell",
    "bookmark",
    "share",
    "comment",
    "form_submit",
    "sign_up",
    "add_to_cart",
    "remove_from_cart",
    "begin_checkout",
    "purchase",
    "dismiss",
    "impression",
    "identify",
    "alias",
    "consent",
    "custom",
]

Engagement = Literal["passive", "active", "high_intent", "none"]
"""How engaged an act is; `none` is no act of the person at all (an impression, an identify)."""


class KindSpec(NamedTuple):
    """What a kind is worth before its dwell and scroll depth are looked at."""

    weight: float
    engagement: Engagement
    meaning: str


KINDS: Mapping[Kind, KindSpec] = {
    "page_view": KindSpec(0, "passive", "a page or screen was opened"),
    "scroll": KindSpec(0, "passive", "scrolled; from half of the page on it weighs 0.5"),
    "item_view": KindSpec(1, "passive", "an item was opened; active from 10 s of dwell"),
    "click": KindSpec(1, "passive", "an item was clicked; active from 10 s of dwell"),
    "search": KindSpec(1, "active", "searched, in a category if one is given"),
    "video_play": KindSpec(2, "active", "played a video"),
    "dwell": KindSpec(0, "passive", "time spent, told when the page is left"),
    "bookmark": KindSpec(3, "active", "kept for later: bookmark, wishlist, favourite"),
    "share": KindSpec(3, "active", "shared with others"),
    "comment": KindSpec(3, "active", "commented or reviewed"),
    "form_submit": KindSpec(3, "high_intent", "sent a form"),
    "sign_up": KindSpec(3, "high_intent", "opened an account"),
    "add_to_cart": KindSpec(3, "high_intent", "put into the cart"),
    "remove_from_cart": KindSpec(-2, "active", "taken out of the cart"),
    "begin_checkout": KindSpec(4, "high_intent", "began to pay"),
    "purchase": KindSpec(5, "high_intent", "bought; weighs per unit, up to three"),
    "dismiss": KindSpec(-3, "none", "told us not to show it again"),
    "impression": KindSpec(0, "none", "was shown"),
    "identify": KindSpec(0, "none", "the user told who they are"),
    "alias": KindSpec(0, "none", "two ids are one person"),
    "consent": KindSpec(0, "none", "allowed or refused purposes"),
    "custom": KindSpec(0, "none", "an act that Attune has no kind for"),
}

if set(KINDS) != set(get_args(Kind)):
    raise AssertionError("KINDS and Kind name different kinds")

ITEM_KINDS: frozenset[Kind] = frozenset(
    ("item_view", "click", "video_play", "bookmark", "share", "comment", "add_to_cart", "begin_checkout", "purchase")
)
"""Kinds that prove the person has met the item: it counts as seen."""

ACTIVE_DWELL_S = 10.0
LONG_DWELL_S = 120.0
QUICK_EXIT_S = 5.0
DEEP_SCROLL = 0.5
PURCHASE_UNITS_CAP = 3

DWELL_KINDS: frozenset[Kind] = frozenset(("item_view", "click", "dwell"))
"""Kinds whose dwell is the time spent with the item itself."""


def weigh(
    kind: Kind,
    dwell_s: float | None = None,
    scroll_depth: float | None = None,
    quantity: float | None = None,
    weights: Mapping[str, float] | None = None,
) -> tuple[float, Engagement]:
    """The interest that one event shows in each of its items, and its engagement.

    Args:
        dwell_s: seconds spent; below 5 on an item is a quick exit (-1), above 120 adds 1.
        scroll_depth: share of the page, 0 to 1.
        quantity: units bought; a purchase weighs per unit, at most three.
        weights: weights that replace those of the table.

    >>> weigh("purchase", quantity=2)
    (10.0, 'high_intent')
    >>> weigh("item_view", dwell_s=3)
    (-1.0, 'passive')
    """
    spec = KINDS[kind]
    weight = float((weights or {}).get(kind, spec.weight))
    engagement = spec.engagement
    if kind == "purchase":
        weight *= min(max(quantity or 1.0, 1.0), PURCHASE_UNITS_CAP)
    elif kind == "scroll" and scroll_depth is not None and scroll_depth >= DEEP_SCROLL:
        weight += 0.5
    elif kind in DWELL_KINDS and dwell_s is not None:
        if dwell_s < QUICK_EXIT_S:
            return -1.0, "passive"
        if dwell_s > LONG_DWELL_S:
            weight += 1.0
        if dwell_s > LONG_DWELL_S or (kind != "dwell" and dwell_s >= ACTIVE_DWELL_S):
            engagement = "active"
    return weight, engagement
