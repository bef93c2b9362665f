"""Names that are read as another entity's, because the two were merged."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.sorts import Sort, sort_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """What a name is read as."""

    sort: Sort | None
    """Of the entity that was merged; mentions as another sort of thing are not of it."""
    form: EntityForm


def read_as(extracted: Extracted, aliases: Mapping[EntityForm, Alias]) -> Extracted:
    """Return what a source speaks of, merged entities read as one; the source stays as it is."""
    renamed = {
        form: aliases[form].form
        for form in extracted.mentions
        if form in aliases and _is_of(extracted, form, aliases[form])
    }
    if not renamed:
        return extracted
    mentions: Counter[EntityForm] = Counter()
    types: dict[EntityForm, frozenset[str]] = {}
    for form, count in extracted.mentions.items():
        target = renamed.get(form, form)
        mentions[target] += count
        if form in extracted.types:
            types[target] = types.get(target, frozenset()) | extracted.types[form]
    return Extracted(
        subjects=frozenset(renamed.get(each, each) for each in extracted.subjects),
        mentions=mentions,
        types=types,
        names=renamed,
    )


def _is_of(extracted: Extracted, form: EntityForm, alias: Alias) -> bool:
    sorts = {sort for each in extracted.types.get(form, ()) if (sort := sort_of(each))}
    return alias.sort is None or not sorts or alias.sort in sorts
