"""A gated recurrent unit that learns which item comes next in a visit. An extra: only here PyTorch is imported."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.models.artifact import checksum
from shared.models.gru import GruModel

if TYPE_CHECKING:
    import torch

SEED = 42
SIZE = 64
BATCH = 64
RATE = 0.003

LONGEST = 20
"""So many items in a row are learned from, as many acts as a profile remembers."""

MOST_ITEMS = 20_000
EPOCHS = 30
PATIENCE = 3
HELD_OUT = 0.1
DROPOUTS = (0.2, 0.5)
"""The share of an item's vector that is hidden while learning: the better on the visits held out is taken."""

FEWEST = 100
"""With fewer visits of two items there is nothing to learn."""

Walk = list[int]


class Trained(NamedTuple):
    """A network, and the epochs after which its loss on what was held out was least."""

    net: Any
    loss: float
    epochs: int


def fit(sessions: Sequence[Sequence[str]]) -> GruModel | None:
    """Learn from visits in order of their start, each its items in order; None with too few of them.

    How long to learn and the dropout are chosen on the last tenth; then all is learned from.
    Raises ImportError if PyTorch is missing.
    """
    torch = import_torch()
    counts = Counter(item_id for session in sessions for item_id in session)
    items = sorted(item_id for item_id, _ in counts.most_common(MOST_ITEMS))
    places = {item_id: place for place, item_id in enumerate(items, 1)}  # 0 fills up
    known = [[places[item_id] for item_id in session if item_id in places] for session in sessions]
    walks = [walk[at : at + LONGEST + 1] for walk in known for at in range(0, len(walk) - 1, LONGEST)]
    if len(walks) < FEWEST:
        return None
    cut = int(len(walks) * (1 - HELD_OUT))
    with torch.random.fork_rng():
        tried = {rate: _train(walks[:cut], len(items), rate, EPOCHS, walks[cut:]) for rate in DROPOUTS}
        dropout, best = min(tried.items(), key=lambda pair: pair[1].loss)
        return export(_train(walks, len(items), dropout, best.epochs).net, items)


def import_torch() -> Any:
    """PyTorch. Raises ImportError, which says what to install."""
    try:
        import torch
    except ImportError as error:
        raise ImportError("PyTorch is missing: pip install -r requirements-lstm.txt") from error
    return torch


def make_net(items: int, size: int = SIZE) -> Any:
    """Vectors (row 0 fills up), the unit, and biases."""
    torch = import_torch()
    parts = {"vectors": torch.nn.Embedding(items + 1, size, padding_idx=0)}
    torch.nn.init.normal_(parts["vectors"].weight, std=size**-0.5)
    parts["gru"] = torch.nn.GRU(size, size, batch_first=True)
    net = torch.nn.ModuleDict(parts)
    net.register_parameter("biases", torch.nn.Parameter(torch.zeros(items + 1)))
    return net


def logits(net: Any, walks: "torch.Tensor", dropout: float = 0.0) -> "torch.Tensor":
    """Visits × steps of rows → visits × steps × items: what may come after each step."""
    read = import_torch().nn.functional.dropout(net["vectors"](walks), dropout, training=dropout > 0)
    states, _ = net["gru"](read)
    found: torch.Tensor = states @ net["vectors"].weight[1:].T + net.biases[1:]
    return found


def export(net: Any, items: list[str]) -> GruModel:
    """The network as plain data. Its version is what it says."""
    gru = net["gru"]
    tensors = (
        net["vectors"].weight[1:],
        net.biases[1:],
        gru.weight_ih_l0,
        gru.weight_hh_l0,
        gru.bias_ih_l0,
        gru.bias_hh_l0,
    )
    parts = [tensor.detach().numpy().astype("<f4").tobytes() for tensor in tensors]
    return GruModel(checksum(b"".join(parts))[:12], items, gru.hidden_size, *parts)


def _train(walks: list[Walk], items: int, dropout: float, epochs: int, held: Sequence[Walk] = ()) -> Trained:
    """Minimise the cross-entropy of the next item; with visits held out, stop when they have been worse for a while."""
    torch = import_torch()
    torch.manual_seed(SEED)
    net = make_net(items)
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    best, best_epoch = float("inf"), epochs
    for epoch in range(1, epochs + 1):
        for some in torch.randperm(len(walks)).split(BATCH):
            optimiser.zero_grad()
            _loss(net, [walks[place] for place in some.tolist()], dropout).backward()
            optimiser.step()
        if held:
            with torch.no_grad():
                loss = _loss(net, held).item()
            if loss < best:
                best, best_epoch = loss, epoch
            if epoch - best_epoch >= PATIENCE:
                break
    return Trained(net, best, best_epoch)


def _loss(net: Any, walks: Sequence[Walk], dropout: float = 0.0) -> Any:
    torch = import_torch()
    rows = torch.nn.utils.rnn.pad_sequence([torch.tensor(walk) for walk in walks], batch_first=True)
    found = logits(net, rows[:, :-1], dropout)
    return torch.nn.functional.cross_entropy(found.flatten(0, 1), rows[:, 1:].flatten() - 1, ignore_index=-1)
