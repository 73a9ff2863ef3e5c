"""A browser for the whole run; a stack and an origin of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.process import running
from infra.local.tools import Chromium
from tests.browser.log import KEY, Log
from tests.browser.window import Window, browser
from tests.clients.conftest import chromium as chromium


@pytest.fixture(scope="session")
def window(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A browser window."""
    with browser(chromium, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A stack that asks for a write key."""
    with running("embedded", tmp_path / "data", settings={"ATTUNE_WRITE_KEYS": KEY}) as stack:
        yield Log(stack, tmp_path / "data")
