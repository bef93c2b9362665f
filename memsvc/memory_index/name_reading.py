"""As what entities the names that memories use are read: aliases and homonyms together."""

from collections.abc import Iterable
from dataclasses import replace

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.homonyms import Homonyms
from memsvc.domain.graph.names import Names
from memsvc.domain.identifiers import MemoryId


class NameReading:
    """What names mean, over the memories held. Not for several threads at a time."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._homonyms: Homonyms[MemoryId] = Homonyms()
        self._aliases: Names[MemoryId] = Names()

    def put(self, memory_id: MemoryId, extracted: Extracted) -> set[MemoryId]:
        """Hold the names of a memory; return the others that are read another way now."""
        self._aliases.put(memory_id, extracted.names)
        return self._homonyms.put(memory_id, extracted)

    def remove(self, memory_id: MemoryId) -> set[MemoryId]:
        """Forget a memory; return the others that are read another way now."""
        self._aliases.remove(memory_id)
        return self._homonyms.remove(memory_id)

    def typed(self, memory_id: MemoryId) -> Extracted:
        """Return a memory whose entities have types, as it was put."""
        return self._homonyms.typed(memory_id)

    def told(self, memory_id: MemoryId, resolved: Extracted) -> Extracted:
        """Return what a memory was put with; ``resolved`` is how it is read here."""
        typed = self._homonyms.typed_of(memory_id)
        if typed is not None:
            return typed
        return replace(resolved, names=self._aliases.of_source(memory_id))

    def resolved(self, extracted: Extracted) -> Extracted:
        """Return what a memory speaks of, homonyms told apart."""
        return self._homonyms.resolved(extracted)

    def meant(self, named: Iterable[EntityForm]) -> list[EntityForm]:
        """Return the entities that any of the names may mean, in their order.

        A name may mean itself, what memories read it as, and each of these as several sorts.
        """
        names = (name for each in named for name in (each, *self._aliases.read_as(each)))
        return list(dict.fromkeys(node for name in names for node in self._homonyms.nodes_of(name)))

    def sorts_of(self, form: EntityForm) -> list[str]:
        """Return the sorts of thing that memories were told a name is of."""
        return [str(each) for each in self._homonyms.sorts_of(form)]

    def other_names(self, form: EntityForm) -> list[EntityForm]:
        """Return the names that memories have for an entity beside its own."""
        return self._aliases.names_of(form)
