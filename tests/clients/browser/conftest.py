"""The browser and the stack are those of the collector's tests."""

from tests.browser.conftest import log as log
from tests.browser.conftest import window as window
