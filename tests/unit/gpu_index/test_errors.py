import pytest

from gpu_index import errors
from gpu_index.errors import VectorIndexError, ZeroVectorError

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, VectorIndexError)
]


def test_docstring_is_the_message_when_none_is_given() -> None:
    assert str(ZeroVectorError()) == "A vector of length zero has no direction to compare."
    assert ZeroVectorError("Row 3 is zero.").message == "Row 3 is zero."


def test_codes_tell_the_classes_apart() -> None:
    assert len(CLASSES) == 14
    assert len({error.code for error in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("error", CLASSES)
def test_every_class_has_a_sentence(error: type[VectorIndexError]) -> None:
    assert error().message.endswith(".")
