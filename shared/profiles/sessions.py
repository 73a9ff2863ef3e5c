"""Sessions as spans of activity. Late events extend, join or open spans, and the outcome is that of in-order arrival.

A span is a run of acts with less than the gap of silence between neighbours: the connected components of the acts on
the time line, which do not depend on the order in which the acts are looked at.
"""

from typing import NamedTuple

RETURN_MS = 7 * 86_400_000
"""Who begins a session so soon after the end of the one before has returned."""


class Span(NamedTuple):
    """One unbroken run of acts."""

    start_ms: int
    length_ms: int
    page_views: int = 0
    item_views: int = 0
    other_acts: int = 0
    high_intent: int = 0
    active: int = 0

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.length_ms


class Sessions(NamedTuple):
    """Sums over sessions.

    Attributes:
        number: how many; an unbroken span counts once for each started cap.
        length_ms: their length.
        pages: pages opened. A shop that sends a page view and an item view for one page counts it once.
        bounces: those of one page and nothing else.
        high_intent: those with a high-intent act.
        active: those with an active act and none of high intent; the rest are passive.
        returns: those that began within `RETURN_MS` of the end of the one before.
    """

    number: int = 0
    length_ms: int = 0
    pages: int = 0
    bounces: int = 0
    high_intent: int = 0
    active: int = 0
    returns: int = 0

    def __add__(self, other: object) -> "Sessions":
        if not isinstance(other, Sessions):
            return NotImplemented
        return Sessions(*(mine + theirs for mine, theirs in zip(self, other, strict=True))) if self.number else other

    @property
    def passive(self) -> int:
        return self.number - self.high_intent - self.active


def join(spans: list[Span], act: Span, gap_ms: int) -> None:
    """Put one act, a span of no length, or another's span among the spans, in place; what it links becomes one span."""
    for index in range(len(spans) - 1, -1, -1):
        near = spans[index]
        if near.end_ms + gap_ms <= act.start_ms:
            spans.insert(index + 1, act)
            return
        if near.start_ms < act.end_ms + gap_ms:
            act = _union(near, act)
            del spans[index]
    spans.insert(0, act)


def close(spans: list[Span], n: int, cap_ms: int, before_ms: int) -> tuple[Sessions, int]:
    """Sum up all but the last n spans and remove them, in place.

    Returns the sums, and when the last removed ended: `before_ms`, the end of those removed earlier, if none was.
    """
    closed = spans[: max(0, len(spans) - n)]
    del spans[: len(closed)]
    return summarise(closed, cap_ms, before_ms), closed[-1].end_ms if closed else before_ms


def summarise(spans: list[Span], cap_ms: int, before_ms: int = 0) -> Sessions:
    """Sums over spans, the session before which ended at `before_ms` (0: there was none).

    One loop without calls: it runs for every event.
    """
    number = length_ms = pages = bounces = high = active = returns = 0
    end_ms = before_ms
    for start, length, page_views, item_views, other_acts, high_intent_acts, active_acts in spans:
        parts = 1 + length // cap_ms
        opened = max(item_views, page_views)
        number += parts
        length_ms += length
        pages += opened
        if opened == 1 and not other_acts:
            bounces += 1
        if high_intent_acts:
            high += parts
        elif active_acts:
            active += parts
        returns += parts if start - end_ms <= RETURN_MS else parts - 1
        end_ms = start + length
    return Sessions(number, length_ms, pages, bounces, high, active, returns)


def _union(one: Span, other: Span) -> Span:
    start, end = min(one.start_ms, other.start_ms), max(one.end_ms, other.end_ms)
    return Span(start, end - start, *(mine + theirs for mine, theirs in zip(one[2:], other[2:], strict=True)))
