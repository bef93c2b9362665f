"""Fixtures by concern, each a plugin of its own."""

import signal

import pytest

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.database",
    "tests.fixtures.embedder",
    "tests.fixtures.openai_server",
    "tests.fixtures.services",
    "tests.fixtures.organising",
    "tests.fixtures.application",
    "tests.fixtures.statements",
    "tests.fixtures.command_line",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests that kill processes be run longer than in every run of the suite."""
    parser.addoption("--kill-rounds", type=int, default=4, help="How often workers are killed.")


def pytest_configure() -> None:
    """Let what tests start be interrupted though the tests themselves run in the background.

    A shell has such jobs ignore SIGINT, and what they start inherits that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
