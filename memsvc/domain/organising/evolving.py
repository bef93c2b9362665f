"""What older memories gain from newer ones: annotations that grow, never texts that change.

A-MEM replaces a neighbour's tags by what the model says (defect 10 of its code: what stood there
is lost). Here everything said before stays, in front, as far as the bounds allow.
"""

from collections.abc import Sequence

from memsvc.domain.organising.extraction import (
    MOST_CONTEXT_CHARACTERS,
    MOST_KEYWORDS,
    MOST_TAGS,
    Annotations,
    ExtractedItem,
    ProposedEvolution,
    Window,
    WindowItem,
)
from memsvc.domain.organising.keywords import content_stems, is_common

_LEAST_SHARED = 2
"""Telling words that two memories must share before the rules let one bear on the other."""
_MOST_NEW_TAGS = 2
_MOST_NEW_KEYWORDS = 2


def evolved(before: Annotations, proposed: Annotations) -> Annotations:
    """Return ``before`` with what is new in ``proposed``; a context that is given replaces it."""
    return Annotations(
        keywords=_joined(before.keywords, proposed.keywords, MOST_KEYWORDS),
        tags=_joined(before.tags, proposed.tags, MOST_TAGS),
        context=(proposed.context or before.context)[:MOST_CONTEXT_CHARACTERS],
    )


def rule_evolutions(window: Window, items: Sequence[ExtractedItem]) -> list[ProposedEvolution]:
    """Return what the rules propose for the window's neighbours, one change each at most.

    A neighbour that shares two telling words with a newer item learns the item's tags, and the
    words by which the item was found to be about the same.
    """
    written = {each.handle: each for each in window.items}
    proposals: list[ProposedEvolution] = []
    for neighbour in window.neighbours:
        for extracted in items:
            item = written.get(extracted.handle)
            if item is None or item.occurred_at < neighbour.occurred_at:
                continue
            proposal = _proposed(neighbour, item, extracted)
            if proposal is not None:
                proposals.append(proposal)
                break
    return proposals


def _proposed(
    neighbour: WindowItem, item: WindowItem, extracted: ExtractedItem
) -> ProposedEvolution | None:
    before = neighbour.annotations
    if before is None:
        return None
    shared = shared_words(item, neighbour)
    if len(shared) < _LEAST_SHARED:
        return None
    new_tags = [tag for tag in extracted.annotations.tags if tag not in before.tags]
    known = {word.casefold() for word in before.keywords}
    new_words = [word for word in shared if not any(word.casefold() in each for each in known)]
    gained = Annotations(
        keywords=tuple(new_words[:_MOST_NEW_KEYWORDS]), tags=tuple(new_tags[:_MOST_NEW_TAGS])
    )
    after = evolved(before, gained)
    if after == before:
        return None
    return ProposedEvolution(handle=neighbour.handle, because_of=item.handle, annotations=after)


def shared_words(one: WindowItem, other: WindowItem) -> list[str]:
    """Return the telling words that both texts have, as the first writes them; no speakers."""
    theirs = content_stems(other.text, other.language)
    speakers = {
        part.casefold() for name in (one.speaker, other.speaker) if name for part in name.split()
    }
    return [
        word
        for stemmed, word in content_stems(one.text, one.language).items()
        if stemmed in theirs
        and word.casefold() not in speakers
        and not is_common(word, one.language)
    ]


def _joined(before: Sequence[str], new: Sequence[str], most: int) -> tuple[str, ...]:
    known = {each.casefold() for each in before}
    added = [each for each in dict.fromkeys(new) if each.casefold() not in known]
    return (*before, *added)[:most]
