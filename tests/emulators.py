"""Google's emulators, started once per session for the tests that ask for them."""

import os
from collections.abc import Iterator

import pytest

from infra.local.emulators import EmulatorMissingError, emulators


@pytest.fixture(scope="session")
def emulator_environment() -> Iterator[dict[str, str]]:
    """The environment variables that point to them. Without emulators the test is skipped; in CI it fails."""
    try:
        with emulators() as environment:
            yield environment
    except EmulatorMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI runs every backend: {error}")
        pytest.skip(str(error))


@pytest.fixture
def on_emulators(emulator_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of the test leads to the emulators."""
    for name, value in emulator_environment.items():
        monkeypatch.setenv(name, value)
    return emulator_environment
