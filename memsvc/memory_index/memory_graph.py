"""The graph of one bank in memory: which memories speak of which entities."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from threading import Lock

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.hops import HopSettings, Link, follow_links
from memsvc.domain.graph.mentions import MentionGraph
from memsvc.domain.graph.pagerank import PageRankSettings
from memsvc.domain.graph.seeds import named_entity_seeds, source_seeds
from memsvc.domain.graph.walk_graph import Walked, WalkGraph
from memsvc.domain.identifiers import MemoryId
from memsvc.memory_index.entity_readings import EntityReadings

_BYTES_PER_MENTION = 220
"""Of the tables of Python objects, measured; the edges of the walk are counted exactly."""


class MemoryGraph:
    """Mentions to follow and edges to walk, always the same ones.

    Searches and changes take turns: both take milliseconds.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._mentions: MentionGraph[MemoryId] = MentionGraph()
        self._walks: WalkGraph[MemoryId] | None = None
        self._readings = EntityReadings()
        self._count = 0
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._mentions)

    @property
    def entity_count(self) -> int:
        """How many entities any memory mentions."""
        return self._mentions.entity_count

    @property
    def mention_count(self) -> int:
        """How many pairs of a memory and an entity there are."""
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held, estimated for the tables."""
        walks = 0 if self._walks is None else self._walks.nbytes
        return walks + self._count * _BYTES_PER_MENTION

    def apply(
        self, upserts: Mapping[MemoryId, Extracted], removals: Collection[MemoryId] = ()
    ) -> None:
        """Put ``upserts`` in place of what there was of those memories; drop ``removals``."""
        with self._turn:
            for memory_id in removals:
                self._count -= len(self._mentions.mentions_of(memory_id))
                self._mentions.remove(memory_id)
                if self._walks is not None:
                    self._walks.remove(memory_id)
            for memory_id, extracted in self._readings.apply(upserts, removals).items():
                self._count += len(extracted.mentions) - len(self._mentions.mentions_of(memory_id))
                self._mentions.put(memory_id, extracted)
                if self._walks is not None:
                    self._walks.put(memory_id, extracted.mentions.keys())

    def meant_by(self, form: EntityForm) -> list[EntityForm]:
        """Return the entities that a name may mean: itself, what it is read as, homonyms."""
        with self._turn:
            return self._readings.meant_by([form])

    def sorts_of(self, form: EntityForm) -> list[str]:
        """Return the sorts of thing that memories were told an entity's name is of."""
        with self._turn:
            return self._readings.sorts_of(form)

    def other_names(self, form: EntityForm) -> list[EntityForm]:
        """Return the names that memories have for an entity beside its own."""
        with self._turn:
            return self._readings.names_of(form)

    def prepare(self) -> None:
        """Put the edges together, if that has not been done: 2 s for a million of them."""
        with self._turn:
            if self._walks is None:
                self._walks = WalkGraph(
                    {each: self._mentions.mentions_of(each).keys() for each in self._mentions}
                )

    def walk(
        self,
        hits: Mapping[MemoryId, float],
        named: Collection[EntityForm],
        count: int,
        settings: PageRankSettings,
        check_time: Callable[[], None],
    ) -> list[Walked[MemoryId]]:
        """Return the ``count`` best memories of a walk from ``hits`` and the entities ``named``.

        Of the named ones those count that some hit mentions, or all if there are no hits. Raises
        ``NoSeedsError``, and what ``check_time`` raises.
        """
        self.prepare()
        with self._turn:
            walks = self._walks
            mentioned = {f for hit in hits for f in self._mentions.mentions_of(hit)}
            meant = set(self._readings.meant_by(named))
            followed = meant & mentioned if hits else meant
            counts = {form: self._mentions.source_count(form) for form in followed}
            seeds = source_seeds(hits), named_entity_seeds(followed, counts)
            assert walks is not None  # noqa: S101 — prepared above
            return walks.walk(seeds, count, settings, check_time, with_paths=False)

    def links(
        self,
        hits: Sequence[tuple[MemoryId, float]],
        named: Collection[EntityForm],
        settings: HopSettings,
    ) -> dict[MemoryId, Link[MemoryId]]:
        """Return the strongest link to each memory that ``hits``, best first, lead to."""
        with self._turn:
            meant = self._readings.meant_by(named)
            return follow_links(hits, meant, self._mentions, settings)

    def entities(self, containing: str = "") -> list[tuple[EntityForm, int]]:
        """Return the entities whose form contains a text, most mentioned first, with counts."""
        with self._turn:
            counted = [
                (form, self._mentions.source_count(form))
                for form in self._mentions.forms()
                if containing in form
            ]
        return sorted(counted, key=lambda each: (-each[1], each[0]))

    def memories_of(self, form: EntityForm) -> list[MemoryId]:
        """Return the memories that mention an entity, those about it first, oldest first."""
        with self._turn:
            about = self._mentions.sources_about(form)
            others = self._mentions.sources_of(form) - about
        return [*sorted(about), *sorted(others)]

    def mentions_of(self, memory_id: MemoryId) -> Mapping[EntityForm, int]:
        """Return the entities of a memory, and how often it mentions each."""
        with self._turn:
            return dict(self._mentions.mentions_of(memory_id))

    def memories(self, after: MemoryId | None, limit: int) -> list[tuple[MemoryId, Extracted]]:
        """Return up to ``limit`` memories with their entities, in order of id."""
        with self._turn:
            ids: Iterable[MemoryId] = sorted(
                each for each in self._mentions if after is None or each > after
            )[:limit]
            return [(each, self._mentions.extracted(each)) for each in ids]
