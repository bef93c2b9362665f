"""What the command line says when something fails, and with which exit code."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import memsvc_client
from pydantic import ValidationError

from memsvc.errors import BankNotFoundError, ConfigurationError, MemsvcError, UnavailableError


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    """The command line or the configuration is wrong."""
    UNAVAILABLE = 3
    """The service, its database or its model cannot be reached or used."""


class CommandError(MemsvcError):
    """The command failed."""

    code: ClassVar[str] = "command_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What to tell the user."""

    message: str
    exit_code: ExitCode


def explain(error: Exception, options: Collection[str] = ()) -> Failure:
    """Return what an error means to whoever typed the command, which has these ``options``."""
    if (remedy := _remedy(error, options)) is not None:
        return Failure(message=remedy, exit_code=_exit_code(error))
    match error:
        case MemsvcError():
            return Failure(message=error.message, exit_code=_exit_code(error))
        case memsvc_client.MemsvcError():
            return Failure(message=str(error), exit_code=_exit_code(error))
        case ValidationError():
            return Failure(message=first_problem(error), exit_code=ExitCode.USAGE)
        case _:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            return Failure(
                message=f"{said}\nThis is unexpected; `memsvc --debug` shows where it happened.",
                exit_code=ExitCode.FAILED,
            )


def _remedy(error: Exception, options: Collection[str]) -> str | None:
    """Return what to do on the command line about an error, where there is something."""
    match error:
        case BankNotFoundError() | memsvc_client.BankNotFoundError():
            known = "`memsvc bank list` shows those there are"
            remedy = "`--create` creates it" if "--create" in options else known
            return f"There is no such bank; {remedy}."
        case memsvc_client.NoRetentionPolicyError():
            tried = ", and `--policy FILE` tries one" if "--policy" in options else ""
            return (
                "The bank has no retention policy, so nothing of it fades;"
                f" `memsvc decay policy set BANK --days 5` sets one{tried}."
            )
        case memsvc_client.NaiveTimestampError() if "--timezone" in options:
            return (
                "A time has no time zone; add an offset such as +02:00 to it, or name one"
                " with `--timezone`."
            )
        case _:
            return None


def first_problem(error: ValidationError) -> str:
    """Return where the first invalid value is and what is wrong with it, never the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def _exit_code(error: Exception) -> ExitCode:
    match error:
        case ConfigurationError():
            return ExitCode.USAGE
        case (
            UnavailableError()
            | memsvc_client.UnavailableError()
            | memsvc_client.ServiceUnreachableError()
        ):
            return ExitCode.UNAVAILABLE
        case _:
            return ExitCode.FAILED
