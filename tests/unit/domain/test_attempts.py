"""What becomes of a job whose attempt raised an error."""

from dataclasses import dataclass

import pytest

from memsvc.domain.attempts import (
    INTERRUPTED,
    SUCCEEDED,
    RetryPolicy,
    cut_short_too_often,
    ending_of,
)
from memsvc.domain.jobs import OPEN_STATES, RETRYABLE_STATES, JobState
from memsvc.errors import (
    BankNotFoundError,
    ConfigurationError,
    ConflictError,
    DatabaseUnavailableError,
    EmbedderUnavailableError,
    InvalidRequestError,
    ModelMismatchError,
    ModelNotInstalledError,
)

POLICY = RetryPolicy(
    provider_pause_s=15, error_pause_s=2, longest_pause_s=3600, most_attempts=5, most_deliveries=10
)


@dataclass(frozen=True)
class Case:
    error: Exception
    attempts: int
    state: JobState
    again_after_s: float | None


WAITS, QUEUED = JobState.WAITING_PROVIDER, JobState.QUEUED
FAILED, REVIEW = JobState.FAILED, JobState.NEEDS_REVIEW

CASES = [
    # A provider that is away is waited for, twice as long each time, and never given up.
    Case(EmbedderUnavailableError(), 1, WAITS, 15),
    Case(EmbedderUnavailableError(), 2, WAITS, 30),
    Case(EmbedderUnavailableError(), 3, WAITS, 60),
    Case(EmbedderUnavailableError(), 8, WAITS, 1920),
    Case(EmbedderUnavailableError(), 9, WAITS, 3600),
    Case(EmbedderUnavailableError(), 100_000, WAITS, 3600),
    Case(ModelNotInstalledError(), 1, WAITS, 15),
    Case(DatabaseUnavailableError(), 1, WAITS, 15),
    # What a person has to put right waits for that person.
    Case(ConfigurationError(), 1, REVIEW, None),
    Case(ModelMismatchError(), 1, REVIEW, None),
    # What cannot succeed is not tried again.
    Case(BankNotFoundError(), 1, FAILED, None),
    Case(InvalidRequestError(), 1, FAILED, None),
    # What nobody foresaw, and a lost race for rows, is tried a few times.
    Case(ValueError(), 1, QUEUED, 2),
    Case(ValueError(), 2, QUEUED, 4),
    Case(ConflictError(), 4, QUEUED, 16),
    Case(ValueError(), 5, FAILED, None),
    Case(ConflictError(), 5, FAILED, None),
    Case(ValueError(), 6, FAILED, None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.error!r} at {case.attempts}")
def test_an_error_decides_state_and_pause(case: Case) -> None:
    ending = ending_of(case.error, case.attempts, POLICY)

    assert ending.state is case.state
    assert ending.again_after_s == case.again_after_s


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.error!r} at {case.attempts}")
def test_a_job_either_runs_again_by_itself_or_can_be_retried(case: Case) -> None:
    ending = ending_of(case.error, case.attempts, POLICY)

    if ending.again_after_s is None:
        assert ending.state in RETRYABLE_STATES
    else:
        assert ending.state in OPEN_STATES


def test_the_reason_is_the_services_own_message_when_the_error_is_its_own() -> None:
    ending = ending_of(BankNotFoundError("There is no bank `notes`."), 1, POLICY)

    assert ending.reason == "There is no bank `notes`."


def test_the_reason_does_not_quote_a_foreign_error() -> None:
    ending = ending_of(ValueError("could not read 'my diary'"), 1, POLICY)

    assert ending.reason is not None
    assert "ValueError" in ending.reason
    assert "diary" not in ending.reason


def test_a_long_message_is_cut_in_the_reason() -> None:
    ending = ending_of(BankNotFoundError("x" * 10_000), 1, POLICY)

    assert ending.reason == "x" * 500


def test_a_job_that_takes_its_worker_down_is_set_aside() -> None:
    ending = cut_short_too_often(10)

    assert ending.state is JobState.NEEDS_REVIEW
    assert "10 times" in (ending.reason or "")


def test_an_interrupted_attempt_is_queued_and_a_finished_one_is_over() -> None:
    assert INTERRUPTED.state is JobState.QUEUED
    assert SUCCEEDED.state is JobState.SUCCEEDED
    assert INTERRUPTED.again_after_s is SUCCEEDED.again_after_s is None
