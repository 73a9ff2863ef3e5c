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


Stay = Literal["quick_exit", "short", "active", "long"]
"""A dwell as judged against how long its item takes."""

TYPICAL_S = 160.0
"""How long an item takes where nobody has told its own length: then the thresholds are 5, 10 and 120 seconds."""


class KindSpec(NamedTuple):
    """What a kind is worth before its dwell and scroll depth are looked at.

    Attributes:
        weight: interest that one act shows in each of its items.
        engagement: how engaged it is.
        meaning: what was done.
        length_s: how long an item of this kind typically takes; None if a dwell says nothing of the kind's item.
    """

    weight: float
    engagement: Engagement
    meaning: str
    length_s: float | None = None


KINDS: Mapping[Kind, KindSpec] = {
    "page_view": KindSpec(0, "passive", "a page or screen was opened"),
    "scroll": KindSpec(0, "passive", "scrolled; from half of the page on it weighs 0.5"),
    "item_view": KindSpec(1, "passive", "an item was opened; active from 10 s of dwell", TYPICAL_S),
    "click": KindSpec(1, "passive", "an item was clicked; active from 10 s of dwell", TYPICAL_S),
    "search": KindSpec(1, "active", "searched, in a category if one is given"),
    "video_play": KindSpec(2, "active", "played a video", TYPICAL_S),
    "dwell": KindSpec(0, "passive", "time spent, told when the page is left", TYPICAL_S),
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

QUICK_EXIT_S, QUICK_EXIT_SHARE = 5.0, 0.1
ACTIVE_DWELL_S, ACTIVE_DWELL_SHARE = 10.0, 0.25
LONG_DWELL_SHARE = 0.75
"""Thresholds of a dwell: so many seconds or that share of the item's length, whichever is less. A long one has no
seconds: two minutes of a film are not its end."""

DEEP_SCROLL = 0.5
PURCHASE_UNITS_CAP = 3
QUICK_EXIT_WEIGHT = -1.0
LONG_DWELL_WEIGHT = 1.0

SPILL = 0.5
"""How much of what a person dislikes falls on what is like it. A quick exit lowers its item by 1, and the item's
category, brand and each of its tags by half of that. At ranking, an item of negative interest lowers the score of each
of its neighbours by half of similarity · |interest relative to the strongest liking|."""

REVISIT = 1.0
"""The bonus of an item for each further day on which it is met: that of another view. It decays from the day before the
return, so the sooner somebody comes back, the more it says."""

DWELL_KINDS: frozenset[Kind] = frozenset(kind for kind, spec in KINDS.items() if spec.length_s)
"""Kinds whose dwell is the time spent with the item itself."""


def judge(kind: Kind, dwell_s: float | None, duration_s: float | None = None) -> Stay | None:
    """What a dwell says, against the item's own length or else the kind's typical one; None if it says nothing.

    A longer dwell is never judged lower, and against a longer item never higher. `weigh`'s SQL says the same
    (infra/sql/events_unique.sql).

    >>> judge("item_view", 130), judge("item_view", 130, duration_s=7200), judge("item_view", 3, duration_s=12)
    ('long', 'active', 'active')
    """
    length_s = KINDS[kind].length_s
    if dwell_s is None or length_s is None:
        return None
    length_s = duration_s or length_s
    if dwell_s < QUICK_EXIT_S and dwell_s < QUICK_EXIT_SHARE * length_s:
        return "quick_exit"
    if dwell_s >= LONG_DWELL_SHARE * length_s:
        return "long"
    return "active" if dwell_s >= ACTIVE_DWELL_S or dwell_s >= ACTIVE_DWELL_SHARE * length_s else "short"


def weigh(
    kind: Kind,
    dwell_s: float | None = None,
    scroll_depth: float | None = None,
    quantity: float | None = None,
    weights: Mapping[str, float] | None = None,
    duration_s: float | None = None,
) -> tuple[float, Engagement]:
    """The interest that one event shows in each of its items, and its engagement.

    Args:
        dwell_s: seconds spent; a quick exit weighs -1 whatever the kind, a long stay adds 1.
        scroll_depth: share of the page, 0 to 1.
        quantity: units bought; a purchase weighs per unit, at most three.
        weights: weights that replace those of the table.
        duration_s: the item's own length, where known.

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
    elif dwell_s is not None and (stay := judge(kind, dwell_s, duration_s)):
        if stay == "quick_exit":
            return QUICK_EXIT_WEIGHT, "passive"
        if stay == "long":
            weight += LONG_DWELL_WEIGHT
        if stay == "long" or (stay == "active" and kind != "dwell"):
            engagement = "active"
    return weight, engagement
