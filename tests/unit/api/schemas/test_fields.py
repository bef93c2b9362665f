from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import MessageText, MetadataBody, Name
from memsvc.domain.metadata import METADATA_BYTES

METADATA: TypeAdapter[dict[str, Any]] = TypeAdapter(MetadataBody)
NAME: TypeAdapter[str] = TypeAdapter(Name)
TEXT: TypeAdapter[str] = TypeAdapter(MessageText)

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"k": value}
    return value


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_metadata_is_kept_as_it_is(metadata: dict[str, Any]) -> None:
    kept = METADATA.validate_python(metadata)

    assert kept == metadata
    assert repr(kept) == repr(metadata)


def test_metadata_may_be_nested_up_to_the_limit() -> None:
    METADATA.validate_python(nested(limits.METADATA_DEPTH))

    with pytest.raises(ValidationError, match="nested deeper than 16 levels"):
        METADATA.validate_python(nested(limits.METADATA_DEPTH + 1))


def test_lists_count_as_levels() -> None:
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]

    with pytest.raises(ValidationError, match="nested deeper"):
        METADATA.validate_python({"k": deep})


def test_metadata_may_be_as_large_as_the_limit() -> None:
    frame = len('{"k":""}')
    METADATA.validate_python({"k": "x" * (METADATA_BYTES - frame)})

    with pytest.raises(ValidationError, match="larger than 65536 bytes"):
        METADATA.validate_python({"k": "x" * (METADATA_BYTES - frame + 1)})
    with pytest.raises(ValidationError, match="larger than 65536 bytes"):
        METADATA.validate_python({"k": "語" * (METADATA_BYTES // 3)})


@pytest.mark.parametrize(
    "value",
    [
        {"k": "a\x00b"},
        {"a\x00b": 1},
        {"k": ["\ud800"]},
        {"\udfff": 1},
        {"k": float("nan")},
        {"k": [float("inf")]},
        [],
        "text",
        None,
    ],
)
def test_metadata_that_cannot_be_stored_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        METADATA.validate_python(value)


@pytest.mark.parametrize("value", ["", " ", "\u3000\n", "a\x00", "x" * 513, 5])
def test_a_name_is_some_text(value: object) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")).filter(str.strip))
def test_text_is_kept_word_for_word(text: str) -> None:
    assert TEXT.validate_python(text) == text


def test_a_fault_does_not_quote_what_was_sent() -> None:
    with pytest.raises(ValidationError) as caught:
        METADATA.validate_python({"k": "secret\x00"})

    assert "secret" not in caught.value.errors()[0]["msg"]
