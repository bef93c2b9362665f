"""Summaries and portraits written by a language model, portion by portion, then of the portions."""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from memsvc.domain.identifiers import TenantId
from memsvc.domain.organising.portraits import PortraitLine
from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.summarising import (
    Said,
    Summary,
    SummaryBounds,
    SummarySoFar,
    heading,
)
from memsvc.domain.organising.written import (
    Piece,
    WrittenSentence,
    heading_of_summaries,
    held,
    held_lines,
    pieces_of,
    pieces_so_far,
    portions,
    written_summary,
)
from memsvc.errors import NeedsReviewError
from memsvc.llm.prompt_files import Prompt, load_prompt
from memsvc.llm.structured import Question, StructuredModel

_SESSION, _SUMMARIES, _PORTRAIT = "summarise_session", "summarise_summaries", "portray_user"
_FURTHER = "continue_summary"
_MOST_LINES = 24
_DEEPEST = 4
"""Levels of portions of portions; each is smaller than the one below."""

_Sentences = Callable[[Prompt, Sequence[Piece]], Awaitable[list[Piece]]]


class _Part(BaseModel):
    """Unknown members are left out, not refused: they harm nobody."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SentenceAnswer(_Part):
    """A sentence of a summary."""

    text: str
    sources: list[int]


class SummaryAnswer(_Part):
    """A summary."""

    sentences: list[SentenceAnswer]


class LineAnswer(_Part):
    """A line of a portrait."""

    topic: Topic
    text: str
    sources: list[int]


class PortraitAnswer(_Part):
    """A portrait."""

    lines: list[LineAnswer]


class ModelWriter:
    """Writes within bounds; what it makes up without a source is dropped.

    Methods raise as ``StructuredModel.ask``, and ``NeedsReviewError`` where nothing that was
    written can be kept.
    """

    def __init__(self, model: StructuredModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model, for the record."""
        return self._model.model

    async def summarise(
        self,
        tenant_id: TenantId,
        said: Sequence[Said],
        bounds: SummaryBounds,
        *,
        of_summaries: bool = False,
    ) -> Summary:
        """Return a summary of what was said, or of summaries of it."""

        async def ask(prompt: Prompt, pieces: Sequence[Piece]) -> list[Piece]:
            return await self._sentences(tenant_id, prompt, bounds, pieces)

        first = load_prompt(_SUMMARIES if of_summaries else _SESSION)
        sentences = await _reduced(pieces_of(said), first, load_prompt(_SUMMARIES), ask)
        told = heading_of_summaries(said) if of_summaries else heading(said)
        summary = written_summary(told, sentences, bounds)
        if summary is None:
            raise _nothing_kept(self.name, first)
        return summary

    async def carry_on(
        self,
        tenant_id: TenantId,
        so_far: SummarySoFar,
        said: Sequence[Said],
        bounds: SummaryBounds,
    ) -> Summary:
        """Return a summary with what was said since, of which each portion is folded into it."""
        prompt, lines = load_prompt(_FURTHER), pieces_so_far(so_far)
        for portion in portions(pieces_of(said)):
            lines = await self._sentences(tenant_id, prompt, bounds, portion, lines)
            if not lines:
                raise _nothing_kept(self.name, prompt)
        summary = written_summary(so_far.heading, lines, bounds)
        if summary is None:
            raise _nothing_kept(self.name, prompt)
        return summary

    async def _sentences(
        self,
        tenant_id: TenantId,
        prompt: Prompt,
        bounds: SummaryBounds,
        pieces: Sequence[Piece],
        so_far: Sequence[Piece] = (),
    ) -> list[Piece]:
        """Return what the model says of the pieces, and of a summary so far."""
        data: dict[str, JsonValue] = {
            "pieces": _shown(pieces, len(so_far) + 1),
            "most_sentences": bounds.sentences,
            "most_characters": bounds.characters,
        }
        if so_far:
            data = {"summary": _shown(so_far), **data}
        question = Question(prompt=prompt, data=data, answer=SummaryAnswer)
        answer = await self._model.ask(tenant_id, question)
        written = [
            WrittenSentence(text=each.text, sources=tuple(each.sources))
            for each in answer.sentences
        ]
        return held(written, [*so_far, *pieces])[: bounds.sentences]

    async def portray(
        self, tenant_id: TenantId, user: str, said: Sequence[Said]
    ) -> list[PortraitLine]:
        """Return what a user says of themselves, the most lasting first; nothing is no failure."""
        prompt = load_prompt(_PORTRAIT)

        async def ask(pieces: Sequence[Piece]) -> list[PortraitLine]:
            data: JsonValue = {"user": user, "pieces": _shown(pieces), "most_lines": _MOST_LINES}
            question = Question(prompt=prompt, data=data, answer=PortraitAnswer)
            answer = await self._model.ask(tenant_id, question)
            written = [
                WrittenSentence(text=each.text, sources=tuple(each.sources), topic=each.topic)
                for each in answer.lines[:_MOST_LINES]
            ]
            lines = held_lines(written, pieces)
            if written and not lines:
                raise _nothing_kept(self.name, prompt)
            return lines

        found = portions(pieces_of(said))
        parts = [await ask(portion) for portion in found]
        if len(parts) < 2:  # noqa: PLR2004
            return parts[0] if parts else []
        lines = [line for part in parts for line in part]
        return await ask([_piece_of(line) for line in lines][-len(parts) * _MOST_LINES :])


async def _reduced(
    pieces: Sequence[Piece], first: Prompt, further: Prompt, ask: _Sentences
) -> list[Piece]:
    """Return the sentences about all pieces: about each portion, then about these, and so on."""
    prompt, level = first, list(pieces)
    for _ in range(_DEEPEST):
        found = portions(level)
        level = [each for portion in found for each in await ask(prompt, portion)]
        if len(found) < 2:  # noqa: PLR2004
            return level
        prompt = further
    return level


def _shown(pieces: Sequence[Piece], first: int = 1) -> list[JsonValue]:
    return [
        {
            "number": number,
            **({"speaker": piece.speaker} if piece.speaker else {}),
            "day": piece.day.isoformat(),
            "text": piece.text,
        }
        for number, piece in enumerate(pieces, start=first)
    ]


def _piece_of(line: PortraitLine) -> Piece:
    return Piece(text=line.text, speaker=None, day=line.said_on, evidence=tuple(line.evidence))


def _nothing_kept(model: str, prompt: Prompt) -> NeedsReviewError:
    return NeedsReviewError(
        f"{model} answered the prompt {prompt.id} with nothing that rests on what it was given."
        " Retry the job, or use another model."
    )
