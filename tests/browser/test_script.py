"""GET /collector.js: small, cached, checked; and what its lists say is what the code has."""

import gzip
import re
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha384
from pathlib import Path
from shutil import which
from typing import get_args

import httpx
import pytest

from infra.local.embedded import load
from infra.local.layout import FUNCTIONS, ROOT
from ingest.script import COLLECTOR
from shared.events.event import Event
from shared.events.kinds import Kind
from shared.events.parse import POISONED, is_poisoned

LIMIT_BYTES = 5_000
SOURCE = COLLECTOR.source.read_text()


@pytest.fixture
async def collect() -> AsyncIterator[httpx.AsyncClient]:
    source = next(function for function in FUNCTIONS if function.name == "collect")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(load(source)), base_url="http://attune.test") as client:
        yield client


async def test_it_is_small_as_served(collect: httpx.AsyncClient) -> None:
    answer = await collect.get("/collector.js", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "max-age" in answer.headers["cache-control"]
    assert answer.content == COLLECTOR.text
    assert len(COLLECTOR.zipped) < LIMIT_BYTES
    assert gzip.decompress(COLLECTOR.zipped) == COLLECTOR.text


async def test_a_browser_that_has_it_is_told_so(collect: httpx.AsyncClient) -> None:
    tags = set()
    for encoding in ("gzip", "identity"):
        first = await collect.get("/collector.js", headers={"accept-encoding": encoding})
        tags.add(first.headers["etag"])
        asked = {"accept-encoding": encoding, "if-none-match": f'"other", {first.headers["etag"]}'}
        again = await collect.get("/collector.js", headers=asked)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        changed = await collect.get("/collector.js", headers={**asked, "if-none-match": '"other"'})
        assert changed.status_code == 200
    assert len(tags) == 2


def test_integrity_is_the_hash_of_what_browsers_unpack() -> None:
    assert COLLECTOR.integrity == "sha384-" + b64encode(sha384(COLLECTOR.text).digest()).decode()


def test_it_is_served_without_comments_and_spaces(tmp_path: Path) -> None:
    served = COLLECTOR.text.decode()
    assert "//" in SOURCE
    assert "//" not in served
    assert "  " not in served
    if node := which("node"):
        (tmp_path / "collector.js").write_text(served)
        subprocess.run([node, "--check", tmp_path / "collector.js"], check=True)


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


def test_the_readme_pins_this_very_script() -> None:
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"sha384-[\w+/=]+", readme)) <= {COLLECTOR.integrity}
