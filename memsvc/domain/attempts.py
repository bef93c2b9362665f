"""What follows from how an attempt at a job ended: pure rules, no clock, no database."""

from dataclasses import dataclass

from memsvc.domain.jobs import JobState
from memsvc.errors import (
    ConfigurationError,
    ConflictError,
    MemsvcError,
    NeedsReviewError,
    UnauthorizedError,
    UnavailableError,
)

_NEEDS_A_PERSON = (ConfigurationError, ConflictError, NeedsReviewError, UnauthorizedError)
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a job runs again by itself; pauses in seconds, each twice the one before."""

    provider_pause_s: float = 15.0
    """After a model or server was away: it comes back in minutes, or after somebody acts."""
    error_pause_s: float = 2.0
    """After an error nobody foresaw: most pass at once, or never."""
    longest_pause_s: float = 3600.0
    most_attempts: int = 5
    """An unforeseen error at this attempt, or later, ends the job."""
    most_deliveries: int = 10
    """An attempt cut short this often (its worker died or was stopped) is not begun again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The state an attempt leaves its job in."""

    state: JobState
    reason: str | None = None
    """In a sentence, for users; never memory text."""
    again_after_s: float | None = None
    """The job is to run again after this pause; ``None``: this ending schedules nothing."""


SUCCEEDED = Ending(state=JobState.SUCCEEDED)
INTERRUPTED = Ending(state=JobState.QUEUED, reason="Its worker was stopped; it runs again.")
"""Schedules nothing: the queue itself delivers an interrupted attempt again."""


def ending_of(error: Exception, attempts: int, policy: RetryPolicy) -> Ending:
    """Return what becomes of a job whose attempt number ``attempts`` (from 1) raised ``error``."""
    if isinstance(error, UnavailableError):
        return Ending(
            state=JobState.WAITING_PROVIDER,
            reason=_told(error),
            again_after_s=_pause(policy.provider_pause_s, attempts, policy),
        )
    if isinstance(error, MemsvcError) and not _is_passing(error):
        stuck = isinstance(error, _NEEDS_A_PERSON)
        return Ending(
            state=JobState.NEEDS_REVIEW if stuck else JobState.FAILED, reason=_told(error)
        )
    return _after_unforeseen(error, attempts, policy)


def cut_short_too_often(deliveries: int) -> Ending:
    """Return the ending of a job whose workers died or stopped each time they ran it."""
    return Ending(
        state=JobState.NEEDS_REVIEW,
        reason=f"Its worker died or was stopped {deliveries} times while running it;"
        " see the workers' logs before retrying.",
    )


def _after_unforeseen(error: Exception, attempts: int, policy: RetryPolicy) -> Ending:
    # The class alone: the message of a foreign error may quote what was being processed.
    reason = f"{type(error).__name__} at attempt {attempts}; the worker's log says where."
    if attempts >= policy.most_attempts:
        return Ending(state=JobState.FAILED, reason=reason)
    return Ending(
        state=JobState.QUEUED,
        reason=reason,
        again_after_s=_pause(policy.error_pause_s, attempts, policy),
    )


def _is_passing(error: MemsvcError) -> bool:
    """Tell a lost race for rows, which the plain class stands for, from a lasting conflict."""
    return type(error) is ConflictError


def _told(error: MemsvcError) -> str:
    return error.message[:_LONGEST_REASON]


def _pause(first_s: float, attempts: int, policy: RetryPolicy) -> float:
    doublings = min(attempts - 1, 30)
    return min(first_s * 2.0**doublings, policy.longest_pause_s)
