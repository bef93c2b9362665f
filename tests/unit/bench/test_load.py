import _thread
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.errors import BenchError
from bench.load import Call, ask_together, ask_until_loaded

Answer = Callable[[str, dict[str, object]], tuple[int, bytes]]


class Asked:
    """A server that answers as told, and counts how many it answers at once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._turn = threading.Lock()
        self._under_way = 0
        self.most_at_once = 0
        self.connections: set[object] = set()

    def __call__(self, path: str, body: dict[str, object], peer: object) -> tuple[int, bytes]:
        with self._turn:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            self.connections.add(peer)
        try:
            return self._answer(path, body)
        finally:
            with self._turn:
                self._under_way -= 1


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], tuple[str, Asked]]]:
    """Start servers of recalls; they end with the test."""
    servers = []

    def start(answer: Answer) -> tuple[str, Asked]:
        asked = Asked(answer)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, said = asked(self.path, body, self.client_address)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def calls(count: int) -> list[Call]:
    return [Call.of("ann", f"question {number}", k=3) for number in range(count)]


def clients_alive() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("client ")]


def test_every_call_is_answered_once_and_told_in_order(
    serve: Callable[[Answer], tuple[str, Asked]],
) -> None:
    together = threading.Barrier(3, timeout=10)

    def echo(path: str, body: dict[str, object]) -> tuple[int, bytes]:
        if body["query"] in {"question 0", "question 1", "question 2"}:
            together.wait()  # Passes only if three ask at the same time.
        return 200, json.dumps([path, body]).encode()

    url, asked = serve(echo)

    load = ask_together(url, calls(7), clients=3)

    assert [json.loads(each.body) for each in load.answers] == [
        ["/v1/banks/ann/recall", {"query": f"question {number}", "k": 3}] for number in range(7)
    ]
    assert asked.most_at_once == 3
    # Connections stay open from one call to the next.
    assert len(asked.connections) == 3
    assert load.qps == pytest.approx(7 / load.seconds)


def test_an_answer_that_is_no_success_ends_the_load(
    serve: Callable[[Answer], tuple[str, Asked]],
) -> None:
    url, _ = serve(lambda _, body: (503 if body["query"] == "question 2" else 200, b"too busy"))

    with pytest.raises(BenchError, match="answered 503: too busy"):
        ask_together(url, calls(50), clients=2)
    assert clients_alive() == []


def test_a_service_that_is_not_there_is_told() -> None:
    with pytest.raises(BenchError, match="A client failed"):
        ask_together("http://127.0.0.1:1", calls(2), clients=2)


def test_an_interrupt_ends_the_clients(serve: Callable[[Answer], tuple[str, Asked]]) -> None:
    def interrupt(_: str, body: dict[str, object]) -> tuple[int, bytes]:
        if body["query"] == "question 3":
            _thread.interrupt_main()
        return 200, b"{}"

    url, _ = serve(interrupt)

    with pytest.raises(KeyboardInterrupt):
        ask_together(url, calls(100_000), clients=2)
    assert clients_alive() == []


def test_a_bank_that_is_still_loading_is_asked_again_and_nothing_else(
    serve: Callable[[Answer], tuple[str, Asked]],
) -> None:
    statuses = iter([504, 504, 200, 500])
    url, _ = serve(lambda *_: (next(statuses), b"{}"))

    ask_until_loaded(url, calls(1))
    with pytest.raises(BenchError, match="500"):
        ask_until_loaded(url, calls(1))
