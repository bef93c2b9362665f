"""What a recall is asked and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Arm, ScorePart
from memsvc.domain.grains import AskedGrain, Unit
from memsvc.domain.graph.fact_choice import WeighedFact
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ResolvedBank
from memsvc.domain.model_calls import CallsMade
from memsvc.domain.recorded_recalls import RecallId
from memsvc.domain.times.asked_times import TimeUse
from memsvc.domain.times.told_times import ToldTimes
from memsvc.domain.widening import AskedRank
from memsvc.memory_index.memory_graph import Seeds
from memsvc.services.recalling.accompanying import Accompanying
from memsvc.services.recalling.answerable import Answerability
from memsvc.services.recalling.arms import ArmReport
from memsvc.services.recalling.graph_walks import WalkAnswer
from memsvc.services.recalling.linked import Neighbour
from memsvc.services.recalling.pass_through import Mode
from memsvc.services.recalling.second_hop import Hop
from memsvc.services.recalling.stage_reports import (
    GrainReport,
    IterateReport,
    RewriteReport,
    SiftReport,
    StageReport,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallQuery:
    """A question to a bank."""

    text: str
    k: int = 10
    filter: RecallFilter = field(default_factory=RecallFilter)
    arms: frozenset[Arm] | None = None
    """``None``: every arm."""
    budget_tokens: int | None = None
    now: datetime | None = None
    """The instant to answer at; the present one if not given."""
    explain: bool = False
    neighbours: int = 0
    """Memories linked to the hits, returned beside them, at most."""
    neighbours_before: int = 0
    """Memories directly before each hit in its session, returned beside them."""
    neighbours_after: int = 0
    times: TimeUse = TimeUse.BOOST
    """What is made of the times that ``text`` names, and of words of order ("first")."""
    zone: tzinfo = UTC
    """Whose days, months and years these are."""
    pass_through: bool = False
    """Whether everything is returned, as it happened, if it fits ``budget_tokens``."""
    diversity: float | None = None
    """How much near-duplicates lose, 0 to 1; as the settings say if not given."""
    rewrite: bool = False
    """Whether a language model adds queries and clues."""
    iterate: bool = False
    """Whether a language model searches on in rounds."""
    rerank: bool = False
    """Whether a cross-encoder reads the best candidates."""
    sift: bool = False
    """Whether a language model leaves out hits that do not bear on the question."""
    answerable: bool = False
    """Whether to judge if what was found answers the question."""
    grain: AskedGrain = AskedGrain.MEMORY
    """What a hit stands for."""
    walk: WalkMode | None = None
    """How the graph arm looks for memories; ``None``: as the settings say."""
    record: bool | None = None
    """Whether the recall is recorded; ``None``: a share of them is."""
    reinforce: bool = True
    """Whether being a hit may count as use, where the bank's policy says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A memory that answers, with its score in [0, 1] and the parts that make it up."""

    memory: Memory
    score: float
    parts: Mapping[Arm, ScorePart]
    tokens: int
    hop: Hop | None = None
    """What the graph arm added; with it the parts add up to the score."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """What the sum of the parts was multiplied by, by reason; none if by nothing."""
    asked: Sequence[AskedRank] = ()
    """Which of several questions found it; their contributions add up to the score then."""
    relevance: float | None = None
    """What a cross-encoder made of it, 0 to 1; ``None`` if it did not read it."""
    unit: Unit | None = None
    """What it stands for beside itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A near miss and why it is no hit.

    ``rank``, ``budget``, ``folded``, ``sifted`` or ``not_visible``.
    """

    memory_id: MemoryId
    reason: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What the graph arm began from."""

    mode: WalkMode
    seeds: Seeds
    facts: Sequence[WeighedFact]
    """That it looked at, in the mode ``facts``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """The answer to a recall."""

    hits: Sequence[Hit]
    arms: Mapping[Arm, ArmReport]
    total_tokens: int
    budget_tokens: int | None
    tokenizer: str
    """Whose tokens were counted."""
    dropped: Sequence[Dropped]
    """Near misses, when asked to explain; what a model has sifted out always."""
    took_ms: Mapping[str, float]
    backend: str
    neighbours: Sequence[Neighbour] = ()
    """Linked to hits; never in place of one."""
    beside: Sequence[Accompanying] = ()
    """Said directly before or after hits; never in place of one."""
    when: ToldTimes = field(default_factory=ToldTimes)
    """How the question's times were read, and what the hits say of them."""
    mode: Mode = Mode.RANKED
    rewrite: RewriteReport | None = None
    """``None`` unless it was asked for."""
    iterate: IterateReport | None = None
    """``None`` unless it was asked for."""
    rerank: StageReport | None = None
    """``None`` unless it was asked for."""
    sift: SiftReport | None = None
    """``None`` unless it was asked for."""
    grain: GrainReport | None = None
    """``None`` unless another one than memories was asked for, or nothing was ranked."""
    answerable: Answerability | None = None
    """``None`` unless it was asked for."""
    walk: Walk | None = None
    """How the graph arm went about it; only when asked to explain."""
    bank: ResolvedBank | None = None
    """Which was asked."""
    now: datetime | None = None
    """As of when it was answered."""
    id: RecallId | None = None
    """Names the answer to the recorder; ``None`` for answers within the service."""
    recorded: bool = False
    """Whether it was taken to be recorded."""
    model_calls: CallsMade = field(default_factory=CallsMade)
    """On the account, by whichever stages; of an answer within the service they are its asker's."""


def unranked(memories: Sequence[Memory], costs: Sequence[int]) -> list[Hit]:
    """Return memories in their own order, without scores; ``costs`` are their tokens."""
    return [
        Hit(memory=memory, score=0.0, parts={}, tokens=cost)
        for memory, cost in zip(memories, costs, strict=True)
    ]


def without_stages(query: RecallQuery) -> RecallQuery:
    """Return the query for a plain ranking: neither everything nor what a model would add."""
    return replace(
        query, pass_through=False, rewrite=False, iterate=False, rerank=False, sift=False
    )


def told_walk(mode: WalkMode, answer: WalkAnswer | None) -> Walk | None:
    """Return what an answer tells of a walk, ``None`` where there was none."""
    return None if answer is None else Walk(mode=mode, seeds=answer.seeds, facts=answer.facts)
