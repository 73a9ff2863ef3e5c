"""The watch over the suite's logs sees what it must."""

import pytest

from tests.privacy import SECRET, WRITE_KEY, leaks


@pytest.mark.parametrize("line", ["ann@shop.example.com", "from 203.0.113.9", f"key={WRITE_KEY}", f"{SECRET}!"])
def test_what_must_not_be_logged_is_seen(line: str) -> None:
    assert list(leaks(f"fine\n{line}\n"))


@pytest.mark.parametrize("line", ["ready at http://127.0.0.1:8080", "version 2.44.0", "@firestore.transactional"])
def test_what_is_harmless_passes(line: str) -> None:
    assert not list(leaks(line))
