"""A mailing: for each person of a list, the items to put into their mail, as a line of JSON for whoever sends it.

Start it with `python infra/recipes/mailing.py --url https://RECOMMEND --campaign spring < people.txt > mails.jsonl`,
with one of ATTUNE_API_KEYS in the environment's ATTUNE_KEY and Attune's client installed
(`pip install infra/clients/python`). People are user ids, one a line: addresses stay where mails are sent from.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, TextIO
from urllib.parse import parse_qsl, urlencode, urlsplit

from attune_client import Client, Person, Recommendation, Recommendations

CARD = '<p><a href="{url}">{name}</a><br><small>{reason}</small></p>'


def mails(attune: Client, user_ids: Iterable[str], n: int, campaign: str) -> Iterator[dict[str, Any]]:
    """Whoever has an answer of their own, with something in it that can be linked to."""
    people = (Person(user_id=user_id) for user_id in user_ids)
    for answer in attune.recommend_to(people, n=n, context="email"):
        cards = [card(item, campaign) for item in answer.items if item.url]
        if cards and not answer.degraded:  # a fallback list is no reason to write to anybody
            yield mail(answer, cards)


def mail(answer: Recommendations, cards: list[str]) -> dict[str, Any]:
    """What the sender needs, and by which decision it may tell what came of it."""
    return {"user_id": answer.user_id, "decision_id": answer.decision_id, "html": "\n".join(cards)}


def card(item: Recommendation, campaign: str) -> str:
    """One item as HTML. Facts are anybody's text, hence escaped; collector.js reads the campaign when they come."""
    told = {"url": link(item.url or "", campaign), "name": item.name or item.item_id, "reason": item.reason}
    return CARD.format(**{name: escape(text) for name, text in told.items()})


def link(url: str, campaign: str) -> str:
    """The item's page, marked with the campaign.

    >>> link("https://shop.example/p?id=1#more", "spring")
    'https://shop.example/p?id=1&utm_campaign=spring#more'
    """
    parts = urlsplit(url)
    return parts._replace(query=urlencode([*parse_qsl(parts.query), ("utm_campaign", campaign)])).geturl()


def main(people: TextIO = sys.stdin) -> None:
    parser = argparse.ArgumentParser(description="items for a mailing")
    parser.add_argument("--url", required=True, help="address of recommend")
    parser.add_argument("--campaign", default="attune")
    parser.add_argument("-n", type=int, default=4, help="items in a mail")
    options = parser.parse_args()
    with Client(options.url, api_key=os.environ.get("ATTUNE_KEY")) as attune:
        for one in mails(attune, filter(None, map(str.strip, people)), options.n, options.campaign):
            print(json.dumps(one))


if __name__ == "__main__":
    main()
