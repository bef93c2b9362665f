"""Sending calls: the one place where sync and async differ."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import uuid4

import httpx2

from memsvc_client.answers import read_answer
from memsvc_client.call import Call, Item, Result, next_page
from memsvc_client.errors import MemsvcError, ServiceTimeoutError, ServiceUnreachableError
from memsvc_client.models import Page
from memsvc_client.retries import Attempts
from memsvc_client.version import __version__

log = logging.getLogger(__name__)


class Sender:
    """Sends calls over a ``httpx2.Client``, again where that may help."""

    def __init__(
        self,
        http: httpx2.Client,
        *,
        max_retries: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._max_retries = max_retries
        self.sleep = sleep

    def send(self, call: Call[Result]) -> Result:
        """Return the result of ``call``, or raise what went wrong at the last attempt."""
        request = _build_request(self._http, call)
        attempts = Attempts(self._max_retries)
        while True:
            try:
                answer = self._http.send(request)
            except httpx2.RequestError as failure:
                pause_s = attempts.pause_after_failure(failure)
                if pause_s is None:
                    raise _explain(failure, request) from failure
            else:
                pause_s = _pause_after_answer(attempts, call, answer)
                if pause_s is None:
                    return read_answer(call, answer)
            _log_retry(call, pause_s)
            self.sleep(pause_s)

    def items(self, call: Call[Page[Item]]) -> Iterator[Item]:
        """Yield the items of every page, each page fetched when it is needed."""
        following: Call[Page[Item]] | None = call
        while following is not None:
            page = self.send(following)
            yield from page.items
            following = next_page(call, page)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class AsyncSender:
    """Sends calls over a ``httpx2.AsyncClient``, again where that may help."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        max_retries: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._max_retries = max_retries
        self.sleep = sleep

    async def send(self, call: Call[Result]) -> Result:
        """Return the result of ``call``, or raise what went wrong at the last attempt."""
        request = _build_request(self._http, call)
        attempts = Attempts(self._max_retries)
        while True:
            try:
                answer = await self._http.send(request)
            except httpx2.RequestError as failure:
                pause_s = attempts.pause_after_failure(failure)
                if pause_s is None:
                    raise _explain(failure, request) from failure
            else:
                pause_s = _pause_after_answer(attempts, call, answer)
                if pause_s is None:
                    return read_answer(call, answer)
            _log_retry(call, pause_s)
            await self.sleep(pause_s)

    async def items(self, call: Call[Page[Item]]) -> AsyncIterator[Item]:
        """Yield the items of every page, each page fetched when it is needed."""
        following: Call[Page[Item]] | None = call
        while following is not None:
            page = await self.send(following)
            for item in page.items:
                yield item
            following = next_page(call, page)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def default_headers(api_key: str | None) -> dict[str, str]:
    """Return the headers that every request carries."""
    headers = {"User-Agent": f"memsvc-client/{__version__}"}
    return headers if api_key is None else {**headers, "Authorization": f"Bearer {api_key}"}


def _build_request(http: httpx2.Client | httpx2.AsyncClient, call: Call[Result]) -> httpx2.Request:
    """Build the request that every attempt sends, so that all have one Idempotency-Key."""
    return http.build_request(
        call.method,
        call.path,
        params=call.params,
        json=call.json,
        headers={"Idempotency-Key": str(uuid4())} if call.mutates else None,
    )


def _pause_after_answer(
    attempts: Attempts, call: Call[Result], answer: httpx2.Response
) -> float | None:
    return None if answer.status_code in call.answers else attempts.pause_after_answer(answer)


def _explain(failure: httpx2.RequestError, request: httpx2.Request) -> MemsvcError:
    place = f"{request.url.scheme}://{request.url.netloc.decode()}"
    if isinstance(failure, httpx2.TimeoutException):
        return ServiceTimeoutError(f"{place} did not answer {request.method} in time")
    reason = str(failure) or type(failure).__name__
    return ServiceUnreachableError(f"{place} cannot be reached: {reason}; does the service run?")


def _log_retry(call: Call[Result], pause_s: float) -> None:
    log.info("%s %s failed; trying again in %.1f s", call.method, call.path, pause_s)
