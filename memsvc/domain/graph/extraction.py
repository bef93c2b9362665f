"""Entities of a text without a language model: what is written like a name, a title or a number.

Rules, so the same text always gives the same entities, in time that grows with its length:

* runs of capitalised words of any script that has capitals, joined by small words as in
  "University of Texas at Austin"; the first word of a sentence counts only if it is no function
  word and does not occur uncapitalised in the text;
* what stands in quotation marks or title brackets of any language;
* numbers of three digits and more, years among them;
* in Japanese and Chinese text: runs of katakana, which write foreign names, and of Latin letters;
  names in Han characters are found where they are quoted.

The heading of a text (a short first line without a full stop) is its subject, as is the speaker of
what was said; the other entities are mentioned.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from memsvc.domain.graph.entity_forms import EntityForm, entity_form, is_telling, title_forms
from memsvc.domain.graph.given import GivenMentions
from memsvc.domain.languages import recognise_language
from memsvc.domain.stop_words import function_words
from memsvc.domain.tokens import split_tokens

EXTRACTOR_VERSION = 1
"""Raised with every change of the rules: older extractions are made anew by a rebuild."""

_LONGEST_HEADING = 100
_LONGEST_QUOTE = 80
_LONGEST_RUN = 12
_LEAST_DIGITS = 3

_HEADING = re.compile(r"\s*#*\s*(?P<heading>[^\n]+?)\s*\n+\s*\S")
_STOPS = (".", "!", "?", ":", ",", ";", "\u3002", "\uff01", "\uff1f")
_SENTENCE_END = re.compile(
    # A point after one or two letters is that of "J." or "Dr.".
    r"(?<=[.!?\u2026])(?<!\W[A-Z]\.)(?<!\W[A-Z][a-z]\.)[\"'\u201d\u2019\u00bb)]*\s+"
    r"|[\n\u3002\uff01\uff1f]+"
)
_WORD = re.compile(r"[^\W_](?:[\w'\u2019&-]|\.(?=\w))*\.?|\S")
_QUOTED = re.compile(
    "|".join(
        f"{before}([^{after}\n]+)[{after}]"
        for before, after in ('""', "\u201c\u201d", "\u00ab\u00bb", "「」", "『』", "《》")
    )
    + "|\u201e([^\u201c\u201d\n]+)[\u201c\u201d]"
)
_FOREIGN_IN_CJK = re.compile(
    r"[\u30a1-\u30fa\u30fc\uff66-\uff9f\u30fb]{2,}|[A-Za-z][\w.+-]*[A-Za-z0-9]"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_JOINING_WORDS = (
    "of the and & for in on at to de la le du des del della di da do dos van von der den al el y e"
    " bin ibn"
)
_JOINING = frozenset(_JOINING_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The entities of one text."""

    subjects: frozenset[EntityForm]
    """What the text is about as a whole."""
    mentions: Counter[EntityForm]
    """Everything named in it, its subjects among them, and how often."""
    types: Mapping[EntityForm, frozenset[str]] = field(default_factory=dict)
    """What sorts of thing entities were given as, in small letters; most have none."""
    names: Mapping[EntityForm, EntityForm] = field(default_factory=dict)
    """Other names under which the text has entities, and as which each is read."""

    def with_given(self, given: Iterable[GivenMentions]) -> "Extracted":
        """Return these entities and those given beside them; what is in both is counted once."""
        mentions = Counter(self.mentions)
        types = {form: set(some) for form, some in self.types.items()}
        for each in given:
            for (form, type_), count in each.counts.items():
                mentions[form] = max(mentions[form], count)
                if type_ is not None:
                    types.setdefault(form, set()).add(type_)
        return Extracted(
            subjects=self.subjects,
            mentions=mentions,
            types={form: frozenset(some) for form, some in types.items()},
            names=self.names,
        )


def extract_entities(text: str, speaker: str | None = None) -> Extracted:
    """Return the entities of ``text``."""
    heading = heading_of(text)
    subjects = set(title_forms(heading) if heading else ())
    if speaker and (form := entity_form(speaker)):
        subjects.add(form)
    mentions = Counter(form for form in _named(text) if is_telling(form))
    for form in subjects:
        mentions[form] = max(1, mentions[form])
    return Extracted(subjects=frozenset(subjects), mentions=mentions)


def heading_of(text: str) -> str | None:
    """Return the first line if it is a heading: short, no sentence, and something follows."""
    match = _HEADING.match(text)
    if match is None:
        return None
    heading = match["heading"]
    is_sentence = heading.endswith(_STOPS)
    return None if is_sentence or len(heading) > _LONGEST_HEADING else heading


def shown_names(text: str, speaker: str | None = None) -> dict[EntityForm, str]:
    """Return the entities of ``text`` as they are written in it, the first time each."""
    heading = heading_of(text)
    shown: dict[EntityForm, str] = {}
    for form in title_forms(heading) if heading else ():
        shown[form] = heading if entity_form(heading or "") == form and heading else form
    for name in (*([speaker] if speaker else []), *_surfaces(text)):
        named = entity_form(name)
        if named is not None:
            shown.setdefault(named, " ".join(name.split()))
    return shown


def _named(text: str) -> Iterator[EntityForm]:
    yield from _forms(_surfaces(text))


def _surfaces(text: str) -> Iterator[str]:
    quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(text)]
    names = [quote for quote in quoted if len(quote) <= _LONGEST_QUOTE]
    if _CJK.search(text):
        names += _FOREIGN_IN_CJK.findall(text)
    yield from names
    yield from _capitalised(text)


def _forms(names: Iterable[str]) -> Iterator[EntityForm]:
    for name in names:
        form = entity_form(name)
        if form is not None:
            yield form


def _capitalised(text: str) -> Iterator[str]:
    """Yield runs of capitalised words and long numbers, and the parts of runs joined by "and"."""
    lower = {word.rstrip(".") for word in _WORD.findall(text) if word.islower()}
    small = function_words(split_tokens(text)[0], ["en", recognise_language(text)])
    for sentence in _SENTENCE_END.split(text):
        for run in _runs(_WORD.findall(sentence or "")):
            trimmed = _trimmed(run, small)
            if not trimmed or (len(trimmed) == 1 and trimmed[0].lower() in lower):
                continue
            yield " ".join(trimmed)
            if "and" in trimmed[1:-1]:
                at = trimmed.index("and")
                yield " ".join(trimmed[:at])
                yield " ".join(trimmed[at + 1 :])


def _runs(words: list[str]) -> Iterator[list[str]]:
    """Yield the runs of words that may make up a name, and numbers by themselves."""
    run: list[str] = []
    for place, written in enumerate(words):
        word, ends = _without_full_stop(written)
        following = words[place + 1 : place + 3]
        joins = bool(run) and word.lower() in _JOINING and _leads_on(following)
        if word[:1].isupper() or (run and word[:1].isdigit()) or joins:
            run.append(word)
        else:
            if run:
                yield run
            run = []
            if sum(each.isdigit() for each in word) >= _LEAST_DIGITS:
                yield [word]
        if run and (ends or len(run) == _LONGEST_RUN):
            yield run
            run = []
    if run:
        yield run


def _without_full_stop(word: str) -> tuple[str, bool]:
    """Return the word, and whether a sentence may end with it; "Dr." and "J.R." go on."""
    bare = word.rstrip(".")
    if bare == word or len(bare) <= 2 or "." in bare:  # noqa: PLR2004 — initials and titles
        return word, False
    return bare, True


def _leads_on(following: list[str]) -> bool:
    """Whether a capital comes next, or after one more joining word."""
    if not following:
        return False
    if following[0][:1].isupper():
        return True
    return following[0].lower() in _JOINING and following[1:2] != [] and following[1][:1].isupper()


def _trimmed(run: list[str], small: set[str]) -> list[str]:
    """Return the run without the function words at its ends; abbreviations in capitals stay."""
    start, end = 0, len(run)
    while start < end and _is_small(run[start], small):
        start += 1
    while end > start and _is_small(run[end - 1], small):
        end -= 1
    return run[start:end]


def _is_small(word: str, small: set[str]) -> bool:
    if len(word) > 1 and word.isupper():
        return False
    return word.lower() in _JOINING or word.lower() in small
