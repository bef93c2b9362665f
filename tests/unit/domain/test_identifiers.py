"""Ids are version 7 UUIDs that sort by time, and a batch keeps its order."""

import pickle
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import uuid7, uuid7_run, uuid_of

instants = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — Hypothesis wants bare bounds


@given(instants)
def test_version_and_variant_are_those_of_the_standard(at: datetime) -> None:
    made = uuid7(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(at.timestamp() * 1000)


@given(instants, st.timedeltas(timedelta(milliseconds=1), timedelta(days=1000)))
def test_later_instants_have_greater_ids(at: datetime, later: timedelta) -> None:
    assert uuid7(at) < uuid7(at + later)


@given(instants, st.integers(0, 300))
def test_a_run_ascends_and_repeats_nothing(at: datetime, count: int) -> None:
    run = uuid7_run(at, count)
    assert run == sorted(set(run))
    assert len(run) == count


@given(st.uuids())
def test_a_uuid_of_a_number_is_the_one_with_that_number(known: UUID) -> None:
    made = uuid_of(known.int)
    assert (made, hash(made), str(made), made.is_safe) == (
        known,
        hash(known),
        str(known),
        known.is_safe,
    )
    assert pickle.loads(pickle.dumps(made)) == known
