"""A script that pages load: served without comments and spaces, with what caches and Subresource Integrity need."""

import gzip
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256, sha384
from pathlib import Path

from shared import http

CACHE = "public, max-age=3600"
"""An hour: a page gets a newer script soon after a deployment."""


class Script:
    """JavaScript of a file, read when it is first asked for."""

    def __init__(self, source: Path) -> None:
        self.source = source

    def serve(self, headers: Mapping[str, str]) -> http.Reply:
        """The script; 304 to a browser that has it. Gzipped where the browser takes that, under a tag of its own."""
        takes_gzip = "gzip" in headers.get("accept-encoding", "")
        told = {
            "content-type": "text/javascript; charset=utf-8",
            "cache-control": CACHE,
            "etag": f'"{self._digest}{"-gzip" if takes_gzip else ""}"',
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if told["etag"] in headers.get("if-none-match", ""):
            return http.Reply(304, headers=told)
        if takes_gzip:
            return http.Reply(200, self.zipped, {**told, "content-encoding": "gzip"})
        return http.Reply(200, self.text, told)

    @cached_property
    def text(self) -> bytes:
        """The script as browsers get it."""
        import rjsmin  # only where somebody asks for a script

        small: str = rjsmin.jsmin(self.source.read_text(encoding="utf-8"))
        return small.encode()

    @cached_property
    def zipped(self) -> bytes:
        """The same, gzipped; the same bytes on every instance."""
        return gzip.compress(self.text, 9, mtime=0)

    @cached_property
    def integrity(self) -> str:
        """What a page's `integrity` attribute says: browsers refuse a script with another hash."""
        return f"sha384-{b64encode(sha384(self.text).digest()).decode()}"

    @cached_property
    def _digest(self) -> str:
        return sha256(self.text).hexdigest()[:32]
