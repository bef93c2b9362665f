"""Organising without a language model: an ``Extraction`` by rules, the same for the same window."""
# ruff: noqa: RUF001 - sentences of Chinese and Japanese have brackets of their own.

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from memsvc.domain.graph.entity_forms import entity_form
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.languages import base_language
from memsvc.domain.organising.evolving import rule_evolutions
from memsvc.domain.organising.extraction import (
    MOST_CONTEXT_CHARACTERS,
    MOST_NAME_CHARACTERS,
    Annotations,
    ExtractedEntity,
    ExtractedItem,
    Extraction,
    Window,
    WindowItem,
)
from memsvc.domain.organising.keywords import is_common, keywords
from memsvc.domain.organising.patterns import facts_of
from memsvc.domain.organising.statistics import TermStatistics
from memsvc.domain.organising.tags import tags
from memsvc.domain.stop_words import function_words
from memsvc.domain.times.named_times import NamedTime, named_times

RULES = "rules/1"
"""Rises with every change of what the rules find."""

_MOST_ENTITIES = 20
_IN_CONTEXT = 3
_NUMBER = re.compile(r"[$€£¥]?\d[\d.,]*\d\s?(?:%|€|\$)?|[$€£¥]\d")
_SENTENCES = {
    "de": ("{who} spricht über {what} ({when}).", "Über {what} ({when}).", " und "),
    "en": ("{who} speaks of {what} ({when}).", "About {what} ({when}).", " and "),
    "es": ("{who} habla de {what} ({when}).", "Sobre {what} ({when}).", " y "),
    "fr": ("{who} parle de {what} ({when}).", "Sur {what} ({when}).", " et "),
    "it": ("{who} parla di {what} ({when}).", "Su {what} ({when}).", " e "),
    "ja": ("{who}の話:{what}（{when}）。", "{what}について（{when}）。", "、"),
    "ko": ("{who}의 이야기: {what} ({when}).", "{what}에 대해 ({when}).", ", "),
    "pt": ("{who} fala de {what} ({when}).", "Sobre {what} ({when}).", " e "),
    "zh": ("{who}谈到{what}（{when}）。", "关于{what}（{when}）。", "、"),
}
_COMMA = {"ja": "、", "zh": "、"}
_PLAIN = ("{who}: {what} ({when}).", "{what} ({when}).", ", ")


def extract_item(item: WindowItem, statistics: TermStatistics | None) -> ExtractedItem:
    """Return annotations, entities and facts of one item."""
    times = named_times(item.text, item.occurred_at)
    found = keywords(item.text, item.language, statistics)
    return ExtractedItem(
        handle=item.handle,
        annotations=Annotations(
            keywords=found,
            tags=tags(item.text, item.language),
            context=_context(item, found, times),
        ),
        entities=tuple(_entities(item, times))[:_MOST_ENTITIES],
        facts=facts_of(item.text, item.speaker),
    )


def extraction_of(window: Window, items: Sequence[ExtractedItem]) -> Extraction:
    """Return what the items add up to: links are left to the nearest neighbours."""
    return Extraction(items=items, evolutions=rule_evolutions(window, items))


def extract_by_rules(window: Window) -> Extraction:
    """Return everything the rules find in a window."""
    return extraction_of(window, [extract_item(item, window.statistics) for item in window.items])


def _context(item: WindowItem, found: Sequence[str], times: Sequence[NamedTime]) -> str:
    """Return who speaks of what, and when that is: nothing where there is nothing to tell."""
    if not found:
        return ""
    language = base_language(item.language)
    with_speaker, without, last = _SENTENCES.get(language, _PLAIN)
    told = list(found[:_IN_CONTEXT])
    what = last.join(filter(None, [_COMMA.get(language, ", ").join(told[:-1]), told[-1]]))
    when = ", ".join(dict.fromkeys([_day(item.occurred_at), *(each.iso for each in times)]))
    template = with_speaker if item.speaker else without
    return template.format(who=item.speaker, what=what, when=when)[:MOST_CONTEXT_CHARACTERS]


def _day(instant: datetime) -> str:
    return instant.date().isoformat()


def _entities(item: WindowItem, times: Sequence[NamedTime]) -> Iterator[ExtractedEntity]:
    """Yield speaker, names, dates and numbers, each once, in this order."""
    speaker = entity_form(item.speaker) if item.speaker else None
    if item.speaker:
        yield ExtractedEntity(name=item.speaker[:MOST_NAME_CHARACTERS], kind="person")
    for mentioned in extract_entities(item.text).mentions:
        form = _without_common(mentioned, item.language)
        if form and form != speaker and not form.replace(" ", "").isdigit():
            yield ExtractedEntity(name=_as_written(item.text, form), kind="thing")
    for named in times:
        yield ExtractedEntity(name=named.iso, kind="date")
    dated = " ".join(named.written for named in times)
    for number in dict.fromkeys(_NUMBER.findall(item.text)):
        if number not in dated:
            yield ExtractedEntity(name=number.strip(), kind="number")


def _without_common(form: str, language: str) -> str:
    """Return a name without the greeting or praise that a sentence begins with, if any is left."""
    words = form.split()
    grammar = function_words(words, dict.fromkeys(["en", base_language(language)]))
    telling = [not (word in grammar or is_common(word, language)) for word in words]
    if not any(telling):
        return ""
    first, last = telling.index(True), len(telling) - telling[::-1].index(True)
    return " ".join(words[first:last])


def _as_written(text: str, form: str) -> str:
    """Return a form as the text spells it, where it stands there in one piece."""
    spelled = re.search(r"[\W_]+".join(map(re.escape, form.split())), text, re.IGNORECASE)
    return (spelled.group() if spelled else form)[:MOST_NAME_CHARACTERS]
