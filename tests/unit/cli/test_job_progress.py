"""What is said of a job while a command waits for it."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from memsvc_client import Job

from memsvc.cli.consolidating import work_of
from memsvc.cli.progress import telling_if_stopped

JOB = Job(
    id=UUID(int=7),
    kind="bank.consolidate",
    state="running",
    attempts=1,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("counts", "work"),
    [
        ({}, None),
        ({"annotated": 5, "windows": 1}, None),
        ({"annotated": 9}, "making notes"),
        ({"annotated": 9, "compared": 4}, "looking for duplicates"),
        ({"annotated": 5, "read": 3, "facts": 1}, "reading facts"),
        ({"annotated": 5, "summaries_made": 1}, "summarising"),
    ],
)
def test_the_work_is_that_of_the_last_count_that_has_grown(
    counts: dict[str, int], work: str | None
) -> None:
    assert work_of(counts, {"annotated": 5, "windows": 1}) == work


async def test_whoever_stops_waiting_is_told_how_it_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(asyncio.CancelledError), telling_if_stopped(JOB):
        raise asyncio.CancelledError
    told = capsys.readouterr().err
    assert str(JOB.id) in told
    assert "the same command goes on" in told.replace("\n", " ")
