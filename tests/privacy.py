"""No log line of the whole suite may hold what identifies a person or opens a door: an e-mail, an address, a key."""

import re
from collections.abc import Iterator

import pytest

WRITE_KEY = "wk-4f1c0de5-never-in-a-log"
SECRET = "shh-5ec7e7-never-in-a-log"
"""Tests that configure keys and secrets use these."""

FORBIDDEN = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE),
    "a network address": re.compile(r"\b(?!127\.|0\.0\.0\.0)(?:\d{1,3}\.){3}\d{1,3}\b(?![-.\w])"),
    "a write key or secret": re.compile(r"never-in-a-log"),
}


class LogWatch:
    """Reads what tests and the processes they start write to standard error and to loggers."""

    def __init__(self) -> None:
        self.lines = 0
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, text in report.sections:
            if "stderr" in name or "log" in name:
                self.lines += text.count("\n")
                self.found += [f"{report.nodeid}: {what} in a log: {line[:200]}" for what, line in leaks(text)]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in dict.fromkeys(self.found):
            terminalreporter.write_line(f"PRIVACY {line}", red=True)


def leaks(text: str) -> Iterator[tuple[str, str]]:
    """What must not be in a log, and the line that has it."""
    for line in text.splitlines():
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield what, line
