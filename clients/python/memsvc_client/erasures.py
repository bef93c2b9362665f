"""Erasing whose data it is: records, and the calls about it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack
from uuid import UUID

from pydantic import AwareDatetime, JsonValue

from memsvc_client.call import Call, Reference, bank_path, listing, segment
from memsvc_client.models import Page
from memsvc_client.records import Record


class Subject(TypedDict, total=False):
    """Whose data goes: exactly one of these."""

    user_id: str
    session_id: str
    memory_ids: Sequence[Reference]


class ErasurePreview(Record):
    """What an erasure would begin with."""

    memories: int
    """The subject's, in any state; what was made from them goes as well."""


class Erasure(Record):
    """An erasure as it stands; it does not say whose."""

    id: UUID
    bank_id: UUID
    job_id: UUID
    """The job that does it; retry it when ``incomplete``."""
    state: str
    """``open``, ``complete``, or ``incomplete``: the search afterwards found something."""
    actor: str
    memories: int
    """Memories erased so far."""
    removed: Mapping[str, int]
    """Rows so far, by table."""
    receipt: Mapping[str, JsonValue] | None = None
    """``receipt``, ``public_key`` and ``signature``, once it was searched for."""
    recorded_at: AwareDatetime
    finished_at: AwareDatetime | None = None


class ErasureKey(Record):
    """What receipts are checked with."""

    algorithm: str
    public_key: str
    """32 bytes, base64."""


def erase(bank: Reference, **subject: Unpack[Subject]) -> Call[Erasure]:
    """Describe the start of an erasure; ``ValueError`` unless there is exactly one subject."""
    path = f"{bank_path(bank)}/erasures"
    return Call(method="POST", path=path, result=Erasure, json=_body(subject), mutates=True)


def preview_erasure(bank: Reference, **subject: Unpack[Subject]) -> Call[ErasurePreview]:
    """Describe the counting of what an erasure would begin with."""
    path = f"{bank_path(bank)}/erasures"
    body = {**_body(subject), "dry_run": True}
    return Call(method="POST", path=path, result=ErasurePreview, json=body)


def list_erasures(bank: Reference) -> Call[Page[Erasure]]:
    """Describe the listing of erasures."""
    path = f"{bank_path(bank)}/erasures"
    return Call(method="GET", path=path, result=Page[Erasure], params=listing())


def get_erasure(bank: Reference, erasure_id: Reference) -> Call[Erasure]:
    """Describe the reading of an erasure."""
    path = f"{bank_path(bank)}/erasures/{segment(erasure_id)}"
    return Call(method="GET", path=path, result=Erasure)


def erasure_key() -> Call[ErasureKey]:
    """Describe the reading of the key of receipts."""
    return Call(method="GET", path="/v1/erasures/public-key", result=ErasureKey)


def _body(subject: Subject) -> dict[str, JsonValue]:
    if len(subject) != 1:
        raise ValueError("give exactly one of user_id, session_id and memory_ids")
    if "memory_ids" in subject:
        return {"memory_ids": [str(each) for each in subject["memory_ids"]]}
    return {name: str(value) for name, value in subject.items()}
