"""What recall may return, as JSON: scope keys, times, kinds and metadata conditions."""

from collections.abc import Sequence
from typing import Annotated, Any, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, Tag, model_validator
from typing_extensions import TypeAliasType

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import Key, Name, RequestModel, check_json
from memsvc.api.schemas.times import RequestZone, Timestamp
from memsvc.domain import filters as domain
from memsvc.domain.filters import Comparison, RecallFilter
from memsvc.domain.memory import MemoryKind, MemoryState, ScopeKeys

_ORDERED = frozenset({Comparison.LT, Comparison.LTE, Comparison.GT, Comparison.GTE})


class KeyConditionBody(RequestModel):
    """Compare one metadata value."""

    key: Annotated[
        Name,
        Field(
            description="Way to the value; dots lead into nested objects.", examples=["source.id"]
        ),
    ]
    op: Annotated[
        Comparison,
        Field(
            description="`in` takes a list; `lt`, `lte`, `gt`, `gte` a number or string; `exists` "
            "nothing, or whether it must; `contains` finds a substring or a list's member."
        ),
    ]
    value: JsonValue = None

    @model_validator(mode="after")
    def _value_fits_op(self) -> Self:
        if self.op is Comparison.IN:
            _check_listed(self.value)
        is_ordered = isinstance(self.value, int | float | str) and not isinstance(self.value, bool)
        if self.op in _ORDERED and not is_ordered:
            raise ValueError(f"`{self.op}` needs a number or a string as value")
        if self.op is Comparison.EXISTS and not isinstance(self.value, bool | None):
            raise ValueError("`exists` needs true, false or no value")
        return self

    def to_domain(self) -> domain.KeyCondition:
        """Return the condition as the domain knows it."""
        value = True if self.op is Comparison.EXISTS and self.value is None else self.value
        return domain.KeyCondition(key=self.key, op=self.op, value=value)


def _check_listed(value: JsonValue) -> None:
    listed = value if isinstance(value, list) else None
    if listed is None:
        raise ValueError("`in` needs a list as value")
    if len(listed) > limits.FILTER_VALUES:
        raise ValueError(f"`in` must not have more than {limits.FILTER_VALUES} values")


class AllOfBody(RequestModel):
    """Every condition holds."""

    conditions: Annotated[list["ConditionBody"], Field(alias="and")]

    def to_domain(self) -> domain.AllOf:
        """Return the condition as the domain knows it."""
        return domain.AllOf(conditions=[each.to_domain() for each in self.conditions])


class AnyOfBody(RequestModel):
    """At least one condition holds."""

    conditions: Annotated[list["ConditionBody"], Field(alias="or")]

    def to_domain(self) -> domain.AnyOf:
        """Return the condition as the domain knows it."""
        return domain.AnyOf(conditions=[each.to_domain() for each in self.conditions])


class NotBody(RequestModel):
    """The condition does not hold."""

    condition: Annotated["ConditionBody", Field(alias="not")]

    def to_domain(self) -> domain.Not:
        """Return the condition as the domain knows it."""
        return domain.Not(condition=self.condition.to_domain())


def _shape(value: object) -> str | None:
    # In brackets, as pydantic writes the other alternatives of unions: a problem leaves them out.
    members = value if isinstance(value, dict) else {}
    return next((f"[{name}]" for name in ("and", "or", "not", "key") if name in members), None)


_AnyCondition: TypeAlias = (
    Annotated[KeyConditionBody, Tag("[key]")]
    | Annotated[AllOfBody, Tag("[and]")]
    | Annotated[AnyOfBody, Tag("[or]")]
    | Annotated[NotBody, Tag("[not]")]
)
ConditionBody = TypeAliasType(
    "ConditionBody",
    Annotated[
        _AnyCondition,
        Discriminator(
            _shape,
            custom_error_type="condition_shape",
            custom_error_message="must be an object with `and`, `or`, `not`, or `key` and `op`",
        ),
    ],
)


def _check_size(value: Any) -> Any:  # noqa: ANN401 — a validator sees anything
    check_json(value, depth=2 * limits.METADATA_DEPTH)
    if _node_count(value) > limits.CONDITION_NODES:
        raise ValueError(f"must not have more than {limits.CONDITION_NODES} parts")
    return value


def _node_count(value: object) -> int:
    if not isinstance(value, dict):
        return 0
    inner = (value.get("and"), value.get("or"), [value.get("not")])
    listed = value.get("value") if value.get("op") == Comparison.IN else None
    values = len(listed) if isinstance(listed, list) else 0
    return (
        1
        + values
        + sum(
            _node_count(each) for members in inner if isinstance(members, list) for each in members
        )
    )


class RecallFilterBody(RequestModel):
    """What recall may return; every given field narrows it further."""

    kinds: Annotated[list[MemoryKind], Field(min_length=1)] | None = None
    speakers: Annotated[list[Name], Field(min_length=1, max_length=limits.FILTER_VALUES)] | None = (
        None
    )
    user_id: Name | None = None
    agent_id: Name | None = None
    session_id: Name | None = None
    source: Key | None = None
    occurred_after: Annotated[Timestamp | None, Field(description="Inclusive.")] = None
    occurred_before: Annotated[Timestamp | None, Field(description="Exclusive.")] = None
    states: Annotated[
        Sequence[MemoryState], Field(min_length=1, description="Only active memories by default.")
    ] = domain.ACTIVE_ONLY
    metadata: Annotated[
        ConditionBody | None,
        BeforeValidator(_check_size),
        Field(
            description="Condition on the memories' metadata.",
            examples=[{"and": [{"key": "channel", "op": "eq", "value": "chat"}]}],
        ),
    ] = None

    def to_filter(self, zone: RequestZone) -> RecallFilter:
        """Return the filter as the domain knows it, its times in UTC."""
        return RecallFilter(
            kinds=tuple(self.kinds or ()),
            speakers=tuple(self.speakers or ()),
            keys=ScopeKeys(
                user_id=self.user_id, agent_id=self.agent_id, session_id=self.session_id
            ),
            source=self.source,
            occurred_after=zone.instant(self.occurred_after, "filter", "occurred_after"),
            occurred_before=zone.instant(self.occurred_before, "filter", "occurred_before"),
            states=tuple(self.states),
            metadata=None if self.metadata is None else self.metadata.to_domain(),
        )
