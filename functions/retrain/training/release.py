"""What becomes of trained models: which go live, which do not and why; each has its card before the pointer moves."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from shared.settings import Settings
from shared.stores.ports import Documents
from training.card import Card, Status, Verdict, write_cards
from training.cards import Learned, card_of
from training.lease import Lease
from training.order import Order
from training.publish import RELATED, publish, read_pointer, store
from training.results import Fitted, Model, Trained, report
from training.trial import RANKING
from training.versions import forget_data, retire


async def release(
    order: Order,
    documents: Documents,
    trained: Mapping[Model, Trained],
    learned: Learned,
    ranking: Verdict | None,
    settings: Settings,
    clock: Callable[[], datetime],
    lease: Lease,
) -> dict[str, dict[str, object]]:
    """Publish what may go live, and say what became of each model."""
    pointer = await read_pointer(documents)
    now = clock()
    cards = {model: card_of(model, each, learned, order.cutoff, now, settings) for model, each in trained.items()}
    chosen: dict[Model, Trained] = {}
    for model, each in trained.items():
        if not isinstance(each.result, Fitted):
            continue
        judged = ranking if model in RANKING else None
        verdict = _judged(model, each.result, pointer.get(model), judged, order.force)
        cards[model] = _marked(cards[model], "live" if verdict.promote else "rejected", verdict)
        if verdict.promote and pointer.get(model) != each.result.version:
            chosen[model] = each
        elif not verdict.promote:
            cards[model] = await _keep(documents, cards[model], each.result, lease)
    pictures = {card.key: _picture(trained[model]) for model, card in cards.items()}
    await write_cards(documents, [_waiting(card) for card in cards.values()], pictures)
    before = await publish(documents, chosen, lease.check)
    new = [msgspec.structs.replace(cards[model], replaced=before.get(model, "")) for model in chosen]
    await write_cards(documents, new)
    await retire(documents, before, "retired", f"replaced by the training of {now:%Y-%m-%d %H:%M}")
    await forget_data(documents)
    told: dict[str, dict[str, object]] = {
        model: {**report(trained[model]), **_outcome(card, model in chosen)} for model, card in cards.items()
    }
    if RELATED in trained:
        # Imported here: numpy is for those who train.
        from training.candidates import refresh

        live = trained[RELATED].result if cards[RELATED].status == "live" else None
        told[RELATED]["candidates_written"] = await refresh(documents, live, clock(), settings, lease.check)
    return told


def _judged(model: Model, result: Fitted, live: object, judged: Verdict | None, force: bool) -> Verdict:
    figures = judged.figures if judged else ()
    if result.version == live:
        return Verdict(True, "the same as the live one", figures)
    if force:
        return Verdict(True, "forced by the order", figures)
    if judged and not judged.promote and model == "popularity" and live is None:
        return Verdict(
            True, f"nothing was live, and this is what the others were held to; they are {judged.reason}", figures
        )
    if judged:
        return judged
    if result.doubt:
        return Verdict(False, result.doubt)
    return Verdict(True, "the first of its name" if live is None else "nothing speaks against it")


async def _keep(documents: Documents, card: Card, result: Fitted, lease: Lease) -> Card:
    """A rejected model is stored, so that it can be promoted by hand; relations would need the slot to go back to."""
    if result.relations is not None:
        return msgspec.structs.replace(card, kept=False)
    await store(documents, result, lease.check)
    return card


def _marked(card: Card, status: Status, verdict: Verdict) -> Card:
    return msgspec.structs.replace(
        card, status=status, reason=verdict.reason, figures=[*verdict.figures, *card.figures]
    )


def _waiting(card: Card) -> Card:
    """As long as the pointer has not moved."""
    return msgspec.structs.replace(card, status="waiting") if card.status == "live" else card


def _picture(trained: Trained) -> str:
    return trained.result.picture if isinstance(trained.result, Fitted) else ""


def _outcome(card: Card, is_published: bool) -> dict[str, object]:
    if not card.fitted:
        return {"status": "refused"}
    status = "published" if is_published else "unchanged" if card.status == "live" else "rejected"
    return {"status": status, "reason": card.reason}
