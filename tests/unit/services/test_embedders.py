import pytest

from memsvc.errors import ConfigurationError, InvalidRequestError
from memsvc.services.embedders import Embedders
from tests.fixtures.embedder import HashingEmbedder

SMALL, BIG = HashingEmbedder(dimension=64), HashingEmbedder(dimension=4_096)
BOTH = Embedders(default=SMALL, named={"big": BIG})


def test_a_model_is_served_by_its_own_encoder_or_by_none() -> None:
    assert BOTH.of_model(SMALL.model.id) is SMALL
    assert BOTH.of_model(BIG.model.id) is BIG
    assert BOTH.of_model("sha256:other") is None


@pytest.mark.parametrize(
    ("name", "found"), [("default", SMALL), ("big", BIG), (BIG.model.id, BIG), ("hashing", SMALL)]
)
def test_an_encoder_is_found_by_setting_model_name_or_id(name: str, found: HashingEmbedder) -> None:
    assert BOTH.by_name(name) is found


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidRequestError, match="default, big"):
        BOTH.by_name("bigger")


def test_vectors_longer_than_every_path_takes_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"4,097 numbers; at most 4,096.*Choose a model"):
        Embedders(default=SMALL, named={"huge": HashingEmbedder(dimension=4_097)})
