"""What counts as the same content, and what the indexes see of a memory."""

from datetime import UTC, datetime, timedelta, timezone

from memsvc.domain.content import content_hash, indexed_text, lexical_text

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_equal_content_has_equal_hashes_whatever_the_zone_its_time_is_written_in() -> None:
    lisbon = timezone(timedelta(hours=1))
    assert content_hash("a", "Ann", NOON) == content_hash("a", "Ann", NOON.astimezone(lisbon))


def test_text_speaker_and_time_each_make_a_difference() -> None:
    hashes = {
        content_hash("a", "Ann", NOON),
        content_hash("b", "Ann", NOON),
        content_hash("a", "Bo", NOON),
        content_hash("a", None, NOON),
        content_hash("a", "Ann", None),
        content_hash("a", "Ann", NOON + timedelta(seconds=1)),
    }
    assert len(hashes) == 6


def test_parts_cannot_run_into_each_other() -> None:
    assert content_hash("ab", "c", None) != content_hash("a", "bc", None)


def test_speaker_or_title_goes_before_the_text() -> None:
    assert indexed_text("hi", speaker="Ann", title="T") == "Ann: hi"
    assert indexed_text("hi", speaker=None, title="T") == "T\nhi"
    assert indexed_text("hi", speaker=None, title=None) == "hi"


def test_words_of_a_joined_name_are_looked_up_beside_it_but_not_encoded() -> None:
    assert lexical_text("hi", speaker="AdaLovelace", title=None) == "AdaLovelace Ada Lovelace: hi"
    assert indexed_text("hi", speaker="AdaLovelace", title=None) == "AdaLovelace: hi"
    assert lexical_text("hi", speaker="Ada", title=None) == "Ada: hi"
    assert lexical_text("AdaLovelace", speaker=None, title="T") == "T\nAdaLovelace"
