import pytest

from memsvc.domain.answerable.pronouns import speaks_of_other, speaks_of_self


@pytest.mark.parametrize(
    ("text", "of_self", "of_other"),
    [
        ("I'm off to my class.", True, False),
        ("How was your race?", False, True),
        ("I told you so", True, True),
        ("The race was on Sunday.", False, False),
        ("Ich habe es dir gesagt", True, True),
        ("我昨天去了医院", True, False),
        ("你好吗", False, True),
        ("", False, False),
    ],
)
def test_pronouns(text: str, of_self: bool, of_other: bool) -> None:
    assert (speaks_of_self(text), speaks_of_other(text)) == (of_self, of_other)
