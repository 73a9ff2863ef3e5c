"""What an operator may ask about paths: GET /v1/paths."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared import http
from shared.errors import PermanentError, Problem
from shared.keys import is_operator, not_an_operator
from shared.models.artifact import COLLECTION, model_key, unpack_model
from shared.models.paths import START, Chain, Facet, PathsModel
from shared.settings import Settings
from shared.stores.ports import Documents
from training.paths.expected import VISITS, expected
from training.paths.sankey import draw
from training.paths.told import tell
from training.publish import read_pointer

ROUTE = "/v1/paths"
SVG = "image/svg+xml"


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"state": "from"}):
    """The query of `GET /v1/paths`: after which state, and of those who had come to it from which."""

    over: Facet = "pages"
    state: str = START
    previous: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 20
    format: Literal["json", "svg"] | None = None


async def answer(
    query: Mapping[str, str], headers: Mapping[str, str], documents: Documents, settings: Settings
) -> http.Reply:
    """The live paths as JSON, or as a picture. May raise PermanentError and RetryableError."""
    if not is_operator(settings, headers):
        return not_an_operator()
    ask = _read(query)
    version = (await read_pointer(documents)).get("paths")
    document = await documents.get(COLLECTION, model_key("paths", str(version))) if version else None
    model = unpack_model(document.fields, PathsModel) if document else None
    if model is None or ask.over not in model.facets:
        known = ", ".join(model.facets) if model else "none; train the model paths first"
        return http.error_reply(404, f"no paths over {ask.over}", (Problem("over", "one of those learned", known),))
    chain = model.facets[ask.over]
    for name, state in (("from", ask.state), ("previous", ask.previous)):
        if state is not None and state not in chain.numbers:
            raise PermanentError("invalid", (Problem(name, f"one of {', '.join(chain.states)}"[:2_000], state[:100]),))
    if ask.format == "svg" or (ask.format is None and SVG in headers.get("accept", "")):
        picture = await asyncio.to_thread(_picture, chain, ask)
        return http.Reply(200, picture.encode(), {"content-type": SVG})
    return http.json_reply(200, tell(model, ask.over, ask.state, ask.previous, ask.limit))


def _picture(chain: Chain, ask: Ask) -> str:
    if ask.state == START:
        return draw(chain.flows, f"Paths: {chain.visits:,} visits by {ask.over}, step by step")
    return draw(expected(chain, ask.state), f"Paths: of {VISITS:,} visits at {ask.state}, as expected")


def _read(query: Mapping[str, str]) -> Ask:
    try:
        return msgspec.convert(dict(query), Ask, strict=False)
    except msgspec.ValidationError as error:
        expected_, _, field = str(error).partition(" - at `$.")
        name = field.rstrip("`")
        raise PermanentError("invalid", (Problem(name, expected_, query.get(name, "")[:60]),)) from None
