"""What the service answers about consolidating banks."""

from memsvc_client.models import Job
from memsvc_client.records import Record


class StagePlan(Record):
    """One stage of consolidating, and how much there is for it to do."""

    name: str
    todo: int


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


class ConsolidationPlan(Record):
    """What consolidating would do now, and how far the bank is."""

    stages: tuple[StagePlan, ...]
    notes: BankNotes
    job: Job | None = None
    """The one that is under way."""
