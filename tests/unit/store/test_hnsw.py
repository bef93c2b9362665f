from uuid import UUID

import pytest

from memsvc.domain.identifiers import BankId
from memsvc.errors import ConfigurationError
from memsvc.store.hnsw import HnswIndex


def index(dimension: int = 384, model: str = "sha256:a") -> HnswIndex:
    return HnswIndex(bank_id=BankId(UUID(int=5)), model_id=model, dimension=dimension)


def test_a_name_tells_bank_and_model_apart_and_fits() -> None:
    assert index().name != index(model="sha256:b").name
    assert len(index(model="m" * 250).name) <= 63


@pytest.mark.parametrize(
    ("dimension", "operators"),
    [(4_000, "halfvec_cosine_ops"), (4_001, "bit_hamming_ops"), (4_096, "bit_hamming_ops")],
)
def test_the_most_faithful_form_that_can_be_indexed_is(dimension: int, operators: str) -> None:
    assert operators in index(dimension).create()


def test_a_dimension_beyond_every_path_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="4,096"):
        index(4_097).create()


def test_a_model_id_cannot_break_out_of_the_statement() -> None:
    with pytest.raises(ValueError, match="not a model id"):
        index(model="a'; DROP TABLE banks; --").create()
