"""Portraits of users: records and the call."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.call import Call, Reference, bank_path, listing, segment
from memsvc_client.models import Page
from memsvc_client.records import Record


class PortraitLine(Record):
    """One thing that a user says of themselves."""

    topic: str
    """``name``, ``work``, ``residence``, ``relations``, ``preferences``, ``possessions`` or
    ``plans``."""
    text: str
    """Without a subject: "lives in Lisbon"."""
    said_on: date
    """When it was last said, in UTC."""
    evidence: tuple[UUID, ...]
    """The memories that say it, at most three, the latest last."""


class Portrait(Record):
    """What a user says of themselves, as far as it holds."""

    user_id: str
    text: str
    """The whole, ready for a prompt."""
    lines: tuple[PortraitLine, ...]
    memory_id: UUID
    """The memory that it is kept as."""
    former_id: UUID | None = None
    """The edition before this one."""
    editions: int
    """How many there have been, with this one."""
    latest_source_at: AwareDatetime
    """When the latest memory that was read for it occurred."""
    made_at: AwareDatetime


class PortraitEdition(Record):
    """A portrait as it was made."""

    number: int
    """From 1, the oldest that is still there."""
    memory_id: UUID
    state: str
    """``active`` holds; the others have held, or say nothing."""
    text: str
    lines: tuple[PortraitLine, ...]
    latest_source_at: AwareDatetime
    made_at: AwareDatetime


def get_portrait(bank: Reference, user_id: str) -> Call[Portrait]:
    """Describe the reading of a user's portrait."""
    path = f"{bank_path(bank)}/portraits/{segment(user_id)}"
    return Call(method="GET", path=path, result=Portrait)


def list_portrait_versions(bank: Reference, user_id: str) -> Call[Page[PortraitEdition]]:
    """Describe the listing of the editions of a user's portrait."""
    path = f"{bank_path(bank)}/portraits/{segment(user_id)}/versions"
    return Call(method="GET", path=path, result=Page[PortraitEdition], params=listing())
