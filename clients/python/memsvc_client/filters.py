"""What recall may return: a filter, and a small builder for its condition on metadata.

``meta("project.name").eq("apollo")`` compares the value at a dotted path; ``all_of``, ``any_of``
and ``not_`` combine conditions::

    Filter(
        kinds=["turn"],
        metadata=all_of(meta("lang").in_(["de", "fr"]), not_(meta("draft").exists())),
    )
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ConfigDict, JsonValue, RootModel

from memsvc_client.records import Body


class Condition(RootModel[dict[str, JsonValue]]):
    """A condition on metadata; its root is the JSON that the service reads."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class MetadataKey:
    """The metadata value at a dotted path, waiting for its comparison."""

    path: str

    def eq(self, value: JsonValue) -> Condition:
        """Hold where the value is equal."""
        return self._compare("eq", value)

    def ne(self, value: JsonValue) -> Condition:
        """Hold where the value differs, or there is none."""
        return self._compare("ne", value)

    def in_(self, values: Sequence[JsonValue]) -> Condition:
        """Hold where the value is one of ``values``."""
        return self._compare("in", list(values))

    def lt(self, value: JsonValue) -> Condition:
        """Hold where the value is less."""
        return self._compare("lt", value)

    def lte(self, value: JsonValue) -> Condition:
        """Hold where the value is less or equal."""
        return self._compare("lte", value)

    def gt(self, value: JsonValue) -> Condition:
        """Hold where the value is greater."""
        return self._compare("gt", value)

    def gte(self, value: JsonValue) -> Condition:
        """Hold where the value is greater or equal."""
        return self._compare("gte", value)

    def exists(self) -> Condition:
        """Hold where there is a value."""
        return self._compare("exists", value=True)

    def contains(self, value: JsonValue) -> Condition:
        """Hold where the value is a list with this member, or a text with this part."""
        return self._compare("contains", value)

    def _compare(self, op: str, value: JsonValue) -> Condition:
        return Condition({"key": self.path, "op": op, "value": value})


def meta(path: str) -> MetadataKey:
    """Name the metadata value at the dotted ``path``."""
    return MetadataKey(path)


def all_of(*conditions: Condition) -> Condition:
    """Hold where every condition holds."""
    return Condition({"and": [condition.root for condition in conditions]})


def any_of(*conditions: Condition) -> Condition:
    """Hold where at least one condition holds."""
    return Condition({"or": [condition.root for condition in conditions]})


def not_(condition: Condition) -> Condition:
    """Hold where ``condition`` does not."""
    return Condition({"not": condition.root})


class Filter(Body):
    """What recall may return; every member that is given narrows it further.

    Times need a zone, unless the recall names its ``timezone``.
    """

    kinds: Sequence[str] | None = None
    """Of these kinds (see ``MemoryKind``)."""
    speakers: Sequence[str] | None = None
    """Said by one of these."""
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    source: str | None = None
    """From the episode or feed of this name."""
    occurred_after: datetime | None = None
    """Happened then or later."""
    occurred_before: datetime | None = None
    """Happened before then."""
    states: Sequence[str] | None = None
    """In these states (see ``MemoryState``); the service's default is active ones alone."""
    metadata: Condition | None = None
    """Whose metadata meets this condition; see ``meta``."""
