"""From records to requests."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from memsvc.api.schemas.limits import MESSAGE_CHARS
from memsvc.cli.conversion import episode_of, feed_of, memories_of, turn_id_of
from memsvc.cli.formats import MessageRecord, PassageRecord, SessionRecord, TurnRecord

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def session(*texts: str) -> SessionRecord:
    turns = tuple(
        TurnRecord(id=f"t{number}", speaker="Ann", text=text, occurred_at=NOON)
        for number, text in enumerate(texts)
    )
    return SessionRecord(conversation_id="c1", session_id="s1", occurred_at=NOON, turns=turns)


def test_a_session_is_an_episode_named_after_it() -> None:
    episode = episode_of(session("Hello", "Hi"))
    assert episode is not None
    assert (episode.source, episode.session_id, episode.occurred_at) == ("s1", "s1", NOON)
    assert episode.metadata == {"conversation_id": "c1"}
    assert [each.external_id for each in episode.messages or ()] == ["t0", "t1"]
    assert [each.occurred_at for each in episode.messages or ()] == [NOON, NOON]


def test_a_session_in_which_nothing_is_said_is_no_episode() -> None:
    assert episode_of(session("", "  \n")) is None


def test_silent_turns_are_left_out() -> None:
    episode = episode_of(session("", "Hi"))
    assert episode is not None
    assert [each.external_id for each in episode.messages or ()] == ["t1"]


def test_a_long_turn_is_cut_between_words_and_its_parts_name_it() -> None:
    text = "word " * (MESSAGE_CHARS // 2)
    episode = episode_of(session(text))
    assert episode is not None
    parts = list(episode.messages or ())
    assert len(parts) == 3
    assert all(part.text.endswith("word ") for part in parts)
    assert {turn_id_of(part.external_id or "") for part in parts} == {"t0"}
    assert len({part.external_id for part in parts}) == 3


@given(
    words=st.lists(st.sampled_from(["a", "bb ", " ", "\n", "c" * 30_000]), min_size=1, max_size=12)
)
def test_nothing_of_a_long_text_is_lost(words: list[str]) -> None:
    text = "".join(words) + "end"
    parts = list(memories_of(PassageRecord(id="p", title="", text=text)))
    assert "".join(part.text for part in parts).strip() == text.strip()
    assert all(0 < len(part.text) <= MESSAGE_CHARS for part in parts)
    assert {turn_id_of(part.external_id or "") for part in parts} == {"p"}


def test_a_passage_has_its_title_above_its_text() -> None:
    [memory] = memories_of(PassageRecord(id="p1", title="Title", text="Text"), source="wiki")
    assert (memory.text, memory.kind) == ("Title\nText", "passage")
    assert (memory.external_id, memory.source) == ("p1", "wiki")


def test_a_passage_without_a_title_is_its_text() -> None:
    [memory] = memories_of(PassageRecord(id="p1", title="", text="Text"))
    assert memory.text == "Text"


def test_messages_are_the_next_part_of_their_feed() -> None:
    message = MessageRecord(
        external_id="m1", text="Hi", speaker="Ann", occurred_at=NOON, metadata={"lang": "en"}
    )
    episode = feed_of([message], "chat")
    assert episode.source == "chat"
    [sent] = episode.messages or ()
    assert (sent.text, sent.speaker, sent.external_id) == ("Hi", "Ann", "m1")
    assert (sent.occurred_at, sent.metadata) == (NOON, {"lang": "en"})
