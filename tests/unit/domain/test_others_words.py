"""Words of others are blanked out, and one's own are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.others_words import without_others_words


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Bob said: I ski.", "Bob said:"),
        ("Good news: I moved to Zurich!", "Good news: I moved to Zurich!"),
        ("P.S.: I ski.", "P.S.: I ski."),
        ("See you at 10:30, I ski.", "See you at 10:30, I ski."),
        ("See https://example.org: I ski.", "See https://example.org:"),
        ("[10:02] Bob: I ski\n\nI swim.", "[10:02] Bob: I swim."),
        ("Translate: I ski.\n\nI swim.", "Translate:"),
        ("> I ski.\nI swim.", "I swim."),
        ("On Monday Tom wrote:\n> I ski.\nI swim.", "On Monday Tom wrote: I swim."),
        ("Fwd: hi\nI ski.", ""),
        ("I swim.\n---- Original message ----\nI ski.", "I swim."),
        ("```\nI ski\n```\nI swim.", "I swim."),
        ("He said “I ski” and I swim.", "He said “ ” and I swim."),
        ('He said "I ski" and I swim.', 'He said " " and I swim.'),
        ("Please proofread this. I ski.", "Please"),
        ("他写道：我滑雪。", "他写道："),
        ("Dear Sir,\nI ski.", ""),
    ],
)
def test_what_others_say_is_blanked_out(text: str, own: str) -> None:
    assert without_others_words(text).split() == own.split()


@given(
    st.lists(
        st.sampled_from(["Bob: ", "> ", "```", '"', "“", "Fwd: ", "below", "\n", "I ski. ", "："])
        | st.text(max_size=4)
    ).map("".join)
)
def test_places_stay_and_nothing_is_added(text: str) -> None:
    read = without_others_words(text)

    assert len(read) == len(text)
    assert all(one in (other, " ") for one, other in zip(read, text, strict=True))
