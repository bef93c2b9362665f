"""The vectors and questions that every system gets, in files that its process maps."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.similarity.sizes import Sizes, partition_sizes
from gpu_index.protocol import Ids
from memsvc.ports import Matrix

K = 10
"""Neighbours asked for."""
PRACTICE = 256
"""Queries asked before those that count."""

_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What decides the arrays; equal recipes give equal arrays."""

    vectors: int
    dimension: int
    partitions: int
    sizes: Sizes
    queries: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrays:
    """Unit vectors, partition by partition; a vector's id is its row."""

    vectors: Matrix
    """Shape (n, dimension)."""
    starts: Ids
    """Shape (partitions + 1,): partition p is the rows ``starts[p]`` to ``starts[p + 1]``."""
    queries: Matrix
    """Shape (q, dimension); none of them is among the vectors."""
    practice: Matrix
    """Shape (PRACTICE, dimension): further queries of the same kind, asked before anything is
    measured; an index that adapts to its questions may learn from them."""
    asked: Ids
    """Shape (q,): the partition each query looks into."""
    truth: Ids
    """Shape (q, K): the exact nearest, best first, padded with -1."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Map what ``write_arrays`` has written."""
        return cls(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _NAMES})

    @property
    def partitions(self) -> int:
        """How many there are."""
        return len(self.starts) - 1

    def rows(self, partition: int) -> slice:
        """Return where a partition lies."""
        return slice(int(self.starts[partition]), int(self.starts[partition + 1]))


_NAMES = ("vectors", "starts", "queries", "practice", "asked", "truth")


class RandomVectors:
    """Directions drawn evenly: no structure, the hardest case of approximate search."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension

    def queries(self, count: int, random: np.random.Generator) -> Matrix:
        """Return ``count`` of them."""
        return self.rows(count, random)

    def rows(self, count: int, random: np.random.Generator) -> Matrix:
        """Return ``count`` of them."""
        return unit(random.standard_normal((count, self._dimension), dtype=np.float32))


class ExpandedVectors:
    """Encoded texts, each drawn many times with noise that has the texts' own covariance.

    Even noise would fill directions that no text takes, and so make approximate search harder
    than among real texts.
    """

    NOISE = 0.6
    """Length of the noise beside a text's vector of length 1, on average; a row then has a cosine
    of about 0.86 with its text."""

    def __init__(self, texts: Matrix, questions: Matrix) -> None:
        self._texts = unit(texts)
        self._questions = unit(questions)
        centred = self._texts - self._texts.mean(axis=0)
        covariance = (centred.T @ centred).astype(np.float64) / len(centred)
        variances, directions = np.linalg.eigh(covariance)
        scale = np.sqrt(np.maximum(variances, 0.0) / max(variances.sum(), 1e-12)) * self.NOISE
        self._root = (directions * scale).T.astype(np.float32)

    def queries(self, count: int, random: np.random.Generator) -> Matrix:
        """Return the questions; the order is by chance."""
        return self._questions[random.permutation(len(self._questions))[:count]]

    def rows(self, count: int, random: np.random.Generator) -> Matrix:
        """Return ``count`` noisy vectors of texts."""
        noise = random.standard_normal((count, len(self._root)), dtype=np.float32) @ self._root
        return unit(self._texts[random.integers(len(self._texts), size=count)] + noise)


def write_arrays(folder: Path, recipe: Recipe, source: RandomVectors | ExpandedVectors) -> None:
    """Write the arrays of a recipe to ``folder``; memory stays bounded however many there are."""
    random = np.random.default_rng(recipe.seed)
    counts = partition_sizes(recipe.sizes, recipe.vectors, recipe.partitions)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    drawn = source.queries(recipe.queries + PRACTICE, random)
    queries, practice = drawn[: recipe.queries], drawn[recipe.queries :]
    # A partition is asked as often as it has vectors: large tenants ask more.
    rows = random.integers(recipe.vectors, size=len(queries))
    asked = (np.searchsorted(starts, rows, side="right") - 1).astype(np.int64)
    shape = (recipe.vectors, recipe.dimension)
    kept = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, shape)
    for part in _portions(0, recipe.vectors):
        kept[part] = source.rows(part.stop - part.start, random)
    kept.flush()
    small: dict[str, Matrix | Ids] = {
        "starts": starts,
        "queries": queries,
        "practice": practice,
        "asked": asked,
    }
    for name, array in small.items():
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "truth.npy", exact_nearest(kept, starts, queries, asked))


def exact_nearest(vectors: Matrix, starts: Ids, queries: Matrix, asked: Ids) -> Ids:
    """Return the ``K`` nearest rows of each query inside its partition: shape (q, K).

    By inner product in float32, straight from the definition and with no index's code; rows of
    smaller partitions are padded with -1.
    """
    truth = np.full((len(queries), K), -1, dtype=np.int64)
    for partition in np.unique(asked):
        asking = np.flatnonzero(asked == partition)
        best_scores = np.full((len(asking), K), -np.inf, dtype=np.float32)
        best_rows = np.full((len(asking), K), -1, dtype=np.int64)
        for part in _portions(int(starts[partition]), int(starts[partition + 1])):
            scores = queries[asking] @ vectors[part].T
            keep = min(K, scores.shape[1])
            near = np.argpartition(-scores, keep - 1, axis=1)[:, :keep]
            scores = np.hstack([best_scores, np.take_along_axis(scores, near, axis=1)])
            rows = np.hstack([best_rows, near + part.start])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
            best_scores = np.take_along_axis(scores, order, axis=1)
            best_rows = np.take_along_axis(rows, order, axis=1)
        truth[asking] = best_rows
    return truth


def recall_at_k(found: NDArray[np.int64], truth: Ids) -> float:
    """Return the share of the true neighbours that were found, over all queries together."""
    hits = sum(
        len(np.intersect1d(row[row >= 0], true[true >= 0]))
        for row, true in zip(found, truth, strict=True)
    )
    return hits / int((truth >= 0).sum())


def unit(rows: Matrix) -> Matrix:
    """Return the rows at length 1, float32."""
    scaled: Matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def _portions(start: int, stop: int) -> Iterator[slice]:
    for begin in range(start, stop, _ROWS_AT_ONCE):
        yield slice(begin, min(begin + _ROWS_AT_ONCE, stop))
