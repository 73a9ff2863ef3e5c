"""What Pub/Sub delivers: the push body as sent, and the same as a CloudEvent. Read here, not by the framework,
whose conversion drops the ordering key and the delivery attempt."""

import msgspec

from shared.errors import PermanentError, Problem


class PubsubMessage(msgspec.Struct, frozen=True, rename="camel"):
    """A message as delivered; `data` is decoded from base64."""

    data: bytes = b""
    attributes: dict[str, str] | None = None
    message_id: str = ""
    ordering_key: str = ""


class Push(msgspec.Struct, frozen=True, rename="camel"):
    """One delivery of one message."""

    message: PubsubMessage
    subscription: str = ""
    delivery_attempt: int | None = None


class _Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """Either form: a push has `message`; a structured CloudEvent has the push as its `data`."""

    message: PubsubMessage | None = None
    subscription: str = ""
    delivery_attempt: int | None = None
    data: Push | None = None


_decode = msgspec.json.Decoder(_Envelope).decode


def read_push(body: bytes) -> Push:
    """The delivery in a push body, a binary CloudEvent's body (the same) or a structured CloudEvent.

    Raises PermanentError if it is none of them.
    """
    try:
        envelope = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PermanentError("malformed", (Problem("", "a Pub/Sub push body or CloudEvent", str(error)),)) from None
    if envelope.data is not None:
        return envelope.data
    if envelope.message is None:
        raise PermanentError("malformed", (Problem("message", "a Pub/Sub message", "nothing"),))
    return Push(envelope.message, envelope.subscription, envelope.delivery_attempt)
