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
BATCH = 32
RATE = 0.01

LONGEST = 20
"""So many items in a row are learned from, as many acts as a profile remembers."""

MOST_ITEMS = 20_000
EPOCHS = 10
PATIENCE = 2
HELD_OUT = 0.1
DROPOUT = 0.5
"""The share of an item's vector that is hidden while learning."""

FEWEST = 100
"""With fewer visits of two items there is nothing to learn."""

Walk = list[int]


class Trained(NamedTuple):
    """A network, and the epochs after which it ranked what was held out best."""

    net: Any
    epochs: int


def fit(sessions: Sequence[Sequence[str]]) -> GruModel | None:
    """Learn from visits in order of their start, each its items in order; None with too few of them.

    How long to learn is found on the last tenth, by rank: the loss is least long before. Then all is learned from.
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
        epochs = _train(walks[:cut], len(items), EPOCHS, walks[cut:]).epochs
        return export(_train(walks, len(items), epochs).net, items)


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
    """Visits × steps of rows, filled up with 0 → steps × items: what may come after each, visit by visit."""
    read = import_torch().nn.functional.dropout(net["vectors"](walks), dropout, training=dropout > 0)
    states, _ = net["gru"](read)
    found: torch.Tensor = states[walks > 0] @ net["vectors"].weight[1:].T + net.biases[1:]
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


def _train(walks: list[Walk], items: int, epochs: int, held: Sequence[Walk] = ()) -> Trained:
    """Minimise the cross-entropy of the next item; with visits held out, stop when they are long ranked worse."""
    torch = import_torch()
    torch.manual_seed(SEED)
    net = make_net(items)
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    best, best_epoch = 0.0, epochs
    for epoch in range(1, epochs + 1):
        for some in torch.randperm(len(walks)).split(BATCH):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(*_asked(net, [walks[at] for at in some.tolist()], DROPOUT)).backward()
            optimiser.step()
        if held:
            with torch.no_grad():
                rank = _reciprocal_rank(*_asked(net, held))
            if rank > best:
                best, best_epoch = rank, epoch
            if epoch - best_epoch >= PATIENCE:
                break
    return Trained(net, best_epoch)


def _asked(net: Any, walks: Sequence[Walk], dropout: float = 0.0) -> tuple[Any, Any]:
    """Logits and what came, one row a step."""
    torch = import_torch()
    rows = torch.nn.utils.rnn.pad_sequence([torch.tensor(walk[:-1]) for walk in walks], batch_first=True)
    return logits(net, rows, dropout), torch.tensor([place - 1 for walk in walks for place in walk[1:]])


def _reciprocal_rank(scores: Any, came: Any) -> float:
    return float((1 / (1 + (scores > scores.gather(1, came[:, None])).sum(1))).mean())
