"""Which request something belongs to: a trace id comes in with it or is made, travels with its messages, and is logged.

It is W3C Trace Context: `00-{trace, 32 hex digits}-{span, 16}-{flags, 2}` (https://www.w3.org/TR/trace-context/). Spans
are not recorded; whoever does, before or after us, finds the trace unbroken.
"""

import re
from collections.abc import Iterable, Mapping
from random import getrandbits

ATTRIBUTE = "googclient_traceparent"
"""The attribute of a message that carries it, as named by Google's own Pub/Sub clients."""

PLAIN_ATTRIBUTE = "traceparent"
"""As publishers without these clients name it; read, and never written."""

HEADER, CLOUD_HEADER = b"traceparent", b"x-cloud-trace-context"
"""The second, `TRACE/SPAN;o=FLAG`, is Google's older own; Cloud Run sets both."""

PARENT = re.compile(r"(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}", re.ASCII)
CLOUD = re.compile(r"(?!0{32})([\da-f]{32})(?:/(\d{1,20}))?(?:;o=(\d))?", re.ASCII | re.IGNORECASE)


def new_parent() -> str:
    """The start of a trace.

    >>> PARENT.fullmatch(new_parent()) is not None
    True
    """
    return f"00-{getrandbits(128) | 1:032x}-{getrandbits(64) | 1:016x}-00"


def trace_of(parent: str) -> str:
    """The trace's id.

    >>> trace_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    '4bf92f3577b34da6a3ce929d0e0e4736'
    """
    return parent[3:35]


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The trace that a request belongs to, from raw ASGI headers (names in lower case); None where none is valid.

    >>> from_headers([(b"x-cloud-trace-context", b"4BF92F3577B34DA6A3CE929D0E0E4736/67667974448284343;o=1")])
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    """
    cloud = None
    for name, value in headers:
        if name == HEADER:
            if parent := _valid(value.decode("latin-1")):
                return parent
        elif name == CLOUD_HEADER:
            cloud = value
    return None if cloud is None else _from_cloud(cloud.decode("latin-1"))


def from_attributes(attributes: Mapping[str, str] | None) -> str | None:
    """The trace that a message belongs to; None where none is valid."""
    if not attributes:
        return None
    text = attributes.get(ATTRIBUTE) or attributes.get(PLAIN_ATTRIBUTE)
    return _valid(text) if text else None


def _valid(text: str) -> str | None:
    # A later version may have more parts; the first four keep their meaning, and are passed on as version 00.
    found = PARENT.match(text)
    if found is None or (found.end() < len(text) and (text.startswith("00") or text[found.end()] != "-")):
        return None
    return f"00{found[0][2:]}"


def _from_cloud(text: str) -> str | None:
    found = CLOUD.fullmatch(text.strip())
    if found is None:
        return None
    span = int(found[2] or 0) & 0xFFFF_FFFF_FFFF_FFFF or getrandbits(64) | 1
    return f"00-{found[1].lower()}-{span:016x}-0{int(found[3] == '1')}"
