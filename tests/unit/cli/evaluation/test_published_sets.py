"""The published sets, where they lie beside the checkout; they are no part of it."""

from pathlib import Path

import pytest

from memsvc.cli.conversion import turn_id_of
from memsvc.cli.evaluation.corpora import Corpus
from memsvc.cli.evaluation.sets import read_set
from memsvc.cli.evaluation.units import UnitKind

DATA = Path(__file__).parents[5] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no evaluation data beside the checkout")


def units_in(corpus: Corpus, unit: UnitKind) -> set[str | None]:
    if unit is UnitKind.PASSAGE:
        return {turn_id_of(passage.external_id or "") for passage in corpus.passages}
    if unit is UnitKind.SESSION:
        return {episode.session_id for episode in corpus.episodes}
    messages = (message for episode in corpus.episodes for message in episode.messages or ())
    return {turn_id_of(message.external_id or "") for message in messages}


@pytest.mark.parametrize(
    ("name", "question_count", "with_gold", "unit"),
    [
        ("locomo", 999, 997, UnitKind.TURN),
        ("lihuaworld", 637, 572, UnitKind.SESSION),
        ("musique_train100", 100, 100, UnitKind.PASSAGE),
    ],
)
def test_gold_names_units_that_are_loaded(
    name: str, question_count: int, with_gold: int, unit: UnitKind
) -> None:
    found = read_set(DATA / name)
    loaded = {corpus: units_in(content, unit) for corpus, content in found.corpora.items()}
    assert len(found.questions) == question_count
    assert sum(bool(question.gold) for question in found.questions) == with_gold
    assert {question.unit for question in found.questions} == {unit}
    assert all(question.gold <= loaded[question.corpus] for question in found.questions)
