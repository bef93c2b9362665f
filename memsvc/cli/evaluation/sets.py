"""Evaluation sets: a folder with questions, and the conversations or passages they are about."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memsvc.cli.conversion import episode_of, memories_of
from memsvc.cli.evaluation.corpora import Corpus
from memsvc.cli.evaluation.units import UnitKind
from memsvc.cli.formats import SessionRecord, read_passages, read_sessions
from memsvc.cli.published_times import parse_published
from memsvc.errors import InvalidRequestError

ANSWERABLE = "1-4"
"""LoCoMo's categories without the fifth, whose questions have no answer: as papers report it."""
_Drawn = TypeVar("_Drawn")
_ANSWERABLE_IDS = frozenset({1, 2, 3, 4})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its gold. Answers are not even read, so that they cannot be sent."""

    id: str
    corpus: str
    """Which of the set's corpora it is about."""
    text: str
    unit: UnitKind
    gold: frozenset[str]
    categories: tuple[str, ...]
    asked_at: datetime | None
    """Its own date, else the last time of its conversation."""
    gold_sessions: frozenset[str] = frozenset()
    """The sessions in which the evidence is, as far as the set says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """A named set of questions, and by name what they are about."""

    name: str
    questions: Sequence[Question]
    corpora: Mapping[str, Corpus]


class _QuestionLine(BaseModel):
    """What is read of a line of ``queries.jsonl``: not the answers."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str
    question: Annotated[str, Field(min_length=1)]
    conversation_id: str | None = None
    category: str | None = None
    category_id: int | None = None
    question_date: str | None = None
    evidence_turn_ids: list[str] | None = None
    evidence_session_ids: list[str] | None = None
    gold_passage_ids: list[str] | None = None


def read_set(folder: Path, *, limit: int | None = None, seed: int = 0) -> EvaluationSet:
    """Read a set: all of it, or ``limit`` questions drawn with ``seed`` and what they are about.

    The passages of a passage set are read in any case: they are one corpus. Raises
    ``InvalidRequestError``, naming the line where there is one.
    """
    name = folder.resolve().name
    questions = drawn(list(_read_questions(folder, name)), limit, seed)
    if _has(folder, "sessions.jsonl"):
        corpora = _read_conversations(folder, wanted={each.corpus for each in questions})
    elif _has(folder, "corpus.jsonl"):
        records = read_passages(folder)
        corpora = {name: Corpus(passages=[part for each in records for part in memories_of(each)])}
    else:
        raise InvalidRequestError(
            f"{folder} holds neither sessions.jsonl[.gz] nor corpus.jsonl[.gz]."
        )
    unknown = sorted({each.corpus for each in questions} - corpora.keys())
    if unknown:
        raise InvalidRequestError(
            f"{folder} asks about {unknown[0]!r}, of which it has no session."
        )
    return EvaluationSet(
        name=name,
        questions=[_dated(each, corpora[each.corpus].ends_at) for each in questions],
        corpora=corpora,
    )


def _has(folder: Path, name: str) -> bool:
    return (folder / name).is_file() or (folder / f"{name}.gz").is_file()


def _read_questions(folder: Path, set_name: str) -> Iterator[Question]:
    path = folder / "queries.jsonl"
    if not path.is_file():
        raise InvalidRequestError(f"{folder} holds no queries.jsonl: there is nothing to ask.")
    with path.open(encoding="utf-8-sig") as lines:
        for number, text in enumerate(lines, start=1):
            if text.strip():
                yield _parse_question(text, set_name, f"{path}, line {number}")


def _parse_question(text: str, set_name: str, place: str) -> Question:
    try:
        line = _QuestionLine.model_validate(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise InvalidRequestError(f"{place} is not a question: {error}") from error
    unit, gold = _gold_of(line, place)
    return Question(
        id=line.id,
        corpus=line.conversation_id or set_name,
        text=line.question,
        unit=unit,
        gold=frozenset(gold),
        gold_sessions=frozenset(line.evidence_session_ids or ()),
        categories=_categories_of(line),
        asked_at=None if line.question_date is None else parse_published(line.question_date),
    )


def _gold_of(line: _QuestionLine, place: str) -> tuple[UnitKind, Sequence[str]]:
    """Return the finest gold there is: turns, else sessions, else passages."""
    by_kind = {
        UnitKind.TURN: line.evidence_turn_ids,
        UnitKind.SESSION: line.evidence_session_ids,
        UnitKind.PASSAGE: line.gold_passage_ids,
    }
    for kind, gold in by_kind.items():
        if gold is not None:
            return kind, gold
    raise InvalidRequestError(
        f"{place} has none of evidence_turn_ids, evidence_session_ids and gold_passage_ids."
    )


def _categories_of(line: _QuestionLine) -> tuple[str, ...]:
    """Return the category with its numeric id where it has one: what it is called differs."""
    named = [str(each) for each in (line.category_id, line.category) if each is not None]
    own = (" ".join(named),) if named else ()
    return (*own, ANSWERABLE) if line.category_id in _ANSWERABLE_IDS else own


def drawn(items: Sequence[_Drawn], limit: int | None, seed: int) -> Sequence[_Drawn]:
    """Return ``limit`` of the items in their order, or all where there are no more."""
    if limit is None or limit >= len(items):
        return items
    # What is drawn is no secret.
    chosen = random.Random(seed).sample(range(len(items)), limit)  # noqa: S311
    return [items[position] for position in sorted(chosen)]


def _read_conversations(folder: Path, wanted: set[str]) -> dict[str, Corpus]:
    sessions: defaultdict[str, list[SessionRecord]] = defaultdict(list)
    for session in read_sessions(folder):
        if session.conversation_id in wanted:
            sessions[session.conversation_id].append(session)
    return {
        name: Corpus(
            episodes=[episode for each in group if (episode := episode_of(each)) is not None],
            ends_at=_last_time(group),
        )
        for name, group in sessions.items()
    }


def _last_time(sessions: Iterable[SessionRecord]) -> datetime | None:
    times = (
        time
        for session in sessions
        for time in (session.occurred_at, *(turn.occurred_at for turn in session.turns))
        if time is not None
    )
    return max(times, default=None)


def _dated(question: Question, conversation_ends_at: datetime | None) -> Question:
    return replace(question, asked_at=question.asked_at or conversation_ends_at)
