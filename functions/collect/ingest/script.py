"""GET /collector.js: the collector, without its comments, with what caches and Subresource Integrity need."""

import gzip
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256, sha384
from pathlib import Path

from ingest.call import Call
from shared import http

SOURCE = Path(__file__).resolve().parents[1] / "collector.js"

# An hour: a page gets a newer collector soon after a deployment.
CACHE = "public, max-age=3600"

COMMENTS = re.compile(r"^\s*//.*\n|^\s*\n|\s+// .*$|^ +", re.MULTILINE)
"""A comment on a line of its own, or after ` // ` at a line's end; and indentation."""


async def serve(call: Call) -> http.Reply:
    """The script; 304 to a browser that has it. Gzipped where the browser takes that, under a tag of its own."""
    takes_gzip = "gzip" in call.headers.get("accept-encoding", "")
    headers = {
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": CACHE,
        "etag": etag(takes_gzip),
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if headers["etag"] in call.headers.get("if-none-match", ""):
        return http.Reply(304, headers=headers)
    if takes_gzip:
        return http.Reply(200, zipped(), {**headers, "content-encoding": "gzip"})
    return http.Reply(200, script(), headers)


@cache
def script() -> bytes:
    """The collector as browsers get it."""
    return stripped(SOURCE.read_text(encoding="utf-8")).encode()


@cache
def zipped() -> bytes:
    """The same, gzipped; the same bytes on every instance."""
    return gzip.compress(script(), 9, mtime=0)


@cache
def etag(takes_gzip: bool) -> str:
    """A strong tag of the content, one for each encoding."""
    return f'"{sha256(script()).hexdigest()[:32]}{"-gzip" if takes_gzip else ""}"'


@cache
def integrity() -> str:
    """What a page's `integrity` attribute says: browsers refuse a script with another hash."""
    return f"sha384-{b64encode(sha384(script()).digest()).decode()}"


def stripped(source: str) -> str:
    """JavaScript without its comments and indentation.

    >>> stripped("// What it is.\\n  go(); // why\\n  let url = 'https://x';\\n")
    "go();\\nlet url = 'https://x';\\n"
    """
    return COMMENTS.sub("", source)
