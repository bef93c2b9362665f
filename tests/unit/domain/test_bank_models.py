from uuid import UUID

import pytest

from memsvc.domain.bank_models import (
    AgreementReport,
    AgreementRule,
    SampleAnswer,
    measure_agreement,
)
from memsvc.domain.identifiers import MemoryId

RULE = AgreementRule(least_overlap=0.2, most_lost=0.05)


def ids(*numbers: int) -> list[MemoryId]:
    return [MemoryId(UUID(int=number)) for number in numbers]


def answer(own: int, serving: list[MemoryId], building: list[MemoryId]) -> SampleAnswer:
    return SampleAnswer(memory_id=ids(own)[0], serving=serving, building=building)


def report(
    overlap: float | None = 0.5, before: float | None = 1.0, after: float | None = 1.0
) -> AgreementReport:
    return AgreementReport(
        samples=50,
        overlap=overlap,
        found_itself_serving=before,
        found_itself_building=after,
        vectors=100,
    )


def test_a_memory_that_finds_itself_is_no_agreement_between_models() -> None:
    measured = measure_agreement([answer(1, ids(1, 2, 3), ids(1, 4, 5))], 5)
    assert measured.overlap == 0
    assert (measured.found_itself_serving, measured.found_itself_building) == (1, 1)


def test_overlap_is_the_mean_share_of_what_the_serving_model_finds() -> None:
    answers = [answer(1, ids(1, 2, 3), ids(3, 2, 1)), answer(4, ids(4, 5, 6, 7, 8), ids(4, 5))]
    assert measure_agreement(answers, 8).overlap == pytest.approx((1 + 1 / 4) / 2)


def test_only_the_nearest_ten_count() -> None:
    measured = measure_agreement([answer(0, ids(*range(1, 12)), ids(11, *range(20, 30)))], 30)
    assert measured.overlap == 0
    assert measured.found_itself_serving == 0


def test_a_bank_without_neighbours_has_nothing_to_disagree_about() -> None:
    for answers in ([], [answer(1, ids(1), ids(1))]):
        measured = measure_agreement(answers, len(answers))
        assert measured.overlap is None
        assert RULE.objection(measured) is None


@pytest.mark.parametrize(
    ("measured", "objects"),
    [
        (report(), False),
        (report(overlap=0.2), False),
        (report(overlap=0.19), True),
        (report(before=0.9, after=0.86), False),
        (report(before=0.9, after=0.8), True),
        (report(before=0.5, after=1.0), False),
    ],
)
def test_a_model_is_kept_out_where_its_figures_fall_short(
    measured: AgreementReport, objects: bool
) -> None:
    assert (RULE.objection(measured) is not None) is objects


def test_an_objection_names_its_figures() -> None:
    assert "0.10" in (RULE.objection(report(overlap=0.1)) or "")
    assert "0.70" in (RULE.objection(report(after=0.7)) or "")
