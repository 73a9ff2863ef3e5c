"""Sessions as spans of activity. Late events extend, join or open spans, and the outcome is that of in-order arrival.

A span is a run of acts with less than the gap of silence between neighbours: the connected components of the acts on
the time line, which do not depend on the order in which the acts are looked at.
"""

from typing import NamedTuple


class Span(NamedTuple):
    """One unbroken run of acts."""

    start_ms: int
    length_ms: int
    page_views: int = 0
    item_views: int = 0
    other_acts: int = 0
    high_intent: int = 0

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.length_ms

    @property
    def pages(self) -> int:
        """Pages opened. A shop that sends a page view and an item view for one page counts it once."""
        return max(self.page_views, self.item_views)

    @property
    def bounced(self) -> bool:
        """One page and nothing else."""
        return self.pages == 1 and self.other_acts == 0


class Sessions(NamedTuple):
    """Sums over sessions: how many, their length, pages, bounces."""

    number: int = 0
    length_ms: int = 0
    pages: int = 0
    bounces: int = 0

    def __add__(self, other: object) -> "Sessions":
        if not isinstance(other, Sessions):
            return NotImplemented
        return Sessions(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def join(spans: list[Span], act: Span, gap_ms: int) -> None:
    """Put one act, a span of no length, among the spans, in place; what it links becomes one span."""
    for index in range(len(spans) - 1, -1, -1):
        near = spans[index]
        if near.end_ms + gap_ms <= act.start_ms:
            spans.insert(index + 1, act)
            return
        if near.start_ms < act.end_ms + gap_ms:
            act = _union(near, act)
            del spans[index]
    spans.insert(0, act)


def close(spans: list[Span], n: int, cap_ms: int) -> tuple[Sessions, int]:
    """Sum up all but the last n spans and remove them, in place. Returns the sums, and when the last removed ended."""
    closed = spans[: max(0, len(spans) - n)]
    del spans[: len(closed)]
    return summarise(closed, cap_ms), closed[-1].end_ms if closed else 0


def summarise(spans: list[Span], cap_ms: int) -> Sessions:
    """Sums over spans; an unbroken span counts as one session for each started `cap_ms`."""
    number = length_ms = pages = bounces = 0
    for _, length, page_views, item_views, other_acts, _ in spans:
        opened = max(
            page_views, item_views
        )  # Span.pages and Span.bounced, without a call for each: this runs for every event
        number += 1 + length // cap_ms
        length_ms += length
        pages += opened
        bounces += opened == 1 and not other_acts
    return Sessions(number, length_ms, pages, bounces)


def _union(one: Span, other: Span) -> Span:
    start, end = min(one.start_ms, other.start_ms), max(one.end_ms, other.end_ms)
    return Span(start, end - start, *(mine + theirs for mine, theirs in zip(one[2:], other[2:], strict=True)))
