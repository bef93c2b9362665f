"""What an answer says of its making, beside arms and times."""

from collections.abc import Mapping
from uuid import UUID

from memsvc_client.records import Record


class StageReport(Record):
    """How an optional stage fared; one that could not be done leaves the answer as it was."""

    status: str
    """``ok``, ``skipped`` or ``failed``."""
    reason: str | None = None
    """Why it was skipped or failed."""
    model: str = ""
    took_ms: float = 0.0


class RewriteReport(StageReport):
    """What a language model asked beside the question."""

    queries: tuple[str, ...] = ()
    clues: tuple[str, ...] = ()


class SiftReport(StageReport):
    """Which hits a language model left out, as they do not bear on the question."""

    read: int = 0
    """How many hits it was shown."""
    left_out: tuple[UUID, ...] = ()
    """Best first; nothing is in their place."""


class Unit(Record):
    """The event, or the episode, that a hit stands for."""

    memory_ids: tuple[UUID, ...]
    """In the order of their positions."""
    first: int
    """Position of its first memory, ``Memory.seq``."""
    last: int
    found: tuple[UUID, ...] = ()
    """Those of them that were found, best first; the hit leads."""


class GrainWeight(Record):
    """How clearly the question's similarities stand out at a grain."""

    weight: float
    """0 to 1; those of all grains add up to 1."""
    entropy: float
    """0 (one unit stands out) to 1 (all are alike)."""
    units: int


class GrainReport(Record):
    """What a hit stands for, and why."""

    grain: str
    """``memory``, ``event`` or ``episode``."""
    weights: Mapping[str, GrainWeight] = {}
    """By which ``auto`` chose."""
    reason: str | None = None
    """Why ``auto`` could not choose."""


class Round(Record):
    """One round of search."""

    query: str
    read: tuple[UUID, ...] = ()
    """Memories read in it for the first time."""
    helped: bool = False
    """Whether the note says more after it."""
    took_ms: float = 0.0


class IterateReport(StageReport):
    """What a language model searched for round by round."""

    stop: str
    """``enough``, ``no_gain``, ``nothing_new``, ``rounds``, ``tokens``, ``time`` or ``failed``."""
    rounds: tuple[Round, ...] = ()
    note: str = ""
    """The model's, of what it read; not a stored memory."""
    tokens: int = 0


class CallTotals(Record):
    """What calls of models have taken together."""

    calls: int = 0
    """Failed ones too."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    """``None`` where what one of them cost is not known."""


class ModelCalls(CallTotals):
    """The calls of language and rerank models that an answer took; zeros where it took none."""

    by_purpose: Mapping[str, CallTotals] = {}
    """``rewrite``, ``iterate``, ``rerank``, ``sift``, or ``recall`` for choosing facts."""


class AskedRank(Record):
    """Where one of several questions ranked a hit."""

    text: str
    asked_as: str
    """``question`` (the caller's), ``query``, ``clue`` or ``round``."""
    rank: int
    """From 1."""
    contribution: float
    """Share of the hit's score."""


class Timings(Record):
    """Where a recall's time went, in milliseconds."""

    resolve: float | None = None
    """Finding the bank and, for a filter, what it allows."""
    embed: float | None = None
    search: float | None = None
    """The arms, without embedding the question."""
    wait: float | None = None
    """Until it was its turn to be ranked."""
    fetch: float | None = None
    """Re-reading the hits from their rows."""
    pack: float | None = None
    neighbours: float | None = None
    episode: float | None = None
    """The episode arm's part."""
    beside: float | None = None
    """That of the arms ``contiguity`` and ``links``, where one has a weight."""
    graph: float | None = None
    """The graph arm's part."""
    answerable: float | None = None
    """Judging whether the question is answered, where that was asked for."""
    widen: float | None = None
    """Further questions by a language model, where that was asked for."""
    rerank: float | None = None
    diversity: float | None = None
    """Weighing near-duplicates."""
    grain: float | None = None
    """Folding hits into events or episodes, where that was asked for."""
    sift: float | None = None
    """Leaving out hits by a language model, where that was asked for."""
    whole: float | None = None
    """Finding out whether everything fits, where that was asked for."""
    total: float
