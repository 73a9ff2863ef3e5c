"""`rees46:PATH`: the public "eCommerce behavior data from multi category store" files."""

from pathlib import Path

from infra.local.inputs.files import Row
from infra.local.inputs.input import Fields, Input
from infra.local.inputs.tables import Convert, number, open_table, require_columns, row_id
from infra.local.inputs.times import normalise_time

LICENCE = "eCommerce behavior data: REES46 Marketing Platform (rees46.com) / Open CDP"

COLUMNS = (
    "event_time",
    "event_type",
    "product_id",
    "category_id",
    "category_code",
    "brand",
    "price",
    "user_id",
    "user_session",
)

KINDS = {
    "view": "item_view",
    "cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
    "purchase": "purchase",
}


def open_rees46(path: str) -> Input:
    """The events of one file. Raises PermanentError if it is missing or has other columns."""
    return open_table(f"REES46 {Path(path).name}", LICENCE, Path(path), _choose)


def _choose(header: Row) -> Convert:
    require_columns(header, tuple((name,) for name in COLUMNS), f"the columns {','.join(COLUMNS)}")
    places = [header.index(name) for name in COLUMNS]

    def convert(row: Row) -> Fields:
        return _event(row_id(row), *(row[place] for place in places))

    return convert


def _event(
    event_id: str,
    event_time: str,
    event_type: str,
    product_id: str,
    category_id: str,
    category_code: str,
    brand: str,
    price: str,
    user_id: str,
    user_session: str,
) -> Fields:
    context = {"source": "api"}
    event: dict[str, object] = {
        "event_id": event_id,
        "kind": KINDS.get(event_type, event_type),
        "occurred_at": normalise_time(event_time),
        "user_id": user_id,
        "item_ids": [product_id] if product_id else [],
        "context": context,
    }
    if user_session:
        context["session_id"] = user_session
    if category := category_code or category_id:
        event["category"] = category
    amount = number(price)
    if properties := {name: cell for name, cell in (("brand", brand), ("price", amount)) if cell != ""}:
        event["properties"] = properties
    if event_type == "purchase":
        event.update(value=amount, currency="USD", quantity=1)
    return event
