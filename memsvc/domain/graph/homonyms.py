"""Two things of one name: told apart where they were given as different sorts."""

from collections import Counter
from collections.abc import Mapping
from typing import Generic, TypeVar

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.sorts import Sort, sort_of, sorted_name

Source = TypeVar("Source")


class Homonyms(Generic[Source]):
    """Which forms are names of several sorts of thing, over the sources held.

    A function of what is held: in whatever order sources came and went, the same forms are told
    apart. While all types of a form are of one sort, the form itself is the entity, and mentions
    without a type are of it too. With two sorts, mentions with a type are of ``form (sort)``, and
    those without stay with the form: nobody has said which they are.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._typed: dict[Source, Extracted] = {}
        self._sorts: dict[EntityForm, dict[Sort, set[Source]]] = {}

    def put(self, source: Source, extracted: Extracted) -> set[Source]:
        """Hold the types of a source in place of those it had; return whom that tells apart anew.

        These are other sources: what ``resolved`` returns of them has changed.
        """
        changed = self.remove(source)
        sorts = _sorts(extracted)
        if sorts:
            self._typed[source] = extracted
        for form, some in sorts.items():
            held = self._sorts.setdefault(form, {})
            was_apart = len(held) > 1
            for sort in some:
                held.setdefault(sort, set()).add(source)
            if (len(held) > 1) != was_apart:
                changed |= self._holders(form)
        return changed - {source}

    def remove(self, source: Source) -> set[Source]:
        """Forget a source; return the others whose reading that changes."""
        extracted = self._typed.pop(source, None)
        changed: set[Source] = set()
        for form, some in ({} if extracted is None else _sorts(extracted)).items():
            held = self._sorts[form]
            was_apart = len(held) > 1
            for sort in some:
                held[sort].discard(source)
                if not held[sort]:
                    del held[sort]
            if (len(held) > 1) != was_apart:
                changed |= self._holders(form)
            if not held:
                del self._sorts[form]
        return changed

    def typed(self, source: Source) -> Extracted:
        """Return a source with types, as it was put."""
        return self._typed[source]

    def typed_of(self, source: Source) -> Extracted | None:
        """Return a source as it was put; ``None`` where it has no types."""
        return self._typed.get(source)

    def sorts_of(self, form: EntityForm) -> list[Sort]:
        """Return the sorts a form was given as, in order."""
        return sorted(self._sorts.get(form, ()))

    def nodes_of(self, form: EntityForm) -> list[EntityForm]:
        """Return every entity that a name may mean."""
        sorts = self.sorts_of(form)
        apart = [EntityForm(sorted_name(form, each)) for each in sorts] if len(sorts) > 1 else []
        return [form, *apart]

    def resolved(self, extracted: Extracted) -> Extracted:
        """Return what a source speaks of, homonyms told apart."""
        if not extracted.types:
            return extracted
        nodes = {form: self._nodes(form, extracted.types) for form in extracted.mentions}
        mentions: Counter[EntityForm] = Counter()
        for form, count in extracted.mentions.items():
            for node in nodes[form]:
                mentions[node] = count
        return Extracted(
            subjects=frozenset(node for form in extracted.subjects for node in nodes[form]),
            mentions=mentions,
            types=extracted.types,
            names=extracted.names,
        )

    def _nodes(
        self, form: EntityForm, types: Mapping[EntityForm, frozenset[str]]
    ) -> list[EntityForm]:
        own = sorted({sort for each in types.get(form, ()) if (sort := sort_of(each))})
        if not own or len(self._sorts.get(form, ())) < 2:  # noqa: PLR2004 — two sorts
            return [form]
        return [EntityForm(sorted_name(form, sort)) for sort in own]

    def _holders(self, form: EntityForm) -> set[Source]:
        return {source for some in self._sorts[form].values() for source in some}


def _sorts(extracted: Extracted) -> dict[EntityForm, set[Sort]]:
    found = {
        form: {sort for each in types if (sort := sort_of(each))}
        for form, types in extracted.types.items()
    }
    return {form: some for form, some in found.items() if some}
