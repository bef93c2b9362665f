import memsvc_client
import pytest
from pydantic import BaseModel, ValidationError

from memsvc.cli.failures import CommandError, ExitCode, explain
from memsvc.errors import (
    BankNotFoundError,
    ConfigurationError,
    DatabaseUnsuitableError,
    ModelNotInstalledError,
)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (CommandError("It did not work."), ExitCode.FAILED),
        (BankNotFoundError(), ExitCode.FAILED),
        (memsvc_client.BankNotFoundError(), ExitCode.FAILED),
        (memsvc_client.UnauthorizedError(), ExitCode.FAILED),
        (ConfigurationError(), ExitCode.USAGE),
        (DatabaseUnsuitableError(), ExitCode.UNAVAILABLE),
        (ModelNotInstalledError(), ExitCode.UNAVAILABLE),
        (memsvc_client.DatabaseUnavailableError(), ExitCode.UNAVAILABLE),
        (memsvc_client.ServiceTimeoutError(), ExitCode.UNAVAILABLE),
        (RuntimeError("boom"), ExitCode.FAILED),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: Exception, exit_code: ExitCode) -> None:
    assert explain(error).exit_code == exit_code


def test_what_was_foreseen_is_said_as_it_is() -> None:
    assert explain(CommandError("It did not work.")).message == "It did not work."


@pytest.mark.parametrize(
    ("error", "options", "remedy"),
    [
        (memsvc_client.BankNotFoundError(), ["--create"], "`--create`"),
        (memsvc_client.BankNotFoundError(), ["--json"], "`memsvc bank list`"),
        (memsvc_client.NaiveTimestampError(), ["--timezone"], "`--timezone`"),
        (memsvc_client.NoRetentionPolicyError(), ["--policy"], "`--policy FILE`"),
        (memsvc_client.NoRetentionPolicyError(), [], "`memsvc decay policy set"),
    ],
)
def test_a_remedy_is_one_of_the_command_line(
    error: Exception, options: list[str], remedy: str
) -> None:
    message = explain(error, options).message
    assert remedy in message
    assert "create=" not in message
    assert "`timezone`" not in message


def test_what_was_not_foreseen_names_itself_and_the_way_to_more() -> None:
    message = explain(RuntimeError("boom")).message
    assert "RuntimeError: boom" in message
    assert "--debug" in message


def test_an_invalid_value_is_named_and_not_quoted() -> None:
    class Body(BaseModel):
        text: int

    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"text": "private"})
    failure = explain(caught.value)
    assert failure.exit_code is ExitCode.USAGE
    assert failure.message.startswith("text: ")
    assert "private" not in failure.message
