"""The filter of facts that asks a language model which of them help to answer a question."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from memsvc.domain.identifiers import TenantId
from memsvc.llm.prompt_files import load_prompt
from memsvc.llm.structured import Question, StructuredModel

_PROMPT = "choose_facts"


class ChosenFacts(BaseModel):
    """The numbers of the facts to keep."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    keep: list[int]


class ModelFactFilter:
    """Shows numbered facts and takes numbers back: nothing the model writes becomes a fact."""

    def __init__(self, model: StructuredModel) -> None:
        self._model = model
        self._prompt = load_prompt(_PROMPT)

    async def choose(
        self, tenant_id: TenantId, question: str, facts: Sequence[str]
    ) -> Sequence[int]:
        """Return the numbers that the model keeps; raises as the port says."""
        shown: list[JsonValue] = [
            {"number": number, "fact": fact} for number, fact in enumerate(facts, 1)
        ]
        answer = await self._model.ask(
            tenant_id,
            Question(
                prompt=self._prompt,
                data={"question": question, "facts": shown},
                answer=ChosenFacts,
            ),
        )
        return answer.keep
