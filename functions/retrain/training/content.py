"""Which items are alike by what is said of them: for those that few people or nobody has met yet."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sparse_dot_topn import sp_matmul_topn

from shared.models.relations import Ranking
from shared.stores.ports import Warehouse
from training.queries import select
from training.similarity import Similar

if TYPE_CHECKING:
    import pyarrow

Row = Mapping[str, str | float | None]

FEW = 5
"""Fewer people than this have met a new item; from then on, what they also like says more than its facts."""

N = 10
"""So many are kept of either kind for an item."""

LEAST = 0.2
"""Less alike is not alike: a price or some words in common."""

MOST_SHARED = 10_000
"""What more items have in common than this says too little, for what it costs: its square."""

STEP = 0.5
"""Inverse document frequencies are whole multiples of it, so that an item more or less moves hardly any similarity and
few documents need to be written again."""

NEWER = 0.01
"""Of items that are equally alike, the one that came last: the oldest counts so much less."""

DIGITS = 3


class Content(NamedTuple):
    """For each item with facts, those that are alike: among those that few people have met, and that nobody has."""

    few: Similar
    unmet: Similar

    def finder(self) -> Callable[[str], tuple[Ranking, Ranking]]:
        """Finds those of an item."""
        places = {item_id: place for place, item_id in enumerate(self.few.item_ids)}

        def find(item_id: str) -> tuple[Ranking, Ranking]:
            place = places.get(item_id)
            return ([], []) if place is None else (self.few.of(place), self.unmet.of(place))

        return find


NOBODY = Similar([], np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0))
NO_CONTENT = Content(NOBODY, NOBODY)


def read_content(warehouse: Warehouse, values: Mapping[str, object]) -> Content:
    """What was alike by the cutoff, to whatever could be recommended then."""
    return find_alike(select(warehouse, "item_contents", values))


def find_alike(table: "pyarrow.Table") -> Content:
    """The similarity of two items is the sum over `FIELDS` of weight · cosine of what the field says of both.

    So it is in [0, 1], and what is not said of an item is like nothing. Cosines of tf · idf: G. Salton, C. Buckley,
    "Term-weighting approaches in automatic text retrieval", Information Processing & Management 1988.
    """
    rows = table.to_pylist()
    item_ids = [row["item_id"] for row in rows]
    vectors = read_vectors(rows)
    people = np.array([row["people"] for row in rows], dtype=np.int64)
    ages = np.array([row["age_rank"] for row in rows], dtype=np.float64)
    freshness = 1.0 - NEWER * (ages - 1.0) / max(len(rows), 1)
    met = (people > 0) & (people < FEW)
    return Content(*(_nearest(item_ids, vectors, np.flatnonzero(some), freshness) for some in (met, people == 0)))


def read_vectors(rows: Sequence[Row]) -> csr_matrix:
    """One row an item: the fields side by side, each as long as the root of its weight."""
    parts = [np.sqrt(weight) * _field([read(row) for row in rows]) for read, weight in FIELDS]
    return csr_matrix(hstack(parts, format="csr", dtype=np.float32))


def words(text: object) -> list[str]:
    """Lower case, without punctuation.

    >>> words("Trail-Shoe, red (2026)")
    ['trail', 'shoe', 'red', '2026']
    """
    return "".join(sign if sign.isalnum() else " " for sign in str(text or "").lower()).split()


def price_bands(price: object, currency: object) -> list[str]:
    """Two octaves of price that overlap: equal prices share both, prices within half an octave one or both.

    >>> price_bands(10.0, "EUR"), price_bands(12.0, "EUR"), price_bands(0, None)
    (['EUR 3', 'EUR 3+'], ['EUR 3', 'EUR 4+'], [])
    """
    if not isinstance(price, float) or price <= 0.0:
        return []
    octaves = np.log2(price)
    return [f"{currency} {np.floor(octaves):.0f}", f"{currency} {np.floor(octaves + 0.5):.0f}+"]


FIELDS: tuple[tuple[Callable[[Row], list[str]], float], ...] = (
    (lambda row: str(row["tags"] or "").lower().split("\n") if row["tags"] else [], 0.35),
    (lambda row: [str(row["category"])] if row["category"] else [], 0.25),
    (lambda row: [str(row["brand"]).lower()] if row["brand"] else [], 0.15),
    (lambda row: words(row["name"]), 0.15),
    (lambda row: price_bands(row["price"], row["currency"]), 0.1),
)
"""What is read of an item, and how much it counts: tags, category, brand, name, price."""


def _field(said: list[list[str]]) -> csr_matrix:
    """One row an item, of length 1 or, if nothing that tells items apart is said of it, 0."""
    if not any(said):
        return csr_matrix((len(said), 0), dtype=np.float32)
    vectorizer = TfidfVectorizer(analyzer=lambda terms: terms, norm=None, dtype=np.float32)
    counts = vectorizer.fit(said).transform(said)
    shared = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.round(vectorizer.idf_ / STEP) * STEP * (shared <= MOST_SHARED)
    weighted = csr_matrix(counts.multiply(idf / vectorizer.idf_), dtype=np.float32)
    lengths = np.sqrt(weighted.multiply(weighted).sum(axis=1)).A1
    return csr_matrix(weighted.multiply(1.0 / np.maximum(lengths, 1e-9)[:, None]), dtype=np.float32)


def _nearest(
    item_ids: list[str], vectors: csr_matrix, wanted: npt.NDArray[np.int64], freshness: npt.NDArray[np.float64]
) -> Similar:
    """Of these items the nearest to each. Of the product of all with all only these are ever held."""
    if not len(wanted) or not vectors.nnz:
        return Similar(item_ids, np.zeros(len(item_ids) + 1, np.int64), np.empty(0, np.int32), np.empty(0))
    columns = csr_matrix(vectors[wanted].multiply(freshness[wanted, None]), dtype=np.float32)
    found = sp_matmul_topn(vectors, columns.T.tocsr(), top_n=N + 1, threshold=LEAST * (1 - NEWER), sort=True)
    rows = np.repeat(np.arange(len(item_ids)), np.diff(found.indptr))
    others = wanted[found.indices]
    values = np.round(found.data / freshness[others], DIGITS)
    kept = (others != rows) & (values >= LEAST)
    rows, others, values = rows[kept], others[kept], values[kept]
    first = np.arange(len(rows)) - np.searchsorted(rows, rows) < N
    starts = np.searchsorted(rows[first], np.arange(len(item_ids) + 1))
    return Similar(item_ids, starts, others[first].astype(np.int32), np.minimum(values[first], 1.0).astype(np.float64))
