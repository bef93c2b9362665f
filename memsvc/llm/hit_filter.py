"""The filter of hits that asks a language model which of them bear on the question."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from memsvc.domain.identifiers import TenantId
from memsvc.domain.widening import NoteItem
from memsvc.llm.prompt_files import load_prompt
from memsvc.llm.structured import Question, StructuredModel

_PROMPT = "choose_hits"


class ChosenHits(BaseModel):
    """The numbers of the hits to keep."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    keep: list[int]


class ModelHitFilter:
    """Shows numbered hits and takes numbers back: nothing the model writes becomes a hit."""

    def __init__(self, model: StructuredModel) -> None:
        self._model = model
        self._prompt = load_prompt(_PROMPT)

    @property
    def name(self) -> str:
        """The model as litellm writes it."""
        return self._model.model

    async def choose(
        self, tenant_id: TenantId, question: str, hits: Sequence[NoteItem]
    ) -> Sequence[int]:
        """Return the numbers, from 1, that the model keeps; raises what ``ask`` does."""
        shown: list[JsonValue] = [
            {
                "number": number,
                "speaker": hit.speaker,
                "said_at": hit.occurred_at.isoformat(),
                "text": hit.text,
            }
            for number, hit in enumerate(hits, 1)
        ]
        answer = await self._model.ask(
            tenant_id,
            Question(
                prompt=self._prompt,
                data={"question": question, "hits": shown},
                answer=ChosenHits,
            ),
        )
        return answer.keep
