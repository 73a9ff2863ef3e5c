"""Names and kinds: every name of the specs is known, sites add their own, and what is unknown says so."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.kinds import KINDS
from shared.events.vocabularies import UNKNOWN, Vocabulary, ga4, kind_of, plain, segment
from tests.samples import sample

# The e-commerce events of Segment's spec (v2) and of GA4's, as their documentation lists them.
SEGMENT_V2 = """Products Searched; Product List Viewed; Product List Filtered; Promotion Viewed; Promotion Clicked;
Product Clicked; Product Viewed; Product Added; Product Removed; Cart Viewed; Checkout Started; Checkout Step Viewed;
Checkout Step Completed; Payment Info Entered; Order Completed; Order Updated; Order Refunded; Order Cancelled;
Coupon Entered; Coupon Applied; Coupon Denied; Coupon Removed; Product Added to Wishlist; Product Removed from Wishlist;
Wishlist Product Added to Cart; Product Shared; Cart Shared; Product Reviewed"""
GA4 = """view_item view_item_list select_item add_to_cart remove_from_cart view_cart add_to_wishlist begin_checkout
add_payment_info add_shipping_info purchase refund view_promotion select_promotion search"""
ALL: tuple[Vocabulary, ...] = (*segment.SEGMENT, *ga4.GA4)


def known(name: str, vocabularies: tuple[Vocabulary, ...]) -> bool:
    return any(plain(name) in vocabulary for vocabulary in vocabularies)


@pytest.mark.parametrize("name", [name.strip() for name in SEGMENT_V2.split(";")])
def test_every_event_of_segments_spec_is_known(name: str) -> None:
    assert plain(name) in segment.ECOMMERCE


@pytest.mark.parametrize("name", GA4.split())
def test_every_event_of_ga4s_spec_is_known(name: str) -> None:
    assert plain(name) in ga4.ECOMMERCE


def test_every_example_of_segments_documentation_is_known() -> None:
    text = sample("payloads/segment_ecommerce_v2_examples.txt").read_text()
    names = re.findall(r"track\('([^']+)'", text)
    assert len(names) > 20
    assert [name for name in names if not known(name, segment.SEGMENT)] == []


def test_track_payloads_of_the_spec_are_known_but_for_other_products() -> None:
    unknown = set()
    for line in sample("payloads/segment_spec_payloads.jsonl").read_text().splitlines():
        row = json.loads(line)
        name = row["payload"].get("event")
        if name and not known(name, segment.SEGMENT):
            unknown.add(row["source"].rpartition("/")[2])
    assert unknown == {"copilot.md", "email.md", "live-chat.md"}


@pytest.mark.parametrize("vocabulary", ALL)
def test_tables_are_written_plainly(vocabulary: Vocabulary) -> None:
    for name, kind in vocabulary.items():
        assert plain(name) == name
        assert kind in KINDS


def test_names_are_compared_without_case_and_separators() -> None:
    for name in ("Product Added", "product_added", " PRODUCT  ADDED ", "Product-Added"):
        assert kind_of(name, segment.SEGMENT, {}) == "add_to_cart"


def test_a_sites_own_names_come_first() -> None:
    own = {"Course Clicked": "click", "Product Viewed": "custom"}
    assert kind_of("course_clicked", segment.SEGMENT, own) == "click"  # type: ignore[arg-type]
    assert kind_of("Product Viewed", segment.SEGMENT, own) == "custom"  # type: ignore[arg-type]
    assert kind_of("Course Clicked", segment.SEGMENT, {}) == UNKNOWN


@given(st.text())
def test_any_name_has_a_kind(name: str) -> None:
    assert kind_of(name, ALL, {}) in KINDS
