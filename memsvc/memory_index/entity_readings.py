"""As which entities the names of memories are read: homonyms told apart, merged ones as one."""

from collections.abc import Collection, Iterable, Mapping

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.homonyms import Homonyms
from memsvc.domain.graph.names import Names
from memsvc.domain.identifiers import MemoryId


class EntityReadings:
    """A function of the memories held, in whatever order they came and went."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._homonyms: Homonyms[MemoryId] = Homonyms()
        self._names: Names[MemoryId] = Names()

    def apply(
        self, upserts: Mapping[MemoryId, Extracted], removals: Collection[MemoryId]
    ) -> dict[MemoryId, Extracted]:
        """Take memories in and let go of others; return what is to be held of whom now.

        These are the upserts, and memories that are read otherwise because of them.
        """
        told_anew: set[MemoryId] = set()
        for memory_id in removals:
            told_anew |= self._homonyms.remove(memory_id)
            self._names.remove(memory_id)
        for memory_id, extracted in upserts.items():
            told_anew |= self._homonyms.put(memory_id, extracted)
            self._names.put(memory_id, extracted.names)
        told_anew -= {*upserts, *removals}
        given = {each: self._homonyms.typed(each) for each in told_anew} | dict(upserts)
        return {each: self._homonyms.resolved(extracted) for each, extracted in given.items()}

    def meant_by(self, names: Iterable[EntityForm]) -> list[EntityForm]:
        """Return the entities that names may mean: themselves, what they are read as, homonyms."""
        forms = [form for name in names for form in (name, *self._names.read_as(name))]
        return list(dict.fromkeys(node for form in forms for node in self._homonyms.nodes_of(form)))

    def sorts_of(self, form: EntityForm) -> list[str]:
        """Return the sorts of thing that memories were told a name is of."""
        return [str(each) for each in self._homonyms.sorts_of(form)]

    def names_of(self, form: EntityForm) -> list[EntityForm]:
        """Return the names that memories have for an entity beside its own."""
        return self._names.names_of(form)
