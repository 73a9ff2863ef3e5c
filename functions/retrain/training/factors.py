"""Factors of items that ALS has learned elsewhere (infra/spark/als.py): where they are, and the learner they make."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shared.settings import Settings
from training.collaborative.from_factors import weights_of_factors
from training.collaborative.learner import Floats, Parameters
from training.similarity import Similar

if TYPE_CHECKING:
    import pyarrow

SPARK = "ALS on Spark"
FORMAT = 1
TIME = re.compile(r"\d{8}T\d{12}Z")
"""How `folder` is named: in order of time."""

TOLD = ("rank", "iterations", "regularization", "alpha")


class Factors(NamedTuple):
    """What the job has left: one row of factors an item, and its parameters and counts by name."""

    item_ids: list[str]
    values: Floats
    about: Mapping[str, float]


class Elsewhere:
    """Implements Learner with these factors, in MLlib's terms.

    Somebody new gets the x that minimises Σ c (p − x·y)² + regularization · n · |x|²; n items speak for them, and c is
    1 + alpha · weight: Y. Zhou et al., "Large-scale Parallel Collaborative Filtering for the Netflix Prize", 2008.

    Attributes:
        parameters: what it was learned with.
    """

    def __init__(self, found: Factors, item_ids: Sequence[str]) -> None:
        rows = {item_id: row for row, item_id in enumerate(found.item_ids)}
        self._factors: Floats = np.zeros((len(item_ids), found.values.shape[1]), np.float32)
        for place, item_id in enumerate(item_ids):
            if (row := rows.get(item_id)) is not None:
                self._factors[place] = found.values[row]
        self._about = found.about
        self.parameters: Parameters = {name: float(found.about[name]) for name in TOLD}

    def score(self, histories: csr_matrix) -> Floats:
        with threadpool_limits(1, "blas"):
            scores: Floats = self._people(histories) @ self._factors.T
        return scores

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:
        """With the ridge of a person who likes as many items as is usual."""
        usual = self._about["interactions"] / max(self._about["people"], 1)
        return weights_of_factors(item_ids, self._factors, self._about["regularization"] * usual, n)

    def _people(self, histories: csr_matrix) -> Floats:
        everything = self._factors.T @ self._factors
        alpha, ridge = self._about["alpha"], self._about["regularization"] * np.eye(len(everything))
        found = np.zeros((histories.shape[0], len(everything)), np.float32)
        for row in range(histories.shape[0]):
            part = slice(histories.indptr[row], histories.indptr[row + 1])
            liked, extra = self._factors[histories.indices[part]], alpha * histories.data[part]
            if len(liked):
                square = everything + (liked * extra[:, None]).T @ liked + ridge * len(liked)
                found[row] = np.linalg.solve(square, liked.T @ (1 + extra))
        return found


def learned_elsewhere(cutoff: datetime, settings: Settings, item_ids: Sequence[str]) -> dict[str, Elsewhere]:
    """The learner by name, where the engine is Spark: the newest that knows nothing after the cutoff.

    Late events move the times that a training asks about, so these need not be those of the export to the microsecond.
    Raises ValueError if there is none.
    """
    if settings.engine != "spark":
        return {}
    found = read_factors(newest(settings, cutoff))
    return {SPARK: Elsewhere(found, item_ids)}


def newest(settings: Settings, cutoff: datetime) -> str:
    """Where the newest factors as of the cutoff or before are. Raises ValueError if there are none."""
    from pyarrow import fs

    root, _, wanted = folder(settings, cutoff).rpartition("/")
    place, path = _place(root)
    found = place.get_file_info(fs.FileSelector(path, allow_not_found=True))
    for name in sorted((one.base_name for one in found if TIME.fullmatch(one.base_name)), reverse=True):
        done = place.get_file_info(f"{path}/{name}/factors/about/_SUCCESS")
        if name <= wanted and done.type == fs.FileType.File:
            return f"{root}/{name}/factors"
    raise ValueError(
        f"factors: expected what infra/spark/als.py leaves in {root}, as of {wanted} or before; found none"
    )


def read_factors(uri: str) -> Factors:
    """What the job has left in a folder of this machine or of Cloud Storage. Raises ValueError if it has not."""
    try:
        [about] = _read(f"{uri}/about", "json").to_pylist()
        table = _read(f"{uri}/items", "parquet")
    except FileNotFoundError as error:
        raise ValueError(f"factors: expected what infra/spark/als.py leaves in {uri}, found {error}") from None
    if about["format"] != FORMAT:
        raise ValueError(f"factors: expected format {FORMAT}, found {about['format']} in {uri}")
    lists = table["factors"].combine_chunks()
    values = lists.flatten().to_numpy().reshape(len(table), -1).astype(np.float32)
    return Factors(table["item_id"].to_pylist(), values, about)


def folder(settings: Settings, cutoff: datetime) -> str:
    """Where interactions up to the cutoff are left for Spark, and its factors."""
    root = settings.factors or str(Path(settings.data, "factors").resolve())
    return f"{root}/{cutoff:%Y%m%dT%H%M%S%fZ}"


def _place(uri: str) -> "tuple[pyarrow.fs.FileSystem, str]":
    from pyarrow import fs

    return fs.FileSystem.from_uri(uri) if "://" in uri else (fs.LocalFileSystem(), uri)


def _read(uri: str, form: str) -> "pyarrow.Table":
    from pyarrow import dataset

    place, path = _place(uri)
    return dataset.dataset(path, filesystem=place, format=form).to_table()
