"""Fixtures by concern, each a plugin of its own."""

import signal

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.database",
    "tests.fixtures.embedder",
    "tests.fixtures.openai_server",
    "tests.fixtures.scripted_model",
    "tests.fixtures.services",
    "tests.fixtures.organising",
    "tests.fixtures.application",
    "tests.fixtures.asking",
    "tests.fixtures.serving",
    "tests.fixtures.statements",
    "tests.fixtures.command_line",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let some tests be run longer than in every run of the suite."""
    parser.addoption("--kill-rounds", type=int, default=4, help="How often workers are killed.")
    parser.addoption("--trials", type=int, default=50, help="How often a write is looked for.")


def pytest_configure() -> None:
    """Let no clock decide a test, and no shell whether what tests start can be interrupted."""
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")
    # A shell has jobs in the background ignore SIGINT, and what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
