"""What calls cost: by a price of the settings, else by the list that comes with litellm."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_MILLION = 1_000_000
_TEXTS_PER_SEARCH_UNIT = 100
"""Reranking is billed by the search of so many texts where it is not billed by the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrice:
    """What a provider asks, in USD for a million tokens."""

    input: float
    output: float = 0.0

    def of(self, input_tokens: int, output_tokens: int = 0) -> float:
        """Return what so many tokens cost, in USD."""
        return (input_tokens * self.input + output_tokens * self.output) / _MILLION


def stated_price(input: float | None, output: float | None = None) -> TokenPrice | None:  # noqa: A002
    """Return the price that the settings state, if they do; an answer's defaults to 0."""
    return None if input is None else TokenPrice(input=input, output=output or 0.0)


class Pricing:
    """The prices of one model; ``None`` stands for a price that nobody here knows."""

    def __init__(self, litellm: ModuleType, model: str, stated: TokenPrice | None) -> None:
        """Go by ``stated`` where it is given, whatever the list says."""
        self._litellm = litellm
        self._model = model
        self._stated = stated

    def of_chat(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return what a question and an answer of this length cost."""
        return self._of(input_tokens, output_tokens)

    def of_embedding(self, input_tokens: int) -> float | None:
        """Return what embedding so much text costs."""
        return self._of(input_tokens, call_type="embedding")

    def of_reranking(self, input_tokens: int, texts: int) -> float | None:
        """Return what weighing so many texts costs."""
        by_token = self._of(input_tokens)
        if by_token is None or self._stated is not None:
            return by_token
        units = {"search_units": math.ceil(texts / _TEXTS_PER_SEARCH_UNIT)}
        # litellm tells the price of tokens or that of searches; a model has one of them.
        by_search = self._of(0, call_type="rerank", rerank_billed_units=units)
        return None if by_search is None else by_token + by_search

    def of_response(self, response: object, otherwise: Callable[[], float | None]) -> float | None:
        """Return what an answered call has cost, ``otherwise`` if the list does not say."""
        if self._stated is not None:
            return otherwise()
        try:
            return float(self._litellm.completion_cost(response))
        except Exception:  # noqa: BLE001 — a model without a price is no failure
            return otherwise()

    def _of(self, input_tokens: int, output_tokens: int = 0, **more: object) -> float | None:
        if self._stated is not None:
            return self._stated.of(input_tokens, output_tokens)
        if not self._is_listed():
            return None
        tokens: dict[str, Any] = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens}
        try:
            return float(sum(self._litellm.cost_per_token(model=self._model, **tokens, **more)))
        except Exception:  # noqa: BLE001 — see above
            return None

    def _is_listed(self) -> bool:
        """Look here first: of some models that are not listed litellm asks their server."""
        listed = self._litellm.model_cost
        return self._model in listed or self._model.partition("/")[2] in listed
