"""Settings for a command: what its options say, above what the environment says."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from memsvc.cli.failures import first_problem
from memsvc.errors import ConfigurationError
from memsvc.settings import Settings


def load_settings(given: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings with the values of ``given`` (nested as they are) above all others.

    Values that are ``None`` count as not given. Raises ``ConfigurationError``.
    """
    try:
        return Settings(**_without_none(given or {}))
    except ValidationError as error:
        variable = _variable(error.errors(include_url=False, include_input=False)[0]["loc"])
        raise ConfigurationError(
            f"A setting is not valid ({variable}): {first_problem(error)}"
        ) from error
    except SettingsError as error:
        raise ConfigurationError(f"A setting is not valid: {error}") from error


def _without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in given.items()
        if value is not None
    }


def _variable(location: tuple[int | str, ...]) -> str:
    return "MEMSVC_" + "__".join(str(step) for step in location).upper()
