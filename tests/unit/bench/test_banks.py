import re

import pytest
from memsvc_client import Client

from bench.banks import bank_name, fresh_banks
from tests.unit.bench.tiny_service import TinyService


@pytest.mark.parametrize("purpose", ["locomo-conv-26", "张曼婷", "A/B ü " * 40, ""])
def test_the_service_takes_any_name(purpose: str) -> None:
    assert re.fullmatch(r"[a-z0-9._-]{1,128}", bank_name("0a1b2c3d", purpose, 12))


def test_names_differ_when_purposes_do_not() -> None:
    service = TinyService()
    with Client(transport=service.transport) as client, fresh_banks(client, keep=True) as make:
        assert make("a").reference != make("a").reference


@pytest.mark.parametrize("keep", [True, False])
def test_banks_are_deleted_at_the_end_unless_kept(keep: bool) -> None:
    service = TinyService()
    with Client(transport=service.transport) as client:
        with fresh_banks(client, keep=keep) as make:
            names = [str(make("a").reference), str(make("b").reference)]
            assert service.deleted == []
        assert service.deleted == ([] if keep else names)


def test_banks_are_deleted_when_the_benchmark_fails() -> None:
    service = TinyService()
    with Client(transport=service.transport) as client:

        def fail() -> None:
            with fresh_banks(client, keep=False) as make:
                make("a")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert len(service.deleted) == 1
