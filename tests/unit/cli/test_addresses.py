import pytest

from memsvc.cli.addresses import client_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8700"),
        ("0.0.0.0", "http://127.0.0.1:8700"),
        ("::", "http://[::1]:8700"),
        ("::1", "http://[::1]:8700"),
        ("192.168.1.5", "http://192.168.1.5:8700"),
        ("localhost", "http://localhost:8700"),
    ],
)
def test_a_client_of_this_machine_can_use_the_url(host: str, url: str) -> None:
    assert client_url(host, 8700) == url
