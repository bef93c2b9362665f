"""Recalls as they are recorded: what was asked and answered, written and read again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Arm
from memsvc.domain.grains import AskedGrain
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.memory import Json, MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.recorded_recalls import (
    RecordedHit,
    RecordedRecall,
    read_condition,
    written_condition,
)
from memsvc.domain.times.asked_times import TimeUse
from memsvc.services.recalling.answerable import Answerability
from memsvc.services.recalling.compose_context import ContextQuery
from memsvc.services.recalling.recalled import Hit, Recalled, RecallQuery
from memsvc.services.recalling.stage_reports import StageReport
from memsvc.settings import Settings
from memsvc.version import installed_version

_STAGES = ("rerank", "rewrite", "iterate", "sift")
_ACCESS = {"api_base", "api_key"}


class KeptSettings:
    """The weights, constants and bounds that answers depend on, and which service gave them."""

    def __init__(self, settings: Settings) -> None:
        self._ranking: Mapping[str, Json] = settings.recall.model_dump(
            mode="json", exclude={"answerable_weights"}
        )
        # Where a model is, and the key to it, change no answer.
        self._stages: Mapping[str, Json] = settings.model_dump(
            mode="json", include=dict.fromkeys(_STAGES, True), exclude={"rerank": _ACCESS}
        )

    def of(self, answer: Recalled) -> Mapping[str, Json]:
        """Return those that an answer depended on: of a stage only where it was asked for."""
        stages = {name: self._stages[name] for name in _stages_of(answer)}
        service = {"tokenizer": answer.tokenizer, "version": installed_version()}
        return {**self._ranking, **stages, **service}


def arms_of(answer: Recalled) -> dict[str, Json]:
    """Return how the arms fared, the optional stages, and what the question was read to ask."""
    told: dict[str, Json] = {
        arm.value: {"status": each.status.value, "reason": each.reason}
        for arm, each in answer.arms.items()
    }
    # Neither queries nor notes: those are made of what memories say.
    for name, stage in _stages_of(answer).items():
        told[name] = {"status": stage.status.value, "reason": stage.reason, "model": stage.model}
    if answer.when.spans or answer.when.order is not None:
        told["read"] = _read_of(answer)
    if answer.grain is not None:
        told["grain"] = {"grain": answer.grain.grain.value, "reason": answer.grain.reason}
    if answer.answerable is not None:
        told["answerable"] = _judgement_of(answer.answerable)
    return told


def _read_of(answer: Recalled) -> dict[str, Json]:
    """Return which times and which order the question was read to name."""
    when = answer.when
    return {
        "times": [f"{_written(each.start)} to {_written(each.end)}" for each in when.spans],
        "order": None if when.order is None else when.order.order.value,
    }


def _judgement_of(judged: Answerability) -> dict[str, Json]:
    """Return whether the question was judged to be answered; what it quotes is left out."""
    verdict = judged.verdict
    return {
        "answerable": None if verdict is None else verdict.is_answerable,
        "probability": None if verdict is None else round(verdict.probability, 6),
        "weights": judged.model,
    }


def _written(instant: datetime | None) -> str:
    return "…" if instant is None else instant.isoformat()


def _stages_of(answer: Recalled) -> Mapping[str, StageReport]:
    stages = {
        "rewrite": answer.rewrite,
        "iterate": answer.iterate,
        "rerank": answer.rerank,
        "sift": answer.sift,
    }
    return {name: stage for name, stage in stages.items() if stage is not None}


def hits_of(answer: Recalled) -> list[RecordedHit]:
    """Return hits and near misses as they are recorded."""
    hits = [
        RecordedHit(
            memory_id=hit.memory.id,
            score=hit.score,
            parts=_parts(hit),
            version=hit.memory.version,
            strength=hit.memory.strength,
            last_reinforced_at=hit.memory.last_reinforced_at,
        )
        for hit in answer.hits
    ]
    missed = [
        RecordedHit(memory_id=each.memory_id, score=each.score, parts={}, dropped_for=each.reason)
        for each in answer.dropped
    ]
    return hits + missed


def _parts(hit: Hit) -> dict[str, Json]:
    parts: dict[str, Json] = {
        arm.value: {"rank": part.rank, "score": part.score, "contribution": part.contribution}
        for arm, part in hit.parts.items()
    }
    if hit.hop is not None:
        # Neither the entity, which is text of a memory, nor the id of another memory.
        hop = hit.hop
        parts["hop"] = {"linked": hop.linked, "similar": hop.similar, "open": hop.open}
    if hit.asked:
        parts["asked"] = [
            {"as": each.asked_as.value, "rank": each.rank, "contribution": each.contribution}
            for each in hit.asked
        ]
    if hit.relevance is not None:
        parts["relevance"] = hit.relevance
    if hit.factors:
        parts["factors"] = dict(hit.factors)
    return parts


def written_query(query: RecallQuery) -> dict[str, Json]:
    """Return what was asked, but for the question itself and its instant."""
    wanted = query.filter
    after, before = wanted.occurred_after, wanted.occurred_before
    narrowing: dict[str, Json] = {
        "kinds": [each.value for each in wanted.kinds],
        "speakers": list(wanted.speakers),
        "user_id": wanted.keys.user_id,
        "agent_id": wanted.keys.agent_id,
        "session_id": wanted.keys.session_id,
        "source": wanted.source,
        "occurred_after": None if after is None else after.isoformat(),
        "occurred_before": None if before is None else before.isoformat(),
        "states": [each.value for each in wanted.states],
        "as_of": None if wanted.as_of is None else wanted.as_of.isoformat(),
        "known_at": None if wanted.known_at is None else wanted.known_at.isoformat(),
        "metadata": None if wanted.metadata is None else written_condition(wanted.metadata),
    }
    return {
        "k": query.k,
        "filter": narrowing,
        "arms": None if query.arms is None else sorted(each.value for each in query.arms),
        "budget_tokens": query.budget_tokens,
        "explain": query.explain,
        "neighbours": query.neighbours,
        "neighbours_before": query.neighbours_before,
        "neighbours_after": query.neighbours_after,
        "times": query.times.value,
        "grain": query.grain.value,
        "walk": None if query.walk is None else query.walk.value,
        "timezone": str(query.zone),
        "pass_through": query.pass_through,
        "answerable": query.answerable,
        "diversity": query.diversity,
        "rewrite": query.rewrite,
        "iterate": query.iterate,
        "rerank": query.rerank,
        "sift": query.sift,
    }


def written_context(query: ContextQuery) -> dict[str, Json]:
    """Return what a context was asked for beyond its recall."""
    return {
        "budget_tokens": query.budget_tokens,
        "mode": "auto" if query.pass_through else "ranked",
        "neighbours": query.reach,
        "summaries": query.summaries,
        "session_id": query.session_id,
        "recent": query.recent,
    }


def read_query(recorded: RecordedRecall) -> RecallQuery:
    """Return the query of a recorded recall, at the instant it was answered at.

    What stands beside the hits is not asked for again: neighbours of either kind.
    """
    given = recorded.parameters
    arms, zone = given["arms"], str(given["timezone"])
    return RecallQuery(
        text=recorded.question,
        k=int(str(given["k"])),
        filter=_read_filter(_object(given["filter"])),
        arms=frozenset(Arm(str(each)) for each in arms) if isinstance(arms, list) else None,
        budget_tokens=_number(given["budget_tokens"]),
        now=recorded.asked_for,
        explain=bool(given["explain"]),
        times=TimeUse(str(given["times"])),
        walk=_walk_mode(given.get("walk")),
        grain=AskedGrain(str(given.get("grain", AskedGrain.MEMORY))),
        zone=UTC if zone == "UTC" else ZoneInfo(zone),
        pass_through=bool(given["pass_through"]),
        # Recordings of before this could be asked for have no such member.
        diversity=_share(given.get("diversity")),
        rewrite=bool(given.get("rewrite")),
        iterate=bool(given.get("iterate")),
        rerank=bool(given.get("rerank")),
        sift=bool(given.get("sift")),
        answerable=bool(given.get("answerable")),
    )


def _walk_mode(given: Json) -> WalkMode | None:
    """Return the mode; recalls recorded before there were any have none."""
    return None if given is None else WalkMode(str(given))


def _read_filter(given: Mapping[str, Json]) -> RecallFilter:
    metadata = given["metadata"]
    return RecallFilter(
        kinds=[MemoryKind(each) for each in _strings(given["kinds"])],
        speakers=_strings(given["speakers"]),
        keys=ScopeKeys(
            user_id=_string(given["user_id"]),
            agent_id=_string(given["agent_id"]),
            session_id=_string(given["session_id"]),
        ),
        source=_string(given["source"]),
        occurred_after=_instant(given["occurred_after"]),
        occurred_before=_instant(given["occurred_before"]),
        states=tuple(MemoryState(each) for each in _strings(given["states"])),
        metadata=None if metadata is None else read_condition(metadata),
        # Answers that were recorded by earlier versions do not have them.
        as_of=_instant(given.get("as_of")),
        known_at=_instant(given.get("known_at")),
    )


def _object(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)  # noqa: S101 — written by ``written_query``
    return value


def _strings(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _string(value: Json) -> str | None:
    return None if value is None else str(value)


def _number(value: Json) -> int | None:
    return None if value is None else int(str(value))


def _share(value: Json) -> float | None:
    return None if value is None else float(str(value))


def _instant(value: Json) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))
