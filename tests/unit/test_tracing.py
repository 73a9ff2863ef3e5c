"""Trace ids are taken from what is valid, and from nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import tracing

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        (PARENT, PARENT),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", PARENT),
        (f"cc-{TRACE}-{SPAN}-01", PARENT),
        (f"{PARENT}-more", None),
        (f"cc-{TRACE}-{SPAN}-01.more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (PARENT.upper(), None),
        ("", None),
    ],
)
def test_a_traceparent(text: str, parent: str | None) -> None:
    assert tracing.from_headers([(b"host", b"x"), (b"traceparent", text.encode())]) == parent
    assert tracing.from_attributes({tracing.ATTRIBUTE: text}) == parent
    assert tracing.from_attributes({tracing.PLAIN_ATTRIBUTE: text}) == parent


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        (f"{TRACE}/{int(SPAN, 16)};o=1", PARENT),
        (f"{TRACE}/{int(SPAN, 16)};o=0", f"{PARENT[:-1]}0"),
        (f"{TRACE.upper()}/{int(SPAN, 16)}", f"{PARENT[:-1]}0"),
        (f"{'0' * 32}/1;o=1", None),
        (f"{TRACE}/ann", None),
        ("", None),
    ],
)
def test_googles_own_header(text: str, parent: str | None) -> None:
    assert tracing.from_headers([(b"x-cloud-trace-context", text.encode())]) == parent


def test_without_a_span_one_is_made() -> None:
    made = tracing.from_headers([(b"x-cloud-trace-context", TRACE.encode())])
    assert made is not None
    assert tracing.trace_of(made) == TRACE
    assert tracing.PARENT.fullmatch(made)


def test_the_standard_header_goes_first_where_it_is_valid() -> None:
    cloud = (b"x-cloud-trace-context", f"{'a' * 32}/1;o=1".encode())
    for headers in ([cloud, (b"traceparent", PARENT.encode())], [(b"traceparent", PARENT.encode()), cloud]):
        assert tracing.from_headers(headers) == PARENT
    broken = tracing.from_headers([(b"traceparent", b"broken"), cloud])
    assert broken is not None
    assert tracing.trace_of(broken) == "a" * 32


def test_googles_client_names_the_attribute_so() -> None:
    """What a subscriber with Google's client and OpenTelemetry looks for."""
    from google.cloud.pubsub_v1.open_telemetry.context_propagation import OpenTelemetryContextGetter
    from google.pubsub_v1.types import PubsubMessage

    message = PubsubMessage(attributes={tracing.ATTRIBUTE: PARENT})
    assert OpenTelemetryContextGetter().get(message, "traceparent") == [PARENT]


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_header_does_harm(parent: bytes, cloud: bytes) -> None:
    found = tracing.from_headers([(b"traceparent", parent), (b"x-cloud-trace-context", cloud)])
    assert found is None or tracing.PARENT.fullmatch(found)
