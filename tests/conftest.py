"""What every test may use."""

import pytest
from hypothesis import settings

from tests.privacy import LogWatch

pytest_plugins = ["tests.emulators"]


def pytest_configure(config: pytest.Config) -> None:
    """Watch what the suite logs; let no test depend on how fast the machine is."""
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    config.pluginmanager.register(LogWatch(), "log-watch")
