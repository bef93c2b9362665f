"""The extractor that asks a language model: one call a window, where A-MEM takes two a turn."""

import asyncio
from collections.abc import Iterable

from pydantic import JsonValue

from memsvc.domain.identifiers import TenantId
from memsvc.domain.organising.extraction import Extraction, Window, WindowItem
from memsvc.domain.organising.grounding import grounded
from memsvc.llm.prompt_files import load_prompt
from memsvc.llm.structured import Question, StructuredModel
from memsvc.llm.window_answer import WindowAnswer

_PROMPT = "organise_window"


class ModelExtractor:
    """Notes, thoughts, entities, facts, links and evolutions of a window, by one question.

    The model sees handles, never ids, and stored text as strings of one JSON document. What does
    not rest on the text behind its handle is dropped here (``domain.organising.grounding``), what
    it says of handles that were not given out by whoever applies the extraction.
    """

    def __init__(self, model: StructuredModel) -> None:
        self._model = model
        self._prompt = load_prompt(_PROMPT)

    @property
    def name(self) -> str:
        """Model, prompt and version, for the record."""
        return f"{self._model.model}/{self._prompt.id}/{self._prompt.version}"

    async def extract(self, tenant_id: TenantId, window: Window) -> Extraction:
        """Return what the model finds; raises as the port says."""
        question = Question(
            prompt=self._prompt,
            data={"items": _shown(window.items), "neighbours": _shown(window.neighbours)},
            answer=WindowAnswer,
        )
        answer = await self._model.ask(tenant_id, question)
        # Beside the event loop: it reads every text of the window.
        return await asyncio.to_thread(grounded, window, answer.to_extraction())


def _shown(items: Iterable[WindowItem]) -> list[JsonValue]:
    return [
        {
            "handle": item.handle,
            "speaker": item.speaker,
            "said_at": item.occurred_at.isoformat(),
            "text": item.text,
        }
        for item in items
    ]
