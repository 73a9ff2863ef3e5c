"""What every test may use."""

import os

import pytest
from hypothesis import settings

from shared.settings import PREFIX
from tests.privacy import LogWatch

pytest_plugins = ["tests.emulators"]


def pytest_configure(config: pytest.Config) -> None:
    """Watch what the suite logs; let no test depend on how fast the machine is, nor on how `make test` logs."""
    os.environ.pop(f"{PREFIX}LOG", None)
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    config.pluginmanager.register(LogWatch(), "log-watch")
