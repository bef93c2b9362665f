"""A language model that helps recall: with further queries and clues, and with notes."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from memsvc.domain.identifiers import TenantId
from memsvc.domain.widening import MOST_NOTE_CHARS, Noted, NoteState, Rewritten
from memsvc.llm.prompt_files import load_prompt
from memsvc.llm.structured import Question, StructuredModel


class _Answer(BaseModel):
    """Unknown members are left out, not refused: they harm nobody."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class CluesAnswer(_Answer):
    """What else to ask."""

    queries: list[str] = []
    clues: list[str] = []


class NoteAnswer(_Answer):
    """A note, and what it lacks."""

    note: str
    helped: bool
    enough: bool
    next_query: str = ""


class RecallModel:
    """One call for a rewriting, one for each round; raises what ``StructuredModel`` does."""

    def __init__(self, model: StructuredModel) -> None:
        self._model = model
        self._clues = load_prompt("recall_clues")
        self._note = load_prompt("recall_note")

    @property
    def name(self) -> str:
        """The model as litellm writes it."""
        return self._model.model

    async def rewrite(
        self, tenant_id: TenantId, question: str, background: Sequence[str], wanted: tuple[int, int]
    ) -> Rewritten:
        """Return further queries and clues; ``wanted`` says how many of each at most."""
        queries, clues = wanted
        answer = await self._model.ask(
            tenant_id,
            Question(
                prompt=self._clues,
                data={
                    "question": question,
                    "queries": queries,
                    "clues": clues,
                    "background": list(background),
                },
                answer=CluesAnswer,
            ),
        )
        return Rewritten(queries=answer.queries, clues=answer.clues)

    async def take_note(self, tenant_id: TenantId, state: NoteState) -> Noted:
        """Return the note with what was found, and what is still missing."""
        answer = await self._model.ask(
            tenant_id,
            Question(
                prompt=self._note,
                data={
                    "question": state.question,
                    "note": state.note,
                    "asked": list(state.asked),
                    "items": [
                        {
                            "speaker": item.speaker,
                            "said_at": item.occurred_at.isoformat(),
                            "text": item.text,
                        }
                        for item in state.items
                    ],
                },
                answer=NoteAnswer,
            ),
        )
        return Noted(
            note=answer.note[:MOST_NOTE_CHARS],
            helped=answer.helped,
            enough=answer.enough,
            next_query=answer.next_query,
        )
