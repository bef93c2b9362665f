import json
import logging
import socket
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import httpx2
import prometheus_client
import pytest
import structlog

from memsvc import telemetry
from memsvc.telemetry import LogFormat, LogLevel, configure_logging, render_exception, serve_metrics

Read = Callable[[], str]
Configure = Callable[..., Read]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Configure logging into a buffer; put back what was there before."""
    root = logging.getLogger()
    before = (root.handlers, root.level, structlog.get_config())
    touched = ["uvicorn.access", "alembic", "procrastinate"]
    levels = {
        name: (logging.getLogger(name).level, logging.getLogger(name).disabled) for name in touched
    }

    def into_buffer(level: LogLevel = "info", log_format: LogFormat = "json") -> Read:
        buffer = StringIO()
        configure_logging(level, log_format, buffer)
        return buffer.getvalue

    yield into_buffer
    root.handlers, root.level = before[0], before[1]
    structlog.configure(**before[2])
    for name, (level, disabled) in levels.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).disabled = disabled


def lines(read: Read) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read().splitlines()]


def test_events_are_json_lines_with_what_is_bound(configure: Configure) -> None:
    read = configure()

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("memsvc.test").info("bank.created", bank_id="b-1")

    [line] = lines(read)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "bank.created",
        "bank_id": "b-1",
        "request_id": "r-1",
        "level": "info",
        "logger": "memsvc.test",
    }


def test_the_standard_librarys_lines_take_the_same_form(configure: Configure) -> None:
    read = configure()

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        logging.getLogger("uvicorn.error").warning("Port %d is busy", 8700)

    [line] = lines(read)
    assert (line["event"], line["logger"], line["level"], line["request_id"]) == (
        "Port 8700 is busy",
        "uvicorn.error",
        "warning",
        "r-1",
    )


def test_lines_for_people_are_plain_when_no_terminal_reads_them(configure: Configure) -> None:
    read = configure(log_format="console")

    structlog.get_logger("memsvc.test").warning("index.rebuilt", bank_id="b-1")

    assert "index.rebuilt" in read()
    assert "bank_id=b-1" in read()


@pytest.mark.parametrize(
    ("level", "seen"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)
def test_lines_below_the_level_are_left_out(
    configure: Configure, level: LogLevel, seen: int
) -> None:
    read = configure(level=level)

    for each in ("debug", "info", "warning", "error"):
        structlog.get_logger("memsvc.test").log(getattr(logging, each.upper()), "event.happened")

    assert len(lines(read)) == seen


def test_libraries_are_quiet_and_requests_logged_once(configure: Configure) -> None:
    read = configure()

    logging.getLogger("alembic.runtime.migration").info("Context impl PostgresqlImpl.")
    logging.getLogger("procrastinate.worker").info("Starting worker")
    logging.getLogger("uvicorn.access").info('"GET /v1/banks?cursor=secret HTTP/1.1" 200')

    assert read() == ""


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("logger", ["structlog", "logging"])
def test_tracebacks_hold_neither_values_nor_later_lines_of_messages(
    configure: Configure, log_format: LogFormat, logger: str
) -> None:
    read = configure(log_format=log_format)
    secret = "".join(reversed("efil etavirp"))

    def remember(text: str) -> None:
        raise ValueError(f"cannot store\nDETAIL: {text}")

    try:
        remember(secret)
    except ValueError as error:
        if logger == "structlog":
            structlog.get_logger("memsvc.test").error("request.failed", exc_info=error)
        else:
            logging.getLogger("memsvc.test").exception("Task failed")

    assert "in remember" in read()
    assert "builtins.ValueError: cannot store" in read()
    assert secret not in read()


def test_causes_and_groups_are_part_of_a_traceback() -> None:
    error = ExceptionGroup("several", [KeyError("a"), TypeError("b")])
    error.__cause__ = OSError("connection refused")

    rendered = render_exception((type(error), error, None))

    assert rendered.index("connection refused") < rendered.index("several")
    assert "direct cause" in rendered
    assert "builtins.KeyError" in rendered
    assert "builtins.TypeError: b" in rendered


def test_an_exception_that_is_its_own_cause_is_rendered_once() -> None:
    error = ValueError("loop")
    error.__cause__ = error

    assert render_exception((type(error), error, None)).count("builtins.ValueError: loop") == 1


def test_every_metric_is_named_after_the_service() -> None:
    declared = [
        next(iter(value.describe())).name
        for value in vars(telemetry).values()
        if isinstance(value, prometheus_client.metrics.MetricWrapperBase)
    ]

    assert len(declared) >= 10
    assert all(name.startswith("memsvc_") for name in declared)
    rendered = telemetry.render_metrics().decode()
    assert all(f"# HELP {name}" in rendered for name in declared)


def test_a_process_without_an_api_serves_its_metrics_on_loopback() -> None:
    with socket.socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        port = any_free.getsockname()[1]

    serve_metrics(port)

    told = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    assert "memsvc_organising_lag_seconds_bucket" in told
