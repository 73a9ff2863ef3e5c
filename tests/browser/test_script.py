"""GET /collector.js, /recommend.js: small, cached, checked; and what the collector's lists say is what the code has."""

import gzip
import re
import subprocess
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha384
from pathlib import Path
from shutil import which
from typing import get_args

import httpx
import pytest

from infra.local.embedded import load
from infra.local.layout import FUNCTIONS, ROOT
from ingest.script import COLLECTOR
from serving.script import SLOTS
from shared.events.event import Event
from shared.events.kinds import Kind
from shared.events.parse import POISONED, is_poisoned
from shared.scripts import Script

COLLECTOR_BYTES = 5_000
"""Gzipped."""

SLOTS_BYTES = 1_024
SOURCE = COLLECTOR.source.read_text()


Get = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(
    params=[("collect", "/collector.js", COLLECTOR), ("recommend", "/recommend.js", SLOTS)], ids=["collector", "slots"]
)
def served(request: pytest.FixtureRequest) -> tuple[Get, Script]:
    """A way to ask for a script, and the script."""
    name, path, script = request.param
    source = next(function for function in FUNCTIONS if function.name == name)
    transport = httpx.ASGITransport(load(source))

    async def get(**headers: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://attune.test") as client:
            return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return get, script


async def test_it_is_served_zipped(served: tuple[Get, Script]) -> None:
    get, script = served
    answer = await get(accept_encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "max-age" in answer.headers["cache-control"]
    assert answer.content == script.text == gzip.decompress(script.zipped)


def test_they_are_small() -> None:
    assert len(COLLECTOR.zipped) < COLLECTOR_BYTES
    assert len(SLOTS.text) <= SLOTS_BYTES


async def test_a_browser_that_has_it_is_told_so(served: tuple[Get, Script]) -> None:
    get, _ = served
    tags = set()
    for encoding in ("gzip", "identity"):
        first = await get(accept_encoding=encoding)
        tags.add(first.headers["etag"])
        again = await get(accept_encoding=encoding, if_none_match=f'"other", {first.headers["etag"]}')
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        changed = await get(accept_encoding=encoding, if_none_match='"other"')
        assert changed.status_code == 200
    assert len(tags) == 2


async def test_other_origins_may_check_its_hash(served: tuple[Get, Script]) -> None:
    """Browsers do so only with what they may read."""
    get, script = served
    answer = await get(origin="https://shop.example")
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["vary"] == "accept-encoding, origin"
    assert script.integrity == "sha384-" + b64encode(sha384(answer.content).digest()).decode()


@pytest.mark.parametrize("script", [COLLECTOR, SLOTS], ids=lambda script: script.source.name)
def test_it_is_served_without_comments_and_spaces(script: Script, tmp_path: Path) -> None:
    served = script.text.decode()
    assert "// " in script.source.read_text()
    assert "// " not in served
    assert "  " not in served
    if node := which("node"):
        (tmp_path / "script.js").write_text(served)
        subprocess.run([node, "--check", tmp_path / "script.js"], check=True)


def test_its_kinds_and_fields_are_the_events() -> None:
    kinds = re.search(r"const KINDS = \((.*?)\)\.split", SOURCE, re.DOTALL)
    fields = re.search(r'const FIELDS = "(.*?)"', SOURCE)
    assert kinds
    assert fields
    assert "".join(re.findall(r'"(.*?)"', kinds[1])).split() == list(get_args(Kind))
    set_by_itself = {"event_id", "kind", "occurred_at", "received_at", "user_id", "anonymous_id", "context", "consent"}
    assert set(fields[1].split()) == set(Event.__struct_fields__) - set_by_itself - {"properties"}


@pytest.mark.parametrize("identifier", [*sorted(POISONED), "0", "000-000", "ann", "a-0", "nobody"])
def test_it_knows_the_ids_that_nobody_has(identifier: str) -> None:
    nobody = re.search(r"const NOBODY = /(.*)/i;", SOURCE)
    assert nobody
    assert bool(re.search(nobody[1].replace(r"\/", "/"), identifier, re.IGNORECASE)) == is_poisoned(identifier)


def test_the_readme_pins_these_very_scripts() -> None:
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"sha384-[\w+/=]+", readme)) <= {COLLECTOR.integrity, SLOTS.integrity}
