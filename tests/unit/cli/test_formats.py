"""Reading files of messages, sessions and passages."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memsvc.cli.formats import read_messages, read_passages, read_sessions
from memsvc.errors import InvalidRequestError

Line = Mapping[str, Any]


def write(path: Path, *lines: Line) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def turn(number: int, **members: Any) -> Line:
    return {"id": f"t{number}", "speaker": "Ann", "text": f"text {number}", **members}


def session(
    name: str, time: str | None, *turns: Line, conversation: str = "c1", **members: Any
) -> Line:
    return {
        "conversation_id": conversation,
        "session_id": name,
        "datetime": time,
        "turns": list(turns),
        **members,
    }


def day(number: int) -> datetime:
    return datetime(2024, 3, number, tzinfo=UTC)


def times_of(path: Path) -> list[tuple[datetime | None, Sequence[datetime | None]]]:
    return [
        (each.occurred_at, [turn.occurred_at for turn in each.turns])
        for each in read_sessions(path)
    ]


class TestSessions:
    def test_turns_keep_their_order_ids_speakers_and_texts(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.jsonl", session("s1", "2024-03-01", turn(2), turn(1)))
        [read] = read_sessions(path)
        assert (read.conversation_id, read.session_id) == ("c1", "s1")
        assert [(each.id, each.speaker, each.text) for each in read.turns] == [
            ("t2", "Ann", "text 2"),
            ("t1", "Ann", "text 1"),
        ]

    def test_the_description_of_an_image_is_part_of_the_turn(self, tmp_path: Path) -> None:
        shared = turn(1, text="Look!", blip_caption="a dog on a beach")
        silent = turn(2, text="", blip_caption="a cat")
        path = write(tmp_path / "s.jsonl", session("s1", None, shared, silent))
        [read] = read_sessions(path)
        assert [each.text for each in read.turns] == [
            "Look! [image: a dog on a beach]",
            "[image: a cat]",
        ]

    def test_turns_have_the_time_of_their_session_when_they_have_none(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.jsonl", session("s1", "2024-03-01", turn(1), turn(2)))
        assert times_of(path) == [(day(1), [day(1), day(1)])]

    def test_a_turn_without_a_time_has_the_last_known_one(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "s.jsonl",
            session("s1", None, turn(1, datetime="March-01-2024"), turn(2)),
            session("s2", None, turn(3)),
            session("s3", None, turn(4), turn(5, datetime="March-05-2024"), turn(6)),
        )
        assert times_of(path) == [
            (day(1), [day(1), day(1)]),
            (day(1), [day(1)]),
            (day(5), [day(1), day(5), day(5)]),
        ]

    def test_a_turn_before_the_first_known_time_has_that_one(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "s.jsonl", session("s1", None, turn(1), turn(2, datetime="March-02-2024"))
        )
        assert times_of(path) == [(day(2), [day(2), day(2)])]

    def test_times_of_one_conversation_say_nothing_about_another(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "s.jsonl",
            session("s1", "2024-03-01", turn(1)),
            session("s2", None, turn(2), conversation="c2"),
        )
        assert times_of(path)[1] == (None, [None])

    def test_times_without_a_zone_are_in_the_zone_given(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.jsonl", session("s1", "2024-03-02", turn(1)))
        [read] = read_sessions(path, zone=ZoneInfo("Asia/Tokyo"))
        assert read.occurred_at == datetime(2024, 3, 1, 15, tzinfo=UTC)

    @pytest.mark.parametrize("packed", [False, True])
    def test_a_folder_is_read_compressed_or_not(self, tmp_path: Path, packed: bool) -> None:
        content = json.dumps(session("s1", None, turn(1, text="你好"))).encode()
        if packed:
            (tmp_path / "sessions.jsonl.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / "sessions.jsonl").write_bytes(content)
        [read] = read_sessions(tmp_path)
        assert read.turns[0].text == "你好"

    def test_numbers_are_ids_too_and_unknown_members_are_left_alone(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.jsonl", session("s1", None, turn(1, id=7, query="x"), week=3))
        [read] = read_sessions(path)
        assert read.turns[0].id == "7"

    def test_reading_goes_line_by_line(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.jsonl", session("s1", None, turn(1)))
        with path.open("a", encoding="utf-8") as file:
            file.write("broken\n")
        sessions = read_sessions(path)
        assert next(sessions).session_id == "s1"
        with pytest.raises(InvalidRequestError, match="line 2"):
            next(sessions)


class TestMessages:
    def test_everything_a_line_says_is_kept(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "m.jsonl",
            {
                "text": "Hello",
                "speaker": "Ann",
                "occurred_at": "2024-03-01T00:00:00Z",
                "external_id": "m1",
                "metadata": {"lang": "en"},
            },
        )
        [read] = read_messages(path)
        assert (read.external_id, read.text, read.speaker) == ("m1", "Hello", "Ann")
        assert (read.occurred_at, read.metadata) == (day(1), {"lang": "en"})

    def test_blank_lines_and_a_byte_order_mark_are_passed_over(self, tmp_path: Path) -> None:
        path = tmp_path / "m.jsonl"
        path.write_text('\ufeff{"text": "a"}\n\n  \n{"text": "b"}', encoding="utf-8")
        assert [each.text for each in read_messages(path)] == ["a", "b"]

    def test_ids_are_made_from_the_content_so_that_added_lines_change_none(
        self, tmp_path: Path
    ) -> None:
        old = [{"text": "ok", "speaker": "Ann"}, {"text": "ok", "speaker": "Ben"}, {"text": "bye"}]
        before = {
            (each.text, each.speaker): each.external_id
            for each in read_messages(write(tmp_path / "a.jsonl", *old))
        }
        grown = write(tmp_path / "b.jsonl", {"text": "first"}, *old, {"text": "last"})
        after = {(each.text, each.speaker): each.external_id for each in read_messages(grown)}
        assert before.items() <= after.items()
        assert len(set(after.values())) == 5

    def test_equal_messages_are_told_apart(self, tmp_path: Path) -> None:
        path = write(tmp_path / "m.jsonl", *[{"text": "ok"}] * 3)
        ids = [each.external_id for each in read_messages(path)]
        assert len(set(ids)) == 3
        assert ids == [each.external_id for each in read_messages(path)]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ('{"text": ""}', "text"),
            ('{"speaker": "Ann"}', "text: Field required"),
            ('{"text": "a", "occurred_at": "soon"}', "'soon' is not a time"),
            ('{"text": "secret", ', "Invalid JSON"),
            ("[]", "object"),
        ],
    )
    def test_a_wrong_line_is_named_and_its_text_is_not_quoted(
        self, tmp_path: Path, line: str, said: str
    ) -> None:
        path = tmp_path / "m.jsonl"
        path.write_text(f'{{"text": "fine"}}\n{line}\n', encoding="utf-8")
        with pytest.raises(InvalidRequestError, match="line 2") as caught:
            list(read_messages(path))
        assert said in caught.value.message
        assert "secret" not in caught.value.message


class TestPassages:
    def test_passages_are_read_from_a_folder(self, tmp_path: Path) -> None:
        write(tmp_path / "corpus.jsonl", {"id": "p1", "title": "Title", "text": "Text"})
        [read] = read_passages(tmp_path)
        assert (read.id, read.title, read.text) == ("p1", "Title", "Text")

    def test_a_folder_without_the_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequestError, match=r"neither corpus\.jsonl nor"):
            list(read_passages(tmp_path))

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            list(read_passages(tmp_path / "nothing.jsonl"))

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"not gzip"])
    def test_a_file_in_another_encoding_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / ("x.jsonl.gz" if content == b"not gzip" else "x.jsonl")
        path.write_bytes(content)
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            list(read_passages(path))
