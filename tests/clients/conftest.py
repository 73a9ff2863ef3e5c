"""What the tests of real clients share: the clients from npm, and a browser. In CI nothing may be missing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from infra.local import tools

Tool = TypeVar("Tool")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with the clients of package.json."""
    return _or_skip(lambda: tools.install_node_modules(Path(__file__).parent))


@pytest.fixture(scope="session")
def chromium() -> tools.Chromium:
    """A browser and its driver."""
    return _or_skip(tools.find_chromium)


def _or_skip(find: Callable[[], Tool]) -> Tool:
    try:
        return find()
    except tools.ToolMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI runs every client: {error}")
        pytest.skip(str(error))
