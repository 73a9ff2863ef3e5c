"""The versions of the models: which there are, which are live, and how another goes live by hand."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from shared.errors import PermanentError, Problem
from shared.models.artifact import CARDS, COLLECTION, model_key
from shared.models.relations import SLOT, live_slot
from shared.stores.ports import Documents, Value
from training.card import Card, Status, decode, read_card, read_cards, write_cards
from training.lease import leased
from training.publish import RELATED, move_pointer, read_pointer
from training.slots import held

KEPT = 5
"""Of a model so many versions can go live again, the newest; of that in the item documents, the two in their slots."""


async def list_versions(documents: Documents) -> list[Card]:
    """All cards, the newest first. The pointer decides what is live: a training may have been killed beside it."""
    pointer = await read_pointer(documents)
    return [_told(card, pointer.get(card.name)) for card in await read_cards(documents)]


async def show_version(documents: Documents, reference: str) -> dict[str, object]:
    """One card, its Markdown and its picture. `reference` is NAME@VERSION, or NAME for the live one."""
    name, version = await _resolve(documents, reference)
    document = await documents.get(CARDS, model_key(name, version))
    card = decode(document.fields) if document else None
    if document is None or card is None:
        raise _unknown(reference)
    told = _told(card, (await read_pointer(documents)).get(name))
    texts = {part: document.fields.get(part) or "" for part in ("markdown", "picture")}
    return {"card": msgspec.to_builtins(told), **texts}


async def promote(documents: Documents, reference: str, clock: Callable[[], datetime]) -> dict[str, str]:
    """Make this version live. Raises PermanentError if its data are gone, TakenError while a training runs."""
    async with leased(documents, clock):
        name, version = await _resolve(documents, reference)
        return await _switch(documents, name, version, "retired", "promoted by hand")


async def rollback(documents: Documents, name: str, clock: Callable[[], datetime]) -> dict[str, str]:
    """Make live what the live version had replaced."""
    async with leased(documents, clock):
        name, version = await _resolve(documents, name)
        card = await read_card(documents, name, version)
        if card is None or not card.replaced:
            raise PermanentError("nothing to go back to", (Problem("model", "one that has replaced another", name),))
        return await _switch(documents, name, card.replaced, "rolled back", f"came back when {version} was rolled back")


async def forget_data(documents: Documents) -> int:
    """Delete the data of all but the newest versions of each model; cards stay. Says of how many."""
    cards = await list_versions(documents)
    replaced = {(card.name, card.replaced) for card in cards if card.status == "live"}
    by_name: dict[str, list[Card]] = {}
    for card in cards:
        if card.kept and card.fitted and card.name != RELATED:
            by_name.setdefault(card.name, []).append(card)
    old = [card for kept in by_name.values() for card in kept[KEPT:]]
    old = [card for card in old if card.status != "live" and (card.name, card.version) not in replaced]
    if old:
        await write_cards(documents, [msgspec.structs.replace(card, kept=False) for card in old])
        await documents.delete(COLLECTION, [card.key for card in old])
    return len(old)


async def retire(documents: Documents, before: dict[str, str], status: Status, reason: str) -> None:
    """Note on the cards of what was live that it is no longer."""
    found = [await read_card(documents, name, version) for name, version in before.items()]
    await write_cards(
        documents, [msgspec.structs.replace(card, status=status, reason=reason) for card in found if card]
    )


async def _switch(documents: Documents, name: str, version: str, status: Status, reason: str) -> dict[str, str]:
    pointer = await read_pointer(documents)
    card = await read_card(documents, name, version)
    if card is None or not card.fitted:
        raise _unknown(model_key(name, version))
    if pointer.get(name) == version:
        raise PermanentError("already live", (Problem("model", "a version that is not live", card.key),))
    changes: dict[str, Value] = {name: version}
    if name == RELATED:
        slot = await held(documents, version)
        if slot is None:
            raise _gone(card.key, "in one of the two slots of the item documents")
        changes[SLOT] = slot
    elif not await documents.get(COLLECTION, card.key):
        raise _gone(card.key, f"among the {KEPT} newest")
    before = await move_pointer(documents, changes, live_slot(pointer))
    # Who comes back keeps what it had replaced, so that one can go back further.
    replaced = card.replaced if status == "rolled back" else before.get(name, "")
    live = msgspec.structs.replace(card, status="live", reason=reason, replaced=replaced)
    await write_cards(documents, [live])
    await retire(documents, before, status, f"{model_key(name, version)} went live instead")
    return {"model": name, "live": version, "before": before.get(name, "")}


async def _resolve(documents: Documents, reference: str) -> tuple[str, str]:
    name, _, version = reference.partition("@")
    live = version or (await read_pointer(documents)).get(name)
    if not live or name == SLOT:
        raise _unknown(reference)
    return name, str(live)


def _told(card: Card, live: Value) -> Card:
    if card.version == live:
        return (
            card
            if card.status == "live"
            else msgspec.structs.replace(card, status="live", reason="the pointer says so")
        )
    return card if card.status != "live" else msgspec.structs.replace(card, status="retired", reason="another is live")


def _unknown(reference: str) -> PermanentError:
    return PermanentError(
        "no such version", (Problem("model", "NAME@VERSION of a model, or NAME of a live one", reference),)
    )


def _gone(key: str, where: str) -> PermanentError:
    return PermanentError("its data are gone; train again", (Problem("model", f"a version {where}", key),))
