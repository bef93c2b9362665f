"""How the graph arm of a recall went about it."""

from uuid import UUID

from memsvc_client.records import Record


class Node(Record):
    """A step of a way through the graph."""

    kind: str
    """``source``, ``entity`` or ``episode``."""
    name: str
    """Of an entity in normal form, or the id of a memory or an episode."""


class Seed(Record):
    """Where a walk began: at an entity or at a memory."""

    entity: str | None = None
    memory_id: UUID | None = None
    weight: float


class FactSeed(Record):
    """A fact near the question."""

    subject: str
    predicate: str
    object: str
    similarity: float
    """Cosine with the question."""
    kept: bool
    """Whether the walk began from its ends."""


class Walk(Record):
    """Where the graph arm began."""

    mode: str
    seeds: tuple[Seed, ...] = ()
    """Heaviest first."""
    facts: tuple[FactSeed, ...] = ()
    """In the mode ``facts``, nearest first."""
