"""Bots: what gives them away, and who must not be taken for one."""

import pytest

from shared.profiles.bots import is_crawler

CHROME = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
CUBOT = "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile"
GOOGLE_APP = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 GSA/300.0 Mobile/15E148"


@pytest.mark.parametrize("agent", [CHROME, CUBOT, GOOGLE_APP, "", "analytics-python/2.3.4", "Shop/12 CFNetwork/1410"])
def test_people_and_apps_are_no_crawlers(agent: str) -> None:
    assert not is_crawler(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
        "python-requests/2.31",
    ],
)
def test_crawlers_are_told_by_their_agents(agent: str) -> None:
    assert is_crawler(agent)
