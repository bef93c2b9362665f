import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_index.addresses import Address
from gpu_index.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "address", "is_local"),
    [
        ("unix:///run/index.sock", Address(path="/run/index.sock"), True),
        ("tcp://127.0.0.1:8702", Address(host="127.0.0.1", port=8702), True),
        ("tcp://127.3.2.1:0", Address(host="127.3.2.1"), True),
        ("tcp://[::1]:8702", Address(host="::1", port=8702), True),
        ("tcp://localhost:8702", Address(host="localhost", port=8702), True),
        ("tcp://0.0.0.0:8702", Address(host="0.0.0.0", port=8702), False),
        ("tcp://[::]:8702", Address(host="::", port=8702), False),
        ("tcp://10.0.0.7:8702", Address(host="10.0.0.7", port=8702), False),
        ("tcp://index.example:8702", Address(host="index.example", port=8702), False),
    ],
)
def test_address_is_read_and_written_alike(text: str, address: Address, is_local: bool) -> None:
    assert Address.parse(text) == address
    assert str(address) == text
    assert address.is_local == is_local


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8702",
        "tcp://127.0.0.1",
        "tcp://:8702",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:8702/path",
        "unix:",
        "unix://relative/path",
        "http://127.0.0.1:80",
        "tcp://[::1",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError, match="unix:///path or tcp://host:port"):
        Address.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = Address.parse(text)
    except InvalidInputError:
        return
    assert Address.parse(str(address)) == address
