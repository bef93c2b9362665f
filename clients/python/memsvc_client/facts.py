"""What memories claim, with the time it holds: records, and the call that lists them."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.call import Call, Reference, bank_path, listing
from memsvc_client.evidence import Evidence
from memsvc_client.models import Page
from memsvc_client.records import Record
from memsvc_client.requests import refuse_naive


class Fact(Record):
    """What a memory claims, and from when up to, not including, when it holds."""

    id: UUID
    """Another one once its memory's text is read again."""
    memory_id: UUID
    subject: str
    """In normal form, as are ``predicate`` and ``object``."""
    predicate: str
    object: str | None = None
    """``None`` in a denial of whatever it was."""
    denies: bool
    """It says that this holds no longer."""
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None = None
    """``None`` while it holds."""
    superseded_by: UUID | None = None
    """The fact that ended it."""
    said_at: AwareDatetime
    """When its memory happened."""
    rule: str
    """What it was read by."""
    evidence: tuple[Evidence, ...] = ()
    """The words of its memory that bear it; empty where none do."""


class FactListing(TypedDict, total=False):
    """Which facts of a bank to list; every key that is given narrows it further."""

    subject: str | None
    entity: str | None
    """Subject or object."""
    predicate: str | None
    as_of: datetime | None
    """When they held, with a zone; now unless given."""
    known_at: datetime | None
    """By what was known then, with a zone: what is recorded or corrected later does not count."""
    all: bool
    """Also what holds no longer or not yet, and what denies; not beside ``as_of``."""


def list_facts(  # noqa: PLR0913 — what narrows it
    bank: Reference,
    *,
    subject: str | None = None,
    entity: str | None = None,
    predicate: str | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    all: bool = False,  # noqa: A002 — the service's name for it
) -> Call[Page[Fact]]:
    """Describe the listing of facts; raises ``NaiveTimestampError``."""
    refuse_naive([as_of, known_at], None)
    params = listing(
        subject=subject,
        entity=entity,
        predicate=predicate,
        as_of=None if as_of is None else as_of.isoformat(),
        known_at=None if known_at is None else known_at.isoformat(),
        all="true" if all else None,
    )
    path = f"{bank_path(bank)}/graph/facts"
    return Call(method="GET", path=path, result=Page[Fact], params=params)
