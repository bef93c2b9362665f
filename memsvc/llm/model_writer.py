"""Summaries and portraits written by a language model, portion by portion, then of the portions."""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from memsvc.domain.identifiers import TenantId
from memsvc.domain.organising.portraits import PortraitLine
from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.summarising import Said, Summary, SummaryBounds
from memsvc.domain.organising.written import (
    Piece,
    WrittenSentence,
    held,
    held_lines,
    pieces_of,
    portions,
    written_summary,
)
from memsvc.errors import NeedsReviewError
from memsvc.llm.prompt_files import Prompt, load_prompt
from memsvc.llm.structured import Question, StructuredModel

_SESSION, _SUMMARIES, _PORTRAIT = "summarise_session", "summarise_summaries", "portray_user"
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
            data: JsonValue = {
                "pieces": _shown(pieces),
                "most_sentences": bounds.sentences,
                "most_characters": bounds.characters,
            }
            question = Question(prompt=prompt, data=data, answer=SummaryAnswer)
            answer = await self._model.ask(tenant_id, question)
            written = [
                WrittenSentence(text=each.text, sources=tuple(each.sources))
                for each in answer.sentences
            ]
            return held(written, pieces)[: bounds.sentences]

        first = load_prompt(_SUMMARIES if of_summaries else _SESSION)
        sentences = await _reduced(pieces_of(said), first, load_prompt(_SUMMARIES), ask)
        summary = written_summary(said, sentences, bounds, of_summaries=of_summaries)
        if summary is None:
            raise _nothing_kept(self.name, first)
        return summary

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


def _shown(pieces: Sequence[Piece]) -> list[JsonValue]:
    return [
        {
            "number": number,
            **({"speaker": piece.speaker} if piece.speaker else {}),
            "day": piece.day.isoformat(),
            "text": piece.text,
        }
        for number, piece in enumerate(pieces, start=1)
    ]


def _piece_of(line: PortraitLine) -> Piece:
    return Piece(text=line.text, speaker=None, day=line.said_on, evidence=tuple(line.evidence))


def _nothing_kept(model: str, prompt: Prompt) -> NeedsReviewError:
    return NeedsReviewError(
        f"{model} answered the prompt {prompt.id} with nothing that rests on what it was given."
        " Retry the job, or use another model."
    )
