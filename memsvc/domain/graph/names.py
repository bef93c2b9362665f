"""Names that sources have for entities which are known by another one."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from memsvc.domain.graph.entity_forms import EntityForm

Source = TypeVar("Source")


class Names(Generic[Source]):
    """As which entities the names of sources are read: a sum over the sources held."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._names: dict[Source, Mapping[EntityForm, EntityForm]] = {}
        self._read_as: dict[EntityForm, dict[EntityForm, set[Source]]] = {}
        self._names_of: dict[EntityForm, dict[EntityForm, set[Source]]] = {}

    def put(self, source: Source, names: Mapping[EntityForm, EntityForm]) -> None:
        """Hold what the names of a source are read as, in place of what was held."""
        self.remove(source)
        if names:
            self._names[source] = dict(names)
        for name, entity in names.items():
            self._read_as.setdefault(name, {}).setdefault(entity, set()).add(source)
            self._names_of.setdefault(entity, {}).setdefault(name, set()).add(source)

    def remove(self, source: Source) -> None:
        """Forget a source; unknown ones are fine."""
        for name, entity in self._names.pop(source, {}).items():
            _discard(self._read_as, name, entity, source)
            _discard(self._names_of, entity, name, source)

    def of_source(self, source: Source) -> Mapping[EntityForm, EntityForm]:
        """Return what the names of a source are read as."""
        return self._names.get(source, {})

    def read_as(self, name: EntityForm) -> list[EntityForm]:
        """Return the entities that sources mean by a name, in order."""
        return sorted(self._read_as.get(name, ()))

    def names_of(self, entity: EntityForm) -> list[EntityForm]:
        """Return the other names that sources have for an entity, in order."""
        return sorted(self._names_of.get(entity, ()))


def _discard(
    table: dict[EntityForm, dict[EntityForm, set[Source]]],
    one: EntityForm,
    other: EntityForm,
    source: Source,
) -> None:
    table[one][other].discard(source)
    if not table[one][other]:
        del table[one][other]
    if not table[one]:
        del table[one]
