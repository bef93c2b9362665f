"""litellm over HTTP against a server that misbehaves on request."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import stamina
from pydantic import SecretStr

from memsvc.errors import ConfigurationError, EmbedderUnavailableError
from memsvc.llm.client import ProviderClient, ProviderEndpoint
from tests.fixtures.openai_server import OpenAIServer, Reply, embeddings, failure

TEXTS = ["one", "two"]
KEY = "sk-very-secret"


def endpoint(api_base: str, timeout_s: float = 10.0) -> ProviderEndpoint:
    return ProviderEndpoint(
        model="openai/scripted", api_base=api_base, api_key=SecretStr(KEY), timeout_s=timeout_s
    )


@pytest.fixture
async def client(openai_server: OpenAIServer) -> AsyncIterator[ProviderClient]:
    opened = await ProviderClient.open(endpoint(openai_server.url))
    # Retries stay, the pauses between them go.
    with stamina.set_testing(True, attempts=3, cap=True):
        yield opened
    await opened.close()


async def test_vectors_come_in_the_order_of_the_texts(
    client: ProviderClient, openai_server: OpenAIServer
) -> None:
    reply = embeddings([[1.0], [2.0]])
    assert isinstance(reply.body, dict)
    openai_server.script.append(Reply(body={**reply.body, "data": reply.body["data"][::-1]}))

    assert (await client.embed(TEXTS)).vectors == [[1.0], [2.0]]
    assert openai_server.requests[0]["input"] == TEXTS


@pytest.mark.parametrize(
    "reply",
    [
        failure(429),
        failure(500),
        failure(502),
        failure(503),
        Reply(body="{cut off"),
        Reply(body={"unexpected": True}),
        embeddings([]),
        embeddings([[1.0]]),
    ],
    ids=["429", "500", "502", "503", "not JSON", "other JSON", "no vectors", "too few vectors"],
)
async def test_passing_failure_is_tried_again(
    client: ProviderClient, openai_server: OpenAIServer, reply: Reply
) -> None:
    openai_server.script.append(reply)

    reply_at_last = await client.embed(TEXTS)
    assert reply_at_last.vectors == [openai_server.usual_vector(text) for text in TEXTS]
    assert len(openai_server.requests) == 2


async def test_lasting_failure_is_an_unavailable_embedder_after_a_few_attempts(
    client: ProviderClient, openai_server: OpenAIServer
) -> None:
    openai_server.script.extend([failure(503)] * 10)

    with pytest.raises(EmbedderUnavailableError, match="503"):
        await client.embed(TEXTS)
    assert len(openai_server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_refusal_is_a_configuration_error_at_once(
    client: ProviderClient, openai_server: OpenAIServer, status: int
) -> None:
    openai_server.script.append(failure(status, f"no access with {KEY} to {TEXTS[0]}"))

    with pytest.raises(ConfigurationError, match=str(status)) as caught:
        await client.embed(TEXTS)
    assert len(openai_server.requests) == 1
    assert KEY not in str(caught.value)


async def test_silence_is_an_unavailable_embedder_when_the_time_is_up(
    openai_server: OpenAIServer,
) -> None:
    client = await ProviderClient.open(endpoint(openai_server.url, timeout_s=0.3))
    openai_server.script.extend([Reply(delay_s=300)] * 3)

    with stamina.set_testing(True, attempts=1), pytest.raises(EmbedderUnavailableError):
        await asyncio.wait_for(client.embed(TEXTS), 60)
    await client.close()


async def test_absent_server_is_an_unavailable_embedder() -> None:
    client = await ProviderClient.open(endpoint("http://127.0.0.1:9/v1"))

    with stamina.set_testing(True, attempts=2), pytest.raises(EmbedderUnavailableError):
        await client.embed(TEXTS)
    await client.close()


async def test_client_works_again_after_another_was_closed(
    client: ProviderClient, openai_server: OpenAIServer
) -> None:
    await client.embed(TEXTS)
    await client.close()

    await client.embed(TEXTS)
    assert len(openai_server.requests) == 2


def test_litellm_is_not_imported_until_a_client_is_opened() -> None:
    check = "import sys, memsvc.llm.embedder; sys.exit('litellm' in sys.modules)"

    subprocess.run([sys.executable, "-c", check], check=True)


def test_opening_a_client_makes_no_connection() -> None:
    script = """
import asyncio, socket

def refuse(*args):
    raise SystemExit(f"connected to {args[-1]}")

socket.socket.connect = socket.getaddrinfo = refuse
from memsvc.llm.client import ProviderClient, ProviderEndpoint

endpoint = ProviderEndpoint(model="openai/x", api_base=None, api_key=None, timeout_s=1)
asyncio.run(ProviderClient.open(endpoint))
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_missing_litellm_names_the_extra_to_install() -> None:
    script = """
import asyncio, sys

sys.modules["litellm"] = None
from memsvc.errors import ConfigurationError
from memsvc.llm.client import ProviderClient, ProviderEndpoint

endpoint = ProviderEndpoint(model="openai/x", api_base=None, api_key=None, timeout_s=1)
try:
    asyncio.run(ProviderClient.open(endpoint))
except ConfigurationError as error:
    assert "memsvc[llm]" in str(error)
else:
    sys.exit("opened")
"""
    subprocess.run([sys.executable, "-c", script], check=True)
