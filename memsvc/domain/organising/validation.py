"""Holding an extraction to its window: whatever does not fit is dropped by itself, and counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memsvc.domain.organising.extraction import (
    MOST_CONTEXT_CHARACTERS,
    MOST_KEYWORDS,
    MOST_NAME_CHARACTERS,
    MOST_TAGS,
    MOST_THOUGHT_CHARACTERS,
    Annotations,
    ExtractedFact,
    ExtractedItem,
    ExtractedThought,
    Extraction,
    ProposedEvolution,
    ProposedLink,
    Window,
)

_MOST_ENTITIES = 40
_MOST_FACTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What of an extraction holds, and how much was dropped for which reason."""

    extraction: Extraction
    missing: frozenset[int]
    """Handles of items that the answer says nothing about."""
    rejected: Counter[str]


def validated(window: Window, extraction: Extraction) -> Validated:
    """Return the parts of ``extraction`` that keep to the handles and bounds of ``window``."""
    rejected: Counter[str] = Counter({"by the extractor": len(extraction.rejected)})
    items = {each.handle for each in window.items}
    neighbours = {each.handle for each in window.neighbours}
    kept = _items(extraction.items, items, rejected)
    checked = Extraction(
        items=kept,
        thoughts=_thoughts(extraction.thoughts, items, rejected),
        links=_links(extraction.links, items, items | neighbours, rejected),
        evolutions=_evolutions(extraction.evolutions, items, neighbours, rejected),
        rejected=extraction.rejected,
    )
    missing = frozenset(items - {each.handle for each in kept})
    return Validated(extraction=checked, missing=missing, rejected=+rejected)


def _items(
    found: Iterable[ExtractedItem], handles: set[int], rejected: Counter[str]
) -> list[ExtractedItem]:
    kept: dict[int, ExtractedItem] = {}
    for item in found:
        if item.handle not in handles:
            rejected["unknown handle"] += 1
        elif item.handle in kept:
            rejected["item told twice"] += 1
        else:
            kept[item.handle] = replace(
                item,
                annotations=_bounded(item.annotations),
                entities=tuple(each for each in item.entities if _is_name(each.name))[
                    :_MOST_ENTITIES
                ],
                facts=tuple(each for each in item.facts if _is_fact(each))[:_MOST_FACTS],
            )
    return list(kept.values())


def _bounded(annotations: Annotations) -> Annotations:
    return Annotations(
        keywords=_strings(annotations.keywords, MOST_KEYWORDS),
        tags=_strings((tag.casefold() for tag in annotations.tags), MOST_TAGS),
        context=" ".join(annotations.context.split())[:MOST_CONTEXT_CHARACTERS],
    )


def _strings(given: Iterable[str], most: int) -> tuple[str, ...]:
    clean = (" ".join(each.split()) for each in given)
    return tuple(each for each in dict.fromkeys(clean) if _is_name(each))[:most]


def _is_name(name: str) -> bool:
    return 0 < len(name.strip()) <= MOST_NAME_CHARACTERS


def _is_fact(fact: ExtractedFact) -> bool:
    return all(map(_is_name, (fact.subject, fact.relation, fact.object))) and (
        0 < fact.confidence <= 1
    )


def _thoughts(
    found: Sequence[ExtractedThought], items: set[int], rejected: Counter[str]
) -> list[ExtractedThought]:
    kept = []
    for thought in found:
        sources = tuple(dict.fromkeys(each for each in thought.sources if each in items))
        text = thought.text.strip()
        if not sources:
            rejected["thought without a source"] += 1
        elif not 0 < len(text) <= MOST_THOUGHT_CHARACTERS:
            rejected["thought out of bounds"] += 1
        else:
            fact = thought.fact if thought.fact is not None and _is_fact(thought.fact) else None
            kept.append(replace(thought, text=text, sources=sources, fact=fact))
    return kept


def _links(
    found: Sequence[ProposedLink], items: set[int], known: set[int], rejected: Counter[str]
) -> list[ProposedLink]:
    kept: dict[tuple[int, int], ProposedLink] = {}
    for link in found:
        ends = link.from_handle, link.to_handle
        if not known.issuperset(ends):
            rejected["unknown handle"] += 1
        elif link.from_handle == link.to_handle:
            rejected["link to itself"] += 1
        elif items.isdisjoint(ends):
            rejected["link between neighbours"] += 1
        else:
            reason = " ".join(link.reason.split())[:MOST_CONTEXT_CHARACTERS]
            pair = (min(ends), max(ends))
            kept.setdefault(pair, replace(link, reason=reason))
    return list(kept.values())


def _evolutions(
    found: Sequence[ProposedEvolution],
    items: set[int],
    neighbours: set[int],
    rejected: Counter[str],
) -> list[ProposedEvolution]:
    kept: dict[int, ProposedEvolution] = {}
    for change in found:
        if change.handle not in neighbours or change.because_of not in items:
            rejected["unknown handle"] += 1
        elif change.handle in kept:
            rejected["neighbour changed twice"] += 1
        else:
            kept[change.handle] = replace(change, annotations=_bounded(change.annotations))
    return list(kept.values())
