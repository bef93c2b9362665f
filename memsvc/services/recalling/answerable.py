"""Whether a recall's candidates answer the question: evidence gathered, then judged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from memsvc.domain.answerable.calibration import mismatch
from memsvc.domain.answerable.evidence import CANDIDATES, FEATURES, Evidence, Found
from memsvc.domain.answerable.model import AnswerableModel
from memsvc.domain.answerable.verdict import Verdict, judge
from memsvc.domain.context.echoes import without_echoes
from memsvc.domain.context.rendering import one_line
from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_keys
from memsvc.domain.lexical import question_tokens
from memsvc.domain.memory import Memory, ResolvedBank
from memsvc.errors import ConfigurationError, UnavailableError
from memsvc.ports import IndexEntry
from memsvc.services.calibrations import stamp_of
from memsvc.services.recalling.arms import ArmOutcome, ArmStatus
from memsvc.services.recalling.second_hop import PresenceSource
from memsvc.store.calibration_reads import CalibrationReads

_SHIPPED = "weights.json"
_QUOTED_CHARS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerability:
    """What is known about whether a question is answered."""

    verdict: Verdict | None
    """``None``: it could not be judged; ``reason`` says why."""
    reason: str | None
    closest: MemoryId | None
    quote: str | None
    """The beginning of the closest memory, in one line; stored words, unlike the verdict's."""
    model: str
    """The training whose weights were used."""
    calibrated_at: datetime | None = None
    """When the calibration of the bank was made; ``None`` if none was used."""
    note: str | None = None
    """Why the bank's calibration was not used, if it has one that was not."""

    @property
    def statement(self) -> str | None:
        """A sentence for people, with the closest memory where the question is not answered."""
        if self.verdict is None:
            return None
        if self.verdict.is_answerable or self.quote is None:
            return self.verdict.statement
        return f"{self.verdict.statement} Closest: “{self.quote}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """A question and what was found for it."""

    text: str
    bank: ResolvedBank
    memories: Sequence[Memory]
    """Best first."""
    arms: Mapping[Arm, ArmOutcome]
    asked_at: float
    """On the clock of ``time.monotonic``: what the arms' indexes have covered already."""
    beside: Sequence[IndexEntry] = ()
    """Those of them that no index holds."""


class AssessAnswerable:
    """Judges by what a recall has at hand, which words its candidates hold, and the calibration."""

    def __init__(
        self, words: PresenceSource, model: AnswerableModel, calibrations: CalibrationReads
    ) -> None:
        self._words = words
        self._model = model
        self._calibrations = calibrations

    async def __call__(self, asked: Candidates) -> Answerability:
        """Return the judgement; without one where dense or lexical arm did not answer."""
        for arm in (Arm.DENSE, Arm.LEXICAL):
            outcome = asked.arms.get(arm)
            if outcome is None or outcome.report.status is not ArmStatus.OK:
                return self._unjudged(f"It takes the {arm} arm to judge this.")
        memories = asked.memories[:CANDIDATES]
        try:
            evidence = await self._evidence(asked, memories)
        except UnavailableError as error:
            return self._unjudged(error.message)
        stored = await self._calibrations.of(asked.bank.scope)
        note = None
        if stored is not None:
            note = mismatch(stored.origin.stamp, stamp_of(asked.bank, self._model))
        used = stored if note is None else None
        best = memories[0] if memories else None
        return Answerability(
            verdict=judge(evidence, self._model, None if used is None else used.calibration),
            reason=None,
            closest=None if best is None else best.id,
            quote=None if best is None else _quote(best),
            model=self._model.version,
            calibrated_at=None if used is None else used.recorded_at,
            note=note,
        )

    async def _evidence(self, asked: Candidates, memories: Sequence[Memory]) -> Evidence:
        presence = await self._words.presence(
            asked.bank.scope,
            asked.text,
            memory_keys(memory.id for memory in memories),
            language=asked.bank.language,
            asked_at=asked.asked_at,
            beside=asked.beside,
        )
        similarity = {each.memory_id: each.score for each in asked.arms[Arm.DENSE].candidates}
        unknown = len(presence.unknown)
        return Evidence(
            tokens=question_tokens(asked.text),
            words=[*presence.words, *presence.unknown],
            weights=np.append(presence.weights, [presence.unknown_weight] * unknown),
            has=np.pad(presence.has, ((0, 0), (0, unknown))),
            found=[
                Found(
                    speaker=memory.speaker,
                    text=without_echoes(memory.text),
                    similarity=similarity.get(memory.id, 0.0),
                )
                for memory in memories
            ],
        )

    def _unjudged(self, reason: str) -> Answerability:
        return Answerability(
            verdict=None, reason=reason, closest=None, quote=None, model=self._model.version
        )


class _Weights(BaseModel):
    """The file that ``python -m bench abstention --weights`` writes."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    version: str
    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    threshold: float


def load_answerable_model(path: Path | None) -> AnswerableModel:
    """Return the weights of a file, or the shipped ones; raises ``ConfigurationError``."""
    source = resources.files("memsvc.domain.answerable") / _SHIPPED if path is None else path
    try:
        read = _Weights.model_validate(json.loads(source.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigurationError(f"{source} holds no weights for answerable: {error}") from error
    lengths = {len(read.means), len(read.scales), len(read.weights)}
    if read.features != FEATURES or lengths != {len(FEATURES)} or 0 in read.scales:
        raise ConfigurationError(
            f"The weights of {source} are for other features than this version measures: train them"
            " again with `python -m bench abstention --weights FILE`."
        )
    return AnswerableModel(
        version=read.version,
        means=read.means,
        scales=read.scales,
        weights=read.weights,
        intercept=read.intercept,
        threshold=read.threshold,
    )


def _quote(memory: Memory) -> str:
    text = one_line(memory.text)
    return text if len(text) <= _QUOTED_CHARS else text[:_QUOTED_CHARS].rstrip() + "…"
