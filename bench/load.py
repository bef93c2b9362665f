"""Asking a service over HTTP with several clients at a time, at little cost to what is measured.

The clients are threads of this process on connections that stay open. They send bytes made before
and keep the bytes that come; nothing is read of an answer before all of them are there. The load
they make themselves is measured and told (``cpu_s``).
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from bench.errors import BenchError, RefusedError

_LIMIT_S = 600.0
_LOADING_LIMIT_S = 600.0
_SHOWN_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A recall to be sent."""

    bank: str
    body: bytes

    @classmethod
    def of(cls, bank: str, question: str, **options: object) -> "Call":
        """Make the call that asks a bank a question, with further members of its body."""
        return cls(bank=bank, body=json.dumps({"query": question, **options}).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of one call."""

    number: int
    """Which call it was."""
    http_ms: float
    """From before its first byte is sent to after the last of the answer is read."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What several clients got."""

    answers: Sequence[Answered]
    """In the order of the calls."""
    seconds: float
    cpu_s: float
    """Processor time that this process used meanwhile."""

    @property
    def qps(self) -> float:
        """Answers per second."""
        return len(self.answers) / self.seconds


@dataclass(slots=True)
class _Shared:
    """What the clients share: the calls that are left, the answers, and what went wrong."""

    left: Iterator[tuple[int, Call]]
    turn: threading.Lock = field(default_factory=threading.Lock)
    answers: list[Answered] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    ended: SimpleQueue[None] = field(default_factory=SimpleQueue)

    def next(self) -> tuple[int, Call] | None:
        with self.turn:
            return None if self.stop.is_set() else next(self.left, None)

    def wait_for(self, clients: int) -> None:
        """Wait until so many clients have ended.

        In steps: a signal is dealt with in between. Not by joining the threads, because one whose
        join is interrupted counts as ended (Python 3.11, bpo-45274), and is never joined again.
        """
        while clients:
            with suppress(Empty):
                self.ended.get(timeout=0.2)
                clients -= 1


def ask_together(
    url: str, calls: Sequence[Call], *, clients: int, api_key: str | None = None
) -> Load:
    """Send every call once, each client its next one as soon as it has its last answer.

    Raises ``BenchError`` for an answer that is no success. Ends the clients before it raises, and
    before it lets ``KeyboardInterrupt`` through.
    """
    shared = _Shared(left=iter(enumerate(calls)))
    threads = [
        threading.Thread(target=_ask, args=(url, api_key, shared), name=f"client {number}")
        for number in range(clients)
    ]
    began, cpu = time.perf_counter(), time.process_time()
    try:
        for thread in threads:
            thread.start()
        shared.wait_for(clients)
    finally:
        shared.stop.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    if shared.failures:
        raise shared.failures[0]
    answers = sorted(shared.answers, key=lambda each: each.number)
    return Load(answers=answers, seconds=seconds, cpu_s=spent)


def ask_until_loaded(url: str, calls: Sequence[Call], *, api_key: str | None = None) -> None:
    """Send every call until it is answered, however often the service says that it takes too long.

    The first recall of a bank of a million waits for its index longer than a request may take.
    Raises ``BenchError`` as ``ask_together`` does, and after ten minutes.
    """
    until = time.monotonic() + _LOADING_LIMIT_S
    for call in calls:
        while True:
            try:
                ask_together(url, [call], clients=1, api_key=api_key)
            except RefusedError as refused:
                is_late = refused.status == http.HTTPStatus.GATEWAY_TIMEOUT
                if not is_late or time.monotonic() > until:
                    raise
            else:
                break


def _ask(url: str, api_key: str | None, shared: _Shared) -> None:
    """Be one client, until no call is left or something goes wrong somewhere."""
    connection = _connection(url)
    headers = {"Content-Type": "application/json"}
    if api_key is not None:
        headers["Authorization"] = f"Bearer {api_key}"
    try:
        while (found := shared.next()) is not None:
            number, call = found
            began = time.perf_counter()
            body = _send(connection, call, headers)
            http_ms = (time.perf_counter() - began) * 1000
            shared.answers.append(Answered(number=number, http_ms=http_ms, body=body))
    except (BenchError, OSError, http.client.HTTPException) as error:
        shared.failures.append(
            error if isinstance(error, BenchError) else BenchError(f"A client failed: {error!r}")
        )
        shared.stop.set()
    finally:
        connection.close()
        shared.ended.put(None)


def _send(connection: http.client.HTTPConnection, call: Call, headers: Mapping[str, str]) -> bytes:
    connection.request("POST", f"/v1/banks/{call.bank}/recall", call.body, dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.HTTPStatus.OK:
        said = body[:_SHOWN_CHARS].decode(errors="replace")
        raise RefusedError(f"The service answered {answer.status}: {said}", answer.status)
    return body


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=_LIMIT_S)
    return http.client.HTTPConnection(host, parts.port, timeout=_LIMIT_S)
