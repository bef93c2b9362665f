"""The extractor that needs no language model."""

from memsvc.domain.identifiers import TenantId
from memsvc.domain.organising.extraction import Extraction, Window
from memsvc.domain.organising.rules import RULES, extract_item, extraction_of
from memsvc.services.courtesy import Courtesy


class RuleExtractor:
    """Finds by rules; equal windows give equal answers, whoever asks."""

    def __init__(self, courtesy: Courtesy | None = None) -> None:
        """Let whoever waits go first, text by text."""
        self._courtesy = courtesy or Courtesy()

    @property
    def name(self) -> str:
        """Which rules, for the record."""
        return RULES

    async def extract(self, tenant_id: TenantId, window: Window) -> Extraction:  # noqa: ARG002 — the port's
        """Return what the window says."""
        items = []
        for item in window.items:
            items.append(extract_item(item, window.statistics))
            await self._courtesy.turn()  # a text takes a millisecond or two
        return extraction_of(window, items)
