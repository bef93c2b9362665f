"""Fixtures by concern, each a plugin of its own."""

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
