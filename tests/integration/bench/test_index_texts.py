"""The vectors of ``bench index --data text``: from the real encoder."""

from pathlib import Path

import numpy as np
import pytest

from bench.errors import BenchError
from bench.similarity.arrays import Arrays, Recipe, write_arrays
from bench.similarity.encoded import encode_texts


def test_vectors_lie_around_encoded_texts_and_queries_are_questions(tmp_path: Path) -> None:
    recipe = Recipe(vectors=500, dimension=384, partitions=5, sizes="equal", queries=10, seed=0)
    write_arrays(tmp_path, recipe, encode_texts(20, 10, 384, seed=0))
    arrays = Arrays.read(tmp_path)
    assert len(arrays.queries) == 10
    assert (arrays.queries @ arrays.vectors.T).max() < 0.99
    # About 25 rows of each of 20 texts: siblings are nearer than the rest.
    cosines = np.array(arrays.vectors) @ np.array(arrays.vectors).T
    np.fill_diagonal(cosines, np.nan)
    assert np.nanmax(cosines, axis=1).mean() > np.nanmean(cosines) + 0.2


def test_another_dimension_than_the_encoders_is_refused() -> None:
    with pytest.raises(BenchError, match="--dim 384, or --data random"):
        encode_texts(2, 1, 32, seed=0)
