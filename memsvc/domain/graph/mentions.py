"""Which sources speak of which entities: the part of the memory graph that hops follow."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted

Source = TypeVar("Source")


_NOTHING: Mapping[EntityForm, int] = Counter()


class MentionGraph(Generic[Source]):
    """Sources and entities, joined by how often a source mentions an entity.

    Everything is a sum over the sources held: removing one leaves exactly the graph that never
    held it, in whatever order sources came and went. Adding and removing cost the source's own
    mentions.
    """

    def __init__(self) -> None:
        """Make an empty graph."""
        self._mentions: dict[Source, Counter[EntityForm]] = {}
        self._subjects: dict[Source, frozenset[EntityForm]] = {}
        self._sources: dict[EntityForm, set[Source]] = {}
        self._about: dict[EntityForm, set[Source]] = {}

    def __len__(self) -> int:
        return len(self._mentions)

    def __iter__(self) -> Iterator[Source]:
        """Iterate over the sources."""
        return iter(self._mentions)

    @property
    def entity_count(self) -> int:
        """How many entities any source mentions."""
        return len(self._sources)

    def put(self, source: Source, extracted: Extracted) -> None:
        """Hold these entities of a source, in place of those it had."""
        self.remove(source)
        self._mentions[source] = Counter(extracted.mentions)
        self._subjects[source] = extracted.subjects
        for form in extracted.mentions:
            self._sources.setdefault(form, set()).add(source)
        for form in extracted.subjects:
            self._about.setdefault(form, set()).add(source)

    def remove(self, source: Source) -> None:
        """Forget a source, and the entities that it alone mentioned; unknown ones are fine."""
        for form in self._mentions.pop(source, ()):
            _discard(self._sources, form, source)
        for form in self._subjects.pop(source, ()):
            _discard(self._about, form, source)

    def mentions_of(self, source: Source) -> Mapping[EntityForm, int]:
        """Return the entities of a source, and how often it mentions each."""
        return self._mentions.get(source, _NOTHING)

    def subjects_of(self, source: Source) -> frozenset[EntityForm]:
        """Return what a source is about."""
        return self._subjects.get(source, frozenset())

    def sources_of(self, form: EntityForm) -> frozenset[Source]:
        """Return the sources that mention an entity."""
        return frozenset(self._sources.get(form, ()))

    def sources_about(self, form: EntityForm) -> frozenset[Source]:
        """Return the sources whose subject an entity is."""
        return frozenset(self._about.get(form, ()))

    def source_count(self, form: EntityForm) -> int:
        """Return how many sources mention an entity."""
        return len(self._sources.get(form, ()))

    def about_count(self, form: EntityForm) -> int:
        """Return of how many sources an entity is the subject."""
        return len(self._about.get(form, ()))

    def extracted(self, source: Source) -> Extracted:
        """Return the entities of a source as they were put."""
        return Extracted(
            subjects=self.subjects_of(source), mentions=Counter(self.mentions_of(source))
        )

    def specificity(self, form: EntityForm) -> float:
        """Return 1 / number of sources that mention the entity (HippoRAG, §3.3), 0 for none."""
        holding = len(self._sources.get(form, ()))
        return 1 / holding if holding else 0.0

    def __contains__(self, source: object) -> bool:
        """Whether a source is held."""
        return source in self._mentions

    def unordered_forms(self) -> Iterable[EntityForm]:
        """Return every entity, in no particular order."""
        return self._sources

    def counted(self, containing: str) -> list[tuple[EntityForm, int]]:
        """Return the forms that contain a text, most mentioned first, with counts of sources."""
        found = [(form, self.source_count(form)) for form in self.forms() if containing in form]
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def forms(self) -> Iterable[EntityForm]:
        """Return every entity, in order."""
        return sorted(self._sources)


def _discard(table: dict[EntityForm, set[Source]], form: EntityForm, source: Source) -> None:
    table[form].discard(source)
    if not table[form]:
        del table[form]
