from uuid import UUID

import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.widening import MOST_CHARS, Asked, AskedAs, fuse_asked, usable

A, B, C = (MemoryId(UUID(int=number)) for number in (1, 2, 3))


def test_what_cannot_be_asked_is_left_out_and_nothing_twice() -> None:
    given = [
        "",
        "Lisbon",
        " Where did\nBo\x00 sign? ",
        "where did bo sign",
        "Who asked?",
        "她住在哪里",
        "one too many",
    ]
    assert usable(given, ["Who asked?"], 2) == ["Where did Bo sign?", "她住在哪里"]
    assert usable(["word " * 500], [], 1) == [("word " * 500)[:MOST_CHARS].rstrip()]
    assert usable(["one two"], [], 0) == []


def _asked(*ranking: MemoryId, weight: float = 1.0, text: str = "q") -> Asked:
    return Asked(text=text, asked_as=AskedAs.QUERY, weight=weight, ranking=ranking)


def test_answers_are_fused_by_rank_and_every_score_is_the_sum_of_its_parts() -> None:
    fused = fuse_asked([_asked(A, B), _asked(C, B, weight=0.5, text="clue")], 10, 10)

    assert [memory_id for memory_id, _, _ in fused] == [B, A, C]
    for _, score, parts in fused:
        assert score == pytest.approx(sum(part.contribution for part in parts))
        assert 0 < score <= 1
    assert [(part.text, part.rank) for part in fused[0][2]] == [("q", 2), ("clue", 2)]


def test_the_question_outweighs_what_was_added_to_it() -> None:
    fused = fuse_asked([_asked(A), _asked(B, weight=0.5)], 10, 1)
    assert [memory_id for memory_id, _, _ in fused] == [A]
    assert fuse_asked([_asked(A, weight=0.0)], 10, 1) == []
