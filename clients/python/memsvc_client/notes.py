"""What organising says of memories, and having a bank consolidated: records and calls."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.call import Call, Reference, bank_path, listing, memory_path
from memsvc_client.evidence import Evidence
from memsvc_client.jobs import Job
from memsvc_client.models import (
    Memory,
    Page,
)
from memsvc_client.records import Body, Record


class Annotations(Record):
    """One version of what is said about a memory beside its text."""

    number: int
    version: int
    """Which version of the text it is about."""
    keywords: tuple[str, ...]
    """Most telling first."""
    tags: tuple[str, ...]
    """Broad classes."""
    context: str
    made_by: str
    model_call: UUID | None = None
    because_of: UUID | None = None
    """The newer memory that made an older one's evolve."""
    recorded_at: AwareDatetime


class Link(Record):
    """A link of a memory, seen from it."""

    memory_id: UUID
    """The other end."""
    type: str
    """Such as ``related`` or ``next``."""
    direction: str
    """``out``: it begins at this memory; else ``in``."""
    weight: float
    reason: str | None = None
    recorded_at: AwareDatetime


class MemoryDetail(Memory):
    """A memory with what organising says of it."""

    annotations: Annotations | None = None
    """Those that hold; ``None`` until it has been organised."""
    links: tuple[Link, ...] = ()
    """The strongest 50."""
    evidence: tuple[Evidence, ...] = ()
    """Of a thought: the words of its sources that bear it; empty where none do."""


class StagePlan(Record):
    """One stage of consolidating, and how much there is for it to do."""

    name: str
    todo: int
    by_itself: bool = False
    """Whether it also runs without being asked for."""


class BankNotes(Record):
    """How far a bank is organised."""

    waiting: int
    """Active memories that are not organised yet."""
    unembedded: int
    """Of these, those that lack a vector still."""
    set_aside: int
    """Those that could not be organised; jobs say why."""
    annotated: int
    annotation_versions: int
    links: int
    waiting_since: AwareDatetime | None = None
    """When the text that has waited longest was recorded; ``None`` if none waits."""


class ConsolidationPlan(Record):
    """What consolidating would do now, and how far the bank is."""

    stages: tuple[StagePlan, ...]
    notes: BankNotes
    job: Job | None = None
    """The one that is under way."""


class Consolidating(Body):
    """What to do of consolidating."""

    stages: Sequence[str] | None = None
    retry_set_aside: bool = False


def get_memory(bank: Reference, memory_id: Reference) -> Call[MemoryDetail]:
    """Describe the reading of one memory with what is said of it."""
    return Call(method="GET", path=memory_path(bank, memory_id), result=MemoryDetail)


def list_annotations(bank: Reference, memory_id: Reference) -> Call[Page[Annotations]]:
    """Describe the listing of the versions of a memory's annotations."""
    path = f"{memory_path(bank, memory_id)}/annotations"
    return Call(method="GET", path=path, result=Page[Annotations], params=listing())


def consolidate_bank(
    bank: Reference, *, stages: Sequence[str] | None = None, retry_set_aside: bool = False
) -> Call[Job]:
    """Describe the consolidating of a bank; the answer is its job."""
    command = Consolidating(stages=stages, retry_set_aside=retry_set_aside)
    path = f"{bank_path(bank)}/consolidate"
    return Call(method="POST", path=path, result=Job, json=command.to_json(), mutates=True)


def consolidation_plan(bank: Reference) -> Call[ConsolidationPlan]:
    """Describe the question what consolidating a bank would do now."""
    return Call(method="GET", path=f"{bank_path(bank)}/consolidation", result=ConsolidationPlan)
