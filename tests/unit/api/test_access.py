import httpx2
import pytest

from tests.unit.api.conftest import API_KEY, Connect
from tests.unit.api.script import Script


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        API_KEY,
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {API_KEY}x",
        f"Basic {API_KEY}",
        "Bearer schlüssel",
    ],
)
@pytest.mark.parametrize("path", ["/v1/banks", "/v1/version", "/metrics", "/docs", "/openapi.json"])
async def test_everything_but_the_probes_needs_the_key_when_one_is_set(
    connect: Connect, script: Script, header: str | None, path: str
) -> None:
    headers = {} if header is None else {b"Authorization": header.encode()}

    answer = await connect(key=API_KEY).get(path, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert script.calls == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_right_key_opens_whatever_the_host(connect: Connect, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {API_KEY}", "Host": "memory.example.org"}

    answer = await connect(key=API_KEY).get("/v1/banks", headers=headers)

    assert answer.status_code == 200


async def test_a_key_beyond_ascii_is_compared_by_its_bytes(connect: Connect) -> None:
    headers = {b"Authorization": "Bearer schlüssel".encode()}

    assert (await connect(key="schlüssel").get("/v1/banks", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("key", [None, API_KEY])
async def test_probes_need_neither_key_nor_local_host(
    connect: Connect, path: str, key: str | None
) -> None:
    answer = await connect(key=key).get(path, headers={"Host": "10.0.0.7:8700"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8700", "127.0.0.1:8700", "127.8.0.1", "[::1]:8700", "LOCALHOST"],
)
async def test_local_names_are_served_without_a_key(api: httpx2.AsyncClient, host: str) -> None:
    assert (await api.get("/v1/banks", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8700", "192.168.0.7:8700", "localhost.evil.example", "", "[::1"],
)
async def test_a_foreign_host_name_is_refused_without_a_key(
    api: httpx2.AsyncClient, script: Script, host: str
) -> None:
    """A web page that rebinds its own name to 127.0.0.1 sends that name."""
    answer = await api.get("/v1/banks", headers={"Host": host})

    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert script.calls == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:3000"])
async def test_a_request_from_another_sites_page_is_refused_without_a_key(
    api: httpx2.AsyncClient, script: Script, origin: str
) -> None:
    """Browsers send a POST without a body across origins and ask nobody first."""
    path = "/v1/banks/ada/memories/00000000-0000-0000-0000-000000000004:archive"

    answer = await api.post(path, headers={"Origin": origin})

    assert answer.status_code == 403
    assert script.calls == []


async def test_the_services_own_pages_may_call_it(api: httpx2.AsyncClient) -> None:
    headers = {"Origin": "http://127.0.0.1:8700"}

    assert (await api.get("/v1/banks", headers=headers)).status_code == 200


async def test_no_other_origin_is_allowed_to_read_answers(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/banks")

    assert not [name for name in answer.headers if name.startswith("access-control")]
