"""Which units a hit stands for, and in which order units count."""

import pytest
from memsvc_client import Hit

from memsvc.cli.evaluation.units import UnitKind, ranked_units, units_of
from tests.unit.bench.tiny_service import hit_of, memory


def hit(**members: object) -> Hit:
    return Hit.model_validate(hit_of(memory(**members)))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(UnitKind.TURN, ("D1:3",)), (UnitKind.SESSION, ("S1",)), (UnitKind.PASSAGE, ("D1:3",))],
)
def test_a_turn_stands_for_itself_or_its_session(kind: UnitKind, expected: tuple[str, ...]) -> None:
    assert units_of(hit(external_id="D1:3", session_id="S1"), kind) == expected


def test_a_part_of_a_long_turn_stands_for_the_turn() -> None:
    assert units_of(hit(external_id="D1:3~part2"), UnitKind.TURN) == ("D1:3",)


@pytest.mark.parametrize("kind", sorted(set(UnitKind) - {UnitKind.MEMORY}))
def test_a_memory_that_names_no_source_takes_no_place(kind: UnitKind) -> None:
    assert units_of(hit(external_id=None, session_id=None), kind) == ()


def test_repeated_units_count_once_where_they_came_first() -> None:
    hits = [
        hit(external_id="t1", session_id="S2"),
        hit(external_id="t2", session_id="S1"),
        hit(external_id="t3", session_id="S2"),
        hit(external_id="t1~part2", session_id="S3"),
    ]
    assert ranked_units(hits, UnitKind.SESSION) == ["S2", "S1", "S3"]
    assert ranked_units(hits, UnitKind.TURN) == ["t1", "t2", "t3"]
