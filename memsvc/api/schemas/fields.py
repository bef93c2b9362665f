"""The types request and response fields are made of."""

import math
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
)

from memsvc.api.schemas import limits
from memsvc.domain.metadata import METADATA_BYTES, encoded_size

BANK_NAME_PATTERN = r"^[a-z0-9._-]{1,128}$"


class RequestModel(BaseModel):
    """A request body: unknown fields are refused, so that a typing mistake is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseModel(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True)


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return _storable(text)


def _reachable(name: str) -> str:
    if not name.strip("."):
        raise ValueError("must not consist of dots: HTTP clients would resolve them away")
    return name


BankName = Annotated[
    str,
    Field(pattern=BANK_NAME_PATTERN, examples=["ada"]),
    AfterValidator(_reachable),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=limits.NAME_CHARS),
    AfterValidator(_not_blank),
]
Key = Annotated[
    str,
    Field(min_length=1, max_length=limits.KEY_CHARS),
    AfterValidator(_not_blank),
]
Description = Annotated[str, Field(max_length=limits.DESCRIPTION_CHARS), AfterValidator(_storable)]
Language = Annotated[
    str,
    Field(
        pattern=r"^(auto|[a-z]{2,3})$",
        description="ISO 639 code, or `auto`: recognised text by text.",
        examples=["auto", "en", "zh"],
    ),
]
MessageText = Annotated[
    str,
    Field(min_length=1, max_length=limits.MESSAGE_CHARS),
    AfterValidator(_not_blank),
]
DocumentText = Annotated[
    str,
    Field(min_length=1, max_length=limits.DOCUMENT_CHARS),
    AfterValidator(_not_blank),
]
QueryText = Annotated[
    str,
    Field(min_length=1, max_length=limits.QUERY_CHARS),
    AfterValidator(_not_blank),
]


def check_json(value: object, *, depth: int) -> None:
    """Refuse what PostgreSQL's jsonb cannot hold, and nesting beyond ``depth`` levels.

    Python's JSON parser lets NaN, infinities, NUL and lone surrogates through.
    """
    if isinstance(value, str):
        _check_json_string(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must hold finite numbers only")
    elif isinstance(value, dict):
        _check_members(value, depth=depth)
        _check_members(value.values(), depth=depth)
    elif isinstance(value, list):
        _check_members(value, depth=depth)


def _check_members(members: Iterable[object], *, depth: int) -> None:
    if depth <= 0:
        raise ValueError(f"must not be nested deeper than {limits.METADATA_DEPTH} levels")
    for member in members:
        check_json(member, depth=depth - 1)


def _check_json_string(text: str) -> None:
    try:
        _storable(text).encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None


def _check_metadata(value: Any) -> Any:  # noqa: ANN401 — a validator sees anything
    check_json(value, depth=limits.METADATA_DEPTH)
    if encoded_size(value) > METADATA_BYTES:
        raise ValueError(f"must not be larger than {METADATA_BYTES} bytes as JSON")
    return value


MetadataBody = Annotated[
    dict[str, JsonValue],
    BeforeValidator(_check_metadata),
    Field(
        description="The caller's own data: stored, returned and filtered by, not interpreted, but "
        "for the number `importance` where the service is set up so. "
        f"At most {METADATA_BYTES // 1024} KiB as JSON, {limits.METADATA_DEPTH} levels.",
        examples=[{"channel": "chat", "tags": ["work"]}],
    ),
]
