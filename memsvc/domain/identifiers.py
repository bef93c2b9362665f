"""Identifiers: time-ordered UUIDs, made in the application, never by the database."""

import secrets
from datetime import datetime
from typing import NewType
from uuid import UUID, SafeUUID

TenantId = NewType("TenantId", UUID)
BankId = NewType("BankId", UUID)
EpisodeId = NewType("EpisodeId", UUID)
MemoryId = NewType("MemoryId", UUID)
JobId = NewType("JobId", UUID)
VectorId = NewType("VectorId", int)
"""What FAISS sees: a bigint drawn from one sequence, never reused, never derived from a UUID."""

_RANDOM_BITS = 74
_IS_SAFE_UNKNOWN = SafeUUID.unknown
"""Looked up once: a member of an enumeration takes longer than all else that ``uuid_of`` does."""


def uuid7(at: datetime, random_bits: int | None = None) -> UUID:
    """Return a version 7 UUID (RFC 9562 §5.7) for the instant ``at``.

    ``random_bits`` (74 bits) is drawn from the operating system unless given. UUIDs of different
    milliseconds sort by time; inside one millisecond their order is random unless the caller
    counts ``random_bits`` up (see ``uuid7_run``).
    """
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    rand = secrets.randbits(_RANDOM_BITS) if random_bits is None else random_bits
    rand &= (1 << _RANDOM_BITS) - 1
    value = (milliseconds << 80) | (7 << 76) | ((rand >> 62) << 64) | (0b10 << 62)
    return UUID(int=value | (rand & ((1 << 62) - 1)))


def uuid7_run(at: datetime, count: int) -> list[UUID]:
    """Return ``count`` UUIDs of one instant in ascending order, so that a batch keeps its order."""
    # One bit stays free at the top, so that counting up never wraps round.
    first = secrets.randbits(_RANDOM_BITS - 1)
    return [uuid7(at, first + offset) for offset in range(count)]


def uuid_of(number: int) -> UUID:
    """Return the UUID of a number below 2**128 that is known to be one.

    The constructor takes four times as long, most of it to check what it is given.
    """
    made = object.__new__(UUID)
    object.__setattr__(made, "int", number)
    object.__setattr__(made, "is_safe", _IS_SAFE_UNKNOWN)
    return made
