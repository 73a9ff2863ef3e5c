"""A browser window that a test looks into and acts in: real mouse, real wheel, real tabs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from infra.local.tools import Chromium

ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # root, as in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--window-size=1000,700",
)
PATIENCE_S = 30
QUEUED = "Object.keys(localStorage).filter(key => key.startsWith('attune.q.')).length"


class Window:
    """A browser with one window. What waits, waits for a fact on the page, never for a time."""

    def __init__(self, driver: Chrome):
        self.driver = driver

    def open(self, url: str) -> None:
        """Go there, and wait until the collector runs."""
        self.driver.get(url)
        self.wait("return Boolean(window.attune && window.attune.track)")

    def leave(self) -> None:
        """Go where no collector is."""
        self.driver.get("about:blank")

    def run(self, script: str, *given: object) -> Any:
        return self.driver.execute_script(script, *given)

    def wait(self, script: str) -> Any:
        """The script's answer as soon as it is truthy."""
        return WebDriverWait(self.driver, PATIENCE_S, 0.05).until(lambda _: self.run(script))

    def click(self, css: str, times: int = 1) -> None:
        """Press the mouse's button over the element so many times, as fast as a double click."""
        actions = ActionChains(self.driver, duration=50).move_to_element(self.driver.find_element(By.CSS_SELECTOR, css))
        for _ in range(times):
            actions.click()
        actions.perform()

    def type(self, css: str, text: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, css).send_keys(text)

    def wheel(self, pixels: int) -> float:
        """Turn the wheel; the place where the page comes to rest."""
        ActionChains(self.driver).scroll_by_amount(0, pixels).perform()
        self.wait(f"return scrollY >= Math.min({pixels}, document.documentElement.scrollHeight - innerHeight) - 1")
        return float(self.run("return scrollY"))

    def pause(self, ms: int) -> None:
        """Let so much time pass by the page's own clock."""
        self.driver.set_script_timeout(ms / 1e3 + PATIENCE_S)
        self.driver.execute_async_script("setTimeout(arguments[1], arguments[0])", ms)

    @contextmanager
    def another_tab(self, kind: str = "tab") -> Iterator[None]:
        """Open a tab, which hides this one, or a window, which takes its focus; and come back at the end."""
        here = self.driver.current_window_handle
        self.driver.switch_to.new_window(kind)
        try:
            yield
        finally:
            self.driver.close()
            self.driver.switch_to.window(here)

    @contextmanager
    def offline(self) -> Iterator[None]:
        """Take the page's network away for the length of a block."""
        self._connect(False)
        try:
            yield
        finally:
            self._connect(True)

    def _connect(self, is_connected: bool) -> None:
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": not is_connected, **conditions})
        if not is_connected:
            self.wait("return !navigator.onLine")

    @contextmanager
    def unreachable(self, *urls: str) -> Iterator[None]:
        """Nothing at these addresses (* stands for any text) answers for the length of a block."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": urls})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})

    @contextmanager
    def on_every_page(self, script: str) -> Iterator[None]:
        """Run the script before those of each page."""
        added = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def queued(self) -> int:
        """Events that wait in the browser for collect's answer."""
        return int(self.run(f"return {QUEUED}"))

    def stored(self) -> list[str]:
        """What the collector keeps in the browser, and cookies."""
        names: list[str] = self.run("return Object.keys(localStorage).concat(document.cookie || [])")
        return [name for name in names if name]

    def sent(self) -> int:
        """Requests that this page has made to collect, the script itself apart."""
        count = "return performance.getEntriesByType('resource').filter(one => one.name.includes('/v1/')).length"
        return int(self.run(count))

    def delivered(self) -> None:
        """Wait until collect has answered for everything."""
        self.wait(f"return {QUEUED} === 0")


@contextmanager
def browser(chromium: Chromium, profile: Path) -> Iterator[Window]:
    """A headless browser with a fresh profile."""
    options = ChromeOptions()
    options.binary_location = str(chromium.browser)
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    driver = Chrome(options=options, service=ChromeService(executable_path=str(chromium.driver)))
    try:
        yield Window(driver)
    finally:
        driver.quit()
