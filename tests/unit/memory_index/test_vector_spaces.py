"""Partitions of vector indexes that live as long as they are used."""

import gc

import numpy as np
import pytest

from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.vector_spaces import VectorSpaces

_ONE = np.ones((1, 4), np.float32)


def test_partition_is_freed_when_nobody_refers_to_it() -> None:
    spaces = VectorSpaces("exact")
    kept, dropped = (spaces.new_partition("model", 4) for _ in range(2))
    kept.add(np.array([1]), _ONE)
    dropped.add(np.arange(1000), np.tile(_ONE, (1000, 1)))
    full = spaces.nbytes
    del dropped
    gc.collect()
    assert spaces.nbytes < full / 10
    assert len(kept) == 1


def test_partitions_of_two_models_are_apart() -> None:
    spaces = VectorSpaces("exact")
    narrow, wide = spaces.new_partition("narrow", 4), spaces.new_partition("wide", 8)
    narrow.add(np.array([1]), _ONE)
    wide.add(np.array([1]), np.ones((1, 8), np.float32))
    assert narrow.search(_ONE[0], 1, None).ids.tolist() == [[1]]
    assert len(wide) == 1


def test_backend_that_cannot_be_opened_is_unavailable() -> None:
    with pytest.raises(IndexUnavailableError, match="no backend"):
        VectorSpaces("abacus").new_partition("model", 4)


def test_what_the_index_refuses_is_unavailable() -> None:
    partition = VectorSpaces("exact").new_partition("model", 4)
    with pytest.raises(IndexUnavailableError):
        partition.add(np.array([1]), np.full((1, 4), np.nan, np.float32))
    partition.add(np.array([1]), _ONE)
    with pytest.raises(IndexUnavailableError):
        partition.search(np.ones(3, np.float32), 1, None)
