"""Claims that a text makes, found by rules: the stand-in where no model is configured."""
# ruff: noqa: RUF001 - typographic apostrophes and full-width punctuation are meant.

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from memsvc.domain.context.echoes import Span, own_text
from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.patterns import HEDGED, HEDGED_ZH, PATTERNS, Pattern
from memsvc.domain.others_words import without_others_words
from memsvc.domain.speakers import is_assistant
from memsvc.domain.times.named_times import named_times
from memsvc.domain.tokens import fold

_SENTENCE = re.compile(r"(?:[^.!?;。！？；\n]|[.](?=\S))+[.!?;。！？；\n]?")
_QUOTED = re.compile(r"[\"“”«»「」]")
_OPENING = re.compile(
    r"^(?:(?:oh|hey|well|so|and|but|yes|no|by the way|update|good news|guess what|actually|now|"
    r"correction|as of \w+|since \w+|since then|last \w+|yesterday|today|in \d{4})[,:]?\s+)+",
    re.IGNORECASE,
)
_OPENING_ZH = re.compile("^(?:对了|顺便说一下|其实|好消息)[，,]?")
_TRAILING = re.compile(
    r"\s+(?:since|last|this|next|now|with|because|after|before|when|and|but|these days|yesterday|"
    r"today|as of|at the moment|for now|instead|currently|again|in \d{4}|in (?:january|february|"
    r"march|april|may|june|july|august|september|october|november|december)|two|three"
    r"|a (?:week|month|year)"
    r"|\d+ (?:days?|weeks?|months?|years?) ago)\b.*$",
    re.IGNORECASE,
)
_NO_SUBJECT = frozenset(
    [
        "he",
        "she",
        "it",
        "they",
        "we",
        "you",
        "this",
        "that",
        "there",
        "who",
        "what",
        "when",
        "where",
        "why",
        "how",
        "the",
        "a",
        "an",
        "if",
        "everyone",
        "everybody",
        "nobody",
        "someone",
        "somebody",
        "people",
        "then",
        "here",
    ]
)
_NO_SUBJECT_ZH = re.compile("^[他她它你您]|[不没]$")
_KIN_ZH = re.compile(
    "妹妹|姐姐|哥哥|弟弟|妈妈|爸爸|母亲|父亲|妻子|老婆|丈夫|老公|女儿|儿子|奶奶|爷爷|女朋友|男朋友|朋友|"
    "同事|邻居|室友|老板|老师"
)
_NO_EMPLOYER = frozenset(
    [
        "facebook",
        "instagram",
        "twitter",
        "netflix",
        "zoom",
        "discord",
        "gym",
        "band",
        "choir",
        "club",
        "monday",
        "january",
        "home",
    ]
)
_OBJECT_SPACE = re.compile(r"[^\w@.+:%-]+")
_ARTICLE = re.compile(r"^(?:an?|the|my|his|her|their)\s+", re.IGNORECASE)
_CLOCK = re.compile(r"^(\d{1,2})(?:[:.](\d{2}))? ?([ap])?\.?(?:m\.?)?$")
_FILLER = re.compile(
    r"\b(?:now|currently|these days|at the moment|again|instead|since|in|on"
    r"|any ?more|any longer)\b",
    re.IGNORECASE,
)
_DOING = {"liking": "like", "using": "use", "taking": "take", "running": "run", "loving": "love",
          "smoking": "smoke"}  # fmt: skip
_THIRD_PERSON = {"studie": "study", "teache": "teach"}


def claims_of(text: str, said_at: datetime, speaker: str | None = None) -> list[Claim]:
    """Return what a text claims, in its order; "I" is the speaker, and no assistant's.

    Questions, quotations, plans, wishes, hearsay and contexts that came back claim nothing.
    Relative dates are resolved against ``said_at``; what is dated later than that is a plan,
    unless it is an appointment.
    """
    return [claim for claim, _ in read_claims(text, said_at, speaker)]


def read_claims(
    text: str, said_at: datetime, speaker: str | None = None
) -> list[tuple[Claim, Span]]:
    """Return what ``claims_of`` does, each with the sentence of the text that claims it."""
    own = own_text(text)
    found: dict[tuple[str, str], tuple[Claim, Span]] = {}
    for sentence, (start, end) in _sentences(without_others_words(own.text)):
        for pattern in PATTERNS:
            claim = _claimed(pattern, sentence, said_at, speaker)
            if claim is not None and claim.slot not in found:
                found[claim.slot] = claim, own.span(start, end)
    return list(found.values())


def says_only(text: str, said_at: datetime) -> bool:
    """Tell whether a text is one sentence that says its one claim, perhaps when, and no more."""
    whole = [each for each in _SENTENCE.findall(text) if each.strip(" .!?\n")]
    sentences = list(_sentences(text))
    if len(whole) != 1 or len(sentences) != 1:
        return False
    ((sentence, _),) = sentences
    for pattern in PATTERNS:
        match = pattern.regex.search(sentence)
        if match is not None:
            rest = sentence[match.end() :]
            for each in named_times(rest, said_at):
                rest = rest.replace(each.written, " ")
            return not _FILLER.sub(" ", rest).strip(" ,.了")
    return False


def sentence_spans(text: str) -> Iterator[Span]:
    """Yield where the sentences of a text stand, without the blanks around them."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if sentence:
            start = match.start() + match.group().index(sentence)
            yield start, start + len(sentence)


def _sentences(text: str) -> Iterator[tuple[str, Span]]:
    """Yield what may claim something, as patterns read it, and where it stands."""
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        if sentence.endswith(("?", "？")) or _QUOTED.search(text):
            continue
        if HEDGED.search(sentence) or HEDGED_ZH.search(sentence):
            continue
        stripped = _OPENING_ZH.sub("", _OPENING.sub("", sentence)).strip(" .!;。！；")
        yield re.sub(r"^[a-z]", lambda first: first.group().upper(), stripped), (start, end)


def _claimed(
    pattern: Pattern, sentence: str, said_at: datetime, speaker: str | None
) -> Claim | None:
    match = pattern.regex.search(sentence)
    if match is None:
        return None
    groups = match.groupdict()
    subject = _subject(groups["who"], speaker)
    kind = groups.get("kind") or groups.get("kind2") or _verb(groups.get("doing"))
    kind = _THIRD_PERSON.get(kind, kind)
    written = groups.get("what") or groups.get("what2") or ""
    value = _object(pattern.predicate, written)
    if subject is None or not _says_something(pattern, groups, value):
        return None
    rest = sentence.replace(written, " ") if written else sentence  # a birthday is no beginning
    since = _since(rest, said_at, is_event=pattern.name.split(".")[0] == "event")
    if since is None:
        return None
    predicate = pattern.predicate.replace("{kind}", normal_form(kind))
    if pattern.name == "prefers":
        predicate = "prefers of " + " / ".join(sorted((value, normal_form(kind))))
    return Claim(
        subject=subject,
        predicate=predicate,
        object="single" if pattern.name == "status.broke" else value or None,
        valid_from=since,
        said_at=said_at,
        rule=pattern.name,
        denies=pattern.denies,
        is_functional=pattern.is_functional,
        is_change=pattern.is_change,
    )


def _says_something(pattern: Pattern, groups: Mapping[str, str | None], value: str) -> bool:
    """Tell whether it is no manner of speaking, and not what somebody says of the speaker."""
    if not value and not pattern.denies and pattern.name != "status.broke":
        return False
    if pattern.predicate == "works for" and value in _NO_EMPLOYER:
        return False
    is_third = bool(groups.get("third"))
    if pattern.name == "habit" and is_third == (groups["who"] == "I"):
        return False  # "Sounds like fun": nobody's liking
    return "i" not in value.split()


def _verb(doing: str | None) -> str:
    return "" if doing is None else _DOING.get(doing, doing.removesuffix("ing"))


def _subject(who: str, speaker: str | None) -> str | None:
    normal = normal_form(re.sub(r"[’']s$", "", who))
    if normal.split()[0:1] in (["i"], ["my"]) or normal.startswith("我"):
        return _own_subject(normal, speaker)
    if normal in _NO_SUBJECT or _NO_SUBJECT_ZH.search(normal):
        return None
    return re.sub(r"^(?:the|our) ", "", normal)


def _own_subject(normal: str, speaker: str | None) -> str | None:
    """Return whom a speaker means by "I" or "my sister"; an assistant means nobody."""
    if is_assistant(speaker):
        return None  # advice, drafts and manners of speaking
    said_by = normal_form(speaker or "") or "speaker"
    if normal in {"i", "my", "我"}:
        return said_by
    kin = re.sub("^我的?", "", normal)
    if kin != normal:
        return f"{said_by}'s {kin}" if _KIN_ZH.fullmatch(kin) else None
    return None if normal.startswith("i ") else f"{said_by}'s {normal.removeprefix('my ')}"


def _object(predicate: str, written: str) -> str:
    if predicate == "time":
        return _clock(written)
    return normal_form(_ARTICLE.sub("", _TRAILING.sub("", written)))


def _clock(written: str) -> str:
    """Return a time of day as ``HH:MM``; as it is written where it is none."""
    normal = {"noon": "12:00", "midnight": "00:00"}.get(written.lower(), written.lower())
    match = _CLOCK.match(normal)
    if match is None:
        return normal_form(normal)
    hour, minute = int(match[1]) % (12 if match[3] else 24), int(match[2] or 0)
    return f"{hour + (12 if match[3] == 'p' else 0):02d}:{minute:02d}"


def normal_form(written: str) -> str:
    """Return how names are kept: folded, with single blanks for all but word characters."""
    folded = fold(written.casefold().replace("’", "'"))
    return " ".join(_OBJECT_SPACE.sub(" ", folded).strip(" .-:").split())


def _since(sentence: str, said_at: datetime, *, is_event: bool) -> datetime | None:
    """Return since when it holds; ``None`` for what is yet to come."""
    times = [] if is_event else [_first_day(each.iso) for each in named_times(sentence, said_at)]
    dated = [each for each in times if each is not None]
    if not dated:
        return said_at
    return None if min(dated) > said_at else min(dated)


def _first_day(iso: str) -> datetime | None:
    """Return the first instant of a date of any exactness, in UTC; seasons have none."""
    for form, suffix in (("%Y-%m-%d", ""), ("%Y-%m-%d", "-01"), ("%Y-%m-%d", "-01-01")):
        try:
            return datetime.strptime(iso + suffix, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        return datetime.strptime(iso + "-1", "%G-W%V-%u").replace(tzinfo=UTC)
    except ValueError:
        return None
