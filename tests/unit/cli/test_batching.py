"""Cutting a file into requests."""

import json
import re
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memsvc_client import Episode, NewMemory

from memsvc.cli.batching import Batch, Format, LoadPlan, bank_name, batches, read_pieces
from memsvc.cli.failures import CommandError

NAME = re.compile(r"[a-z0-9._-]{1,128}")


def plan(path: Path, file_format: Format, **changes: Any) -> LoadPlan:
    members = {
        "zone": UTC,
        "source": "feed",
        "batch": 4,
        "limit": None,
        "by_conversation": False,
        **changes,
    }
    return LoadPlan(path=path, format=file_format, **members)


def session_file(folder: Path, *sessions: tuple[str, str, int]) -> Path:
    """Write sessions of ``(conversation, session, turns)``."""
    path = folder / "sessions.jsonl"
    lines = [
        {
            "conversation_id": conversation,
            "session_id": name,
            "datetime": None,
            "turns": [{"id": f"{name}/{no}", "text": f"said {no}"} for no in range(count)],
        }
        for conversation, name, count in sessions
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def sent(of: LoadPlan) -> list[Batch]:
    return list(batches(read_pieces(of), of))


def ids(batch: Batch) -> list[str | None]:
    return [
        message.external_id
        for piece in batch
        for message in (piece.content.messages or () if isinstance(piece.content, Episode) else ())
    ]


def test_small_sessions_share_a_request(tmp_path: Path) -> None:
    path = session_file(tmp_path, ("c", "s1", 2), ("c", "s2", 2), ("c", "s3", 1))
    found = sent(plan(path, Format.SESSIONS))
    assert [ids(batch) for batch in found] == [["s1/0", "s1/1", "s2/0", "s2/1"], ["s3/0"]]


def test_a_long_session_is_continued_in_the_next_request(tmp_path: Path) -> None:
    path = session_file(tmp_path, ("c", "s1", 9))
    found = sent(plan(path, Format.SESSIONS))
    assert [len(ids(batch)) for batch in found] == [4, 4, 1]
    assert {piece.source for batch in found for piece in batch} == {"s1"}


def test_a_request_names_no_session_twice(tmp_path: Path) -> None:
    path = session_file(tmp_path, ("c", "s1", 1), ("c", "s1", 1))
    assert len(sent(plan(path, Format.SESSIONS))) == 2


def test_a_request_is_for_one_conversation_when_each_has_a_bank(tmp_path: Path) -> None:
    path = session_file(tmp_path, ("c1", "s1", 1), ("c2", "s2", 1))
    assert len(sent(plan(path, Format.SESSIONS, by_conversation=True))) == 2
    assert len(sent(plan(path, Format.SESSIONS))) == 1


def test_a_session_id_of_two_conversations_is_refused_in_one_bank(tmp_path: Path) -> None:
    path = session_file(tmp_path, ("c1", "s1", 1), ("c2", "s1", 1))
    with pytest.raises(CommandError, match="--bank-per-conversation"):
        sent(plan(path, Format.SESSIONS))
    assert len(sent(plan(path, Format.SESSIONS, by_conversation=True))) == 2


def test_the_limit_counts_lines(tmp_path: Path) -> None:
    path = session_file(tmp_path, ("c", "s1", 2), ("c", "s2", 2))
    [batch] = sent(plan(path, Format.SESSIONS, limit=1))
    assert ids(batch) == ["s1/0", "s1/1"]


def test_messages_are_stretches_of_one_feed(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    lines = [json.dumps({"text": "hi", "external_id": f"m{no}"}) for no in range(6)]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = sent(plan(path, Format.MESSAGES))
    assert [ids(batch) for batch in found] == [["m0", "m1", "m2", "m3"], ["m4", "m5"]]
    assert {piece.source for batch in found for piece in batch} == {"feed"}


def test_requests_of_long_texts_hold_fewer(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    lines = [json.dumps({"id": f"p{no}", "text": "x" * 90_000}) for no in range(8)]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = sent(plan(path, Format.PASSAGES, batch=1000))
    assert [len(batch) for batch in found] == [4, 4]
    assert all(isinstance(piece.content, NewMemory) for batch in found for piece in batch)


def test_a_session_of_long_turns_is_cut_though_its_turns_are_few(tmp_path: Path) -> None:
    turns = [{"id": f"t{no}", "text": "x" * 90_000} for no in range(6)]
    line = {"conversation_id": "c", "session_id": "s", "datetime": None, "turns": turns}
    path = tmp_path / "sessions.jsonl"
    path.write_text(json.dumps(line), encoding="utf-8")
    found = sent(plan(path, Format.SESSIONS, batch=1000))
    assert [len(ids(batch)) for batch in found] == [4, 2]


def test_a_conversation_with_a_plain_name_keeps_it() -> None:
    assert bank_name("locomo", "conv-26") == "locomo.conv-26"


@pytest.mark.parametrize("conversation", ["张曼婷", "Emily", "a b", "x" * 300, "..", "100K-1"])
def test_any_conversation_gets_a_valid_name_of_its_own(conversation: str) -> None:
    name = bank_name("bank", conversation)
    assert NAME.fullmatch(name)
    assert name != bank_name("bank", conversation + "!")
    assert name == bank_name("bank", conversation)


@given(st.sets(st.text(min_size=1, max_size=40), min_size=2, max_size=5))
def test_two_conversations_never_share_a_bank(conversations: set[str]) -> None:
    names = {bank_name("b", each) for each in conversations}
    assert len(names) == len(conversations)
    assert all(NAME.fullmatch(name) for name in names)
