from uuid import UUID

import pytest

from memsvc.domain.identifiers import TenantId
from memsvc.errors import ConfigurationError, InvalidRequestError
from memsvc.ports import Embedder
from memsvc.services.embedders import Embedders
from tests.fixtures.embedder import HashingEmbedder

ADA = TenantId(UUID(int=1))
SMALL, BIG = HashingEmbedder(dimension=64), HashingEmbedder(dimension=4_096)
BOTH = Embedders(default=SMALL, named={"big": BIG})


def test_a_model_is_served_by_its_own_encoder_or_by_none() -> None:
    assert BOTH.of_model(SMALL.model.id, ADA) is SMALL
    assert BOTH.of_model(BIG.model.id, ADA) is BIG
    assert BOTH.of_model("sha256:other", ADA) is None


def test_an_encoder_comes_on_the_account_of_whoever_asks() -> None:
    charged: list[tuple[str, TenantId]] = []

    def charge(embedder: Embedder, tenant_id: TenantId) -> Embedder:
        charged.append((embedder.model.id, tenant_id))
        return BIG

    embedders = Embedders(default=SMALL, charged=charge)

    assert embedders.of_model(SMALL.model.id, ADA) is BIG
    assert embedders.of_model("sha256:other", ADA) is None
    assert charged == [(SMALL.model.id, ADA)]


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
