"""Grounding: what a language model says of a memory has to rest on that memory's own words.

A window shows a model several texts at once, and one of them may ask it to say something of the
others. What it says by handle is therefore held against the text behind the handle:

* keywords and entities have to stand in it, by half of their words at least;
* a tag, which is a class and need not stand anywhere, must not come from another text;
* a context or a thought takes a third of its telling words from it (all of a short text's);
* a fact has one end in it; the other may be a speaker's name or stand earlier in the window;
* two memories are linked if the index found them near, or if they share a telling word; the
  reason must not come from a third text;
* a neighbour evolves if it was offered to just this item and shares two telling words with it. Its
  keywords and tags are held against its own text, and half of its context has to rest on that.

Words are compared by stem. This stops what one text says from being written to another. It does
not stop a tag that a text has described without naming it, nor words of a text that
resembles a neighbour from standing in the other half of that neighbour's context.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memsvc.domain.organising.evolving import shared_words
from memsvc.domain.organising.extraction import (
    Annotations,
    ExtractedFact,
    ExtractedItem,
    ExtractedThought,
    Extraction,
    ProposedEvolution,
    ProposedLink,
    Window,
    WindowItem,
)
from memsvc.domain.organising.keywords import content_stems, word_stems
from memsvc.domain.organising.tags import tags
from memsvc.domain.tokens import is_characterwise, is_hiragana

OF_ITSELF = 1 / 3
"""Share of a sentence's telling words that the memory itself has to have."""
_OF_NEIGHBOUR = 1 / 2
"""The same for the context of a neighbour, which a newer text shows in another light."""
_LEAST_SHARED = 2
"""Telling words that a neighbour and what it evolves by have in common: as for the rules."""

_NOT_ITS_WORDS = "not in the words of its memory"
_UNFOUNDED = "without anything in common"


def grounded(window: Window, extraction: Extraction) -> Extraction:
    """Return what rests on the texts of ``window``; what does not is told in ``rejected``.

    Handles that the window does not have are left to ``validated``.
    """
    grounds = _Grounds(window)
    rejected = list(extraction.rejected)
    return replace(
        extraction,
        items=[_item(grounds, each, rejected) for each in extraction.items],
        thoughts=_thoughts(grounds, extraction.thoughts, rejected),
        links=_links(grounds, extraction.links, rejected),
        evolutions=_evolutions(grounds, extraction.evolutions, rejected),
        rejected=rejected,
    )


def telling_stems(text: str, language: str) -> frozenset[str]:
    """Return the stems of a text's telling words; of scripts without spaces, pairs of characters.

    Pairs that are all hiragana are left out: they are mostly endings.
    """
    spaced = {each for each in content_stems(text, language) if not is_characterwise(each)}
    pairs = {
        each
        for each in word_stems(text, language)
        if is_characterwise(each) and not is_hiragana(each)
    }
    return frozenset(spaced | pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What there is to rest on: one memory, or several together."""

    items: Sequence[WindowItem]
    words: frozenset[str]
    telling: frozenset[str]
    speakers: frozenset[str]

    @property
    def language(self) -> str:
        return self.items[0].language

    def has(self, phrase: str, *, more: frozenset[str] = frozenset()) -> bool:
        """Tell whether half of a phrase's words at least stand here, or in ``more``."""
        said = telling_stems(phrase, self.language) or word_stems(phrase, self.language)
        return bool(said) and 2 * len(said & (self.words | more)) >= len(said)

    def bears(self, sentence: str, share: float) -> bool:
        """Tell whether a sentence takes that share of its telling words from here, names apart."""
        said = telling_stems(sentence, self.language) - self.speakers
        least = min(len(self.telling), math.ceil(len(said) * share))
        return len(said & self.words) >= max(1, least)

    def shares(self, sentence: str) -> bool:
        """Tell whether a sentence has any telling word from here, names apart."""
        return self.bears(sentence, 0.0)


class _Grounds:
    """The texts of a window by their handles."""

    def __init__(self, window: Window) -> None:
        self.items = {each.handle: each for each in (*window.items, *window.neighbours)}
        self.near = window.near
        self._order = [each.handle for each in window.items]
        self._by_handle = {each.handle: _ground_of(each) for each in self.items.values()}
        self._everywhere = frozenset[str]().union(*(g.words for g in self._by_handle.values()))
        self._participants = frozenset[str]().union(
            *(self._by_handle[handle].speakers for handle in self._order)
        )

    def of(self, *handles: int) -> _Ground:
        """Return what these memories say, together."""
        found = [self._by_handle[each] for each in handles]
        return _Ground(
            items=[item for each in found for item in each.items],
            words=frozenset[str]().union(*(each.words for each in found)),
            telling=frozenset[str]().union(*(each.telling for each in found)),
            speakers=frozenset[str]().union(*(each.speakers for each in found)),
        )

    def is_carried_over(self, phrase: str, ground: _Ground) -> bool:
        """Tell whether a phrase has telling words of other texts that do not stand here."""
        said = telling_stems(phrase, ground.language)
        return bool((said & self._everywhere) - ground.words - ground.speakers)

    def known_before(self, *handles: int) -> frozenset[str]:
        """Return the words that pronouns of these items may stand for."""
        earlier = self._order[: max(map(self._order.index, handles))]
        return self._participants.union(*(self._by_handle[each].words for each in earlier))

    def is_item(self, handle: int) -> bool:
        """Whether it is a memory to organise."""
        return handle in self._order

    def are_near(self, one: int, other: int) -> bool:
        """Whether one of them was found when the other was looked for."""
        return (one, other) in self.near or (other, one) in self.near


def _ground_of(item: WindowItem) -> _Ground:
    speakers = word_stems(item.speaker or "", item.language)
    return _Ground(
        items=[item],
        words=word_stems(item.text, item.language),
        telling=telling_stems(item.text, item.language) - speakers,
        speakers=speakers,
    )


def _item(grounds: _Grounds, item: ExtractedItem, rejected: list[str]) -> ExtractedItem:
    if not grounds.is_item(item.handle):
        return item
    ground, known = grounds.of(item.handle), grounds.known_before(item.handle)
    kept = replace(
        item,
        annotations=_annotations(grounds, ground, item.annotations, OF_ITSELF),
        entities=tuple(e for e in item.entities if ground.has(e.name, more=ground.speakers)),
        facts=tuple(each for each in item.facts if _is_fact_of(ground, known, each)),
    )
    rejected += [_NOT_ITS_WORDS] * (_count(item) - _count(kept))
    return kept


def _count(item: ExtractedItem) -> int:
    said = item.annotations
    parts: Iterable[tuple[object, ...]] = (said.keywords, said.tags, item.entities, item.facts)
    return sum(map(len, parts)) + bool(said.context)


def _annotations(
    grounds: _Grounds, ground: _Ground, said: Annotations, of_context: float
) -> Annotations:
    return Annotations(
        keywords=tuple(each for each in said.keywords if ground.has(each)),
        tags=tuple(each for each in said.tags if _is_tag_of(grounds, ground, each)),
        context=said.context if ground.bears(said.context, of_context) else "",
    )


def _is_tag_of(grounds: _Grounds, ground: _Ground, tag: str) -> bool:
    if not grounds.is_carried_over(tag, ground):
        return True
    return any(tag.casefold() in tags(each.text, each.language) for each in ground.items)


def _is_fact_of(ground: _Ground, known: frozenset[str], fact: ExtractedFact) -> bool:
    ends = (fact.subject, fact.object)
    return any(map(ground.has, ends)) and all(
        ground.has(each, more=known | ground.speakers) for each in ends
    )


def _thoughts(
    grounds: _Grounds, found: Iterable[ExtractedThought], rejected: list[str]
) -> list[ExtractedThought]:
    kept = []
    for thought in found:
        sources = [
            each
            for each in thought.sources
            if grounds.is_item(each) and grounds.of(each).shares(thought.text)
        ]
        if not sources or not grounds.of(*sources).bears(thought.text, OF_ITSELF):
            rejected.append(_NOT_ITS_WORDS)
            continue
        ground, known, fact = grounds.of(*sources), grounds.known_before(*sources), thought.fact
        is_founded = fact is not None and _is_fact_of(ground, known, fact)
        kept.append(replace(thought, sources=tuple(sources), fact=fact if is_founded else None))
    return kept


def _links(
    grounds: _Grounds, found: Iterable[ProposedLink], rejected: list[str]
) -> list[ProposedLink]:
    kept = []
    for link in found:
        ends = link.from_handle, link.to_handle
        if not grounds.items.keys() >= set(ends):
            kept.append(link)
        elif grounds.are_near(*ends) or _shared(grounds, *ends):
            is_theirs = not grounds.is_carried_over(link.reason, grounds.of(*ends))
            kept.append(link if is_theirs else replace(link, reason=""))
        else:
            rejected.append(_UNFOUNDED)
    return kept


def _evolutions(
    grounds: _Grounds, found: Iterable[ProposedEvolution], rejected: list[str]
) -> list[ProposedEvolution]:
    kept = []
    for change in found:
        pair = change.because_of, change.handle
        if not grounds.items.keys() >= set(pair):
            kept.append(change)
            continue
        is_founded = pair in grounds.near and _shared(grounds, *pair) >= _LEAST_SHARED
        ground = grounds.of(change.handle)
        said = _annotations(grounds, ground, change.annotations, _OF_NEIGHBOUR)
        if grounds.is_carried_over(said.context, grounds.of(*pair)):
            said = replace(said, context="")
        if is_founded and said != Annotations():
            kept.append(replace(change, annotations=said))
        else:
            rejected.append(_UNFOUNDED)
    return kept


def _shared(grounds: _Grounds, one: int, other: int) -> int:
    return len(shared_words(grounds.items[one], grounds.items[other]))
