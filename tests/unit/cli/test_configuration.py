from uuid import UUID

import pytest

from memsvc.cli.configuration import load_settings
from memsvc.errors import ConfigurationError


def test_options_stand_above_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMSVC_API__PORT", "9001")
    monkeypatch.setenv("MEMSVC_API__HOST", "::1")
    settings = load_settings({"api": {"port": 9002}})
    assert (settings.api.port, settings.api.host) == (9002, "::1")


def test_an_option_that_is_not_given_leaves_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEMSVC_API__PORT", "9001")
    monkeypatch.setenv("MEMSVC_LOG_FORMAT", "json")
    settings = load_settings({"api": {"port": None}, "log_format": None})
    assert (settings.api.port, settings.log_format) == (9001, "json")


def test_budgets_of_tenants_come_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = UUID("00000000-0000-7000-8000-000000000001")
    monkeypatch.setenv(f"MEMSVC_LLM__TENANTS__{tenant.hex.upper()}__TOKENS_PER_DAY", "5")
    assert load_settings({}).llm.tenants[tenant].tokens_per_day == 5
    monkeypatch.setenv("MEMSVC_LLM__USD_PER_MILLION_INPUT", "1")
    with pytest.raises(ConfigurationError, match="usd_per_million_output"):
        load_settings({})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MEMSVC_API__PORT", "s3cret"),
        ("MEMSVC_API__PORTS", "s3cret"),
        ("MEMSVC_EMBEDDING", "s3cret"),
        ("MEMSVC_LOG_LEVEL", "s3cret"),
    ],
)
def test_a_setting_that_is_not_valid_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert (
        variable.removeprefix("MEMSVC_").partition("__")[0].lower() in caught.value.message.lower()
    )
    assert value not in caught.value.message
