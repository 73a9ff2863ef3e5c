"""What every test may use."""

import pytest

from tests.privacy import LogWatch

pytest_plugins = ["tests.emulators"]


def pytest_configure(config: pytest.Config) -> None:
    """Watch what the suite logs."""
    config.pluginmanager.register(LogWatch(), "log-watch")
