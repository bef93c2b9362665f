"""Words of others within what somebody says: quoted, forwarded, pasted to be worked on.

Whoever says "I" in there is not who speaks. Rules that resolve the first person read a text
without these parts: rather too many are taken out than one too few.
"""
# ruff: noqa: RUF001 - Chinese colons and quotation marks are meant.

import re
from collections.abc import Iterator

from memsvc.domain.context.echoes import Span

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_FENCED = re.compile(r"(```|\"\"\"|''').*?(?:\1|\Z)", re.DOTALL)
_IN_MARKS = re.compile(
    r"“([^”]*)(?:”|\Z)|„([^“”]*)(?:[“”]|\Z)|«([^»]*)(?:»|\Z)|「([^」]*)(?:」|\Z)|\"([^\"\n]*)\""
)
_FORWARDED = re.compile(
    r"^[ \t>*-]*(?:(?:fwd?|fw|wg|from|von|de|subject|betreff|asunto|主题|发件人)[ \t]*[:：]"
    r"|weitergeleitet|转发|(?:begin )?forwarded (?:message|mail|by|from)|original message).*\Z",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_BELOW = re.compile(
    r"\b(?:below|the following|(?:copied|pasted) from|act as|pretend|role[ -]?play|hypothetically"
    r"|suppose that|imagine (?:that|i|you|we|an?)|you be the"
    r"|(?:proofread|translat\w+|rewrite|rephrase|paraphrase|summari[sz]e|grade|polish|shorten"
    r"|improve|correct|fix|reply to|respond to|make|here(?:[’']s| is))\b[^.!?\n]{0,40}"
    r"\b(?:this|essay|letter|text|poem|e-?mail|mail|paragraph|sentence|bio|cv|message|review|post|article|story|speech"
    r"|draft|tweet|caption|lyrics|abstract|opening))\b"
    r"|^dear\b[^\n]{0,60}\n",
    re.IGNORECASE | re.MULTILINE,
)
"""What follows is a text to work on, a letter, or a part that is played."""
_COLON = re.compile(
    r"：|:(?=[\s\"“„«「\u4e00-\u9fff])|(?:(?<=\bsays)|(?<=\breads)|(?<=\bwrote))\.(?=\s)"
)
_CONTENT = re.compile(r"\S")
_SENTENCE_END = re.compile(r"[.!?。！？\n]")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_LONGEST_LEAD = 160
_OWN_LEADS = re.compile(
    r"^\W*(?:p\.?s|(?:fun |quick |small |big |another |one |two )*(?:facts?|updates?|corrections?"
    r"|edits?|notes?|reminders?|confessions?|disclaimers?|things?|answers?|introductions?|intro|tl;?dr|fyi|btw"
    r"|about me|me|hello|hi|hey|ok|okay|yes|no|well|today|yesterday|also|warning|important)"
    r"|(?:(?:good|bad|great|big|best|sad|exciting|other|more|the) )*news"
    r"|(?:user|human|i|the (?:truth|thing|point|problem|reason)(?: is)?))\W*$",
    re.IGNORECASE,
)
"""What one says before a colon, and then something of oneself; 我 and the like have no colon."""
_LEADING_IN = re.compile(
    r"\b(?:sa(?:id|ys?|ying)|t(?:old|ells?)|wr(?:ote|ites?|itten)|sent|ask(?:ed|s)|repl(?:ied|ies)"
    r"|quot(?:es?|ed)|translat\w+|summari[sz]\w+|rewrit\w+|rephras\w+|paraphras\w+|proofread"
    r"|correct|fix|improve|edit|polish|review|letter|e-?mail|messages?|mail|transcript|article"
    r"|essay|poem|lyrics|song|story|profile|bio|post|prompt|text|paragraph|template|draft|example"
    r"|role[ -]?play|script)\b|[说写问]|告诉|翻译|修改|润色|改写|总结|歌词|短信|邮件",
    re.IGNORECASE,
)
"""What announces words of more than a paragraph."""


def without_others_words(text: str) -> str:
    """Return a text with blanks in place of what others say in it; as long as before.

    Of what stands in quotation marks the marks stay. Linear in the length of the text.
    """
    kept = list(text)
    for start, end in _parts(text):
        kept[start:end] = [each if each == "\n" else " " for each in text[start:end]]
    return "".join(kept)


def _parts(text: str) -> Iterator[Span]:
    for pattern in (_QUOTED_LINE, _FENCED, _FORWARDED):
        yield from (each.span() for each in pattern.finditer(text))
    yield from (each.span(each.lastindex or 0) for each in _IN_MARKS.finditer(text))
    below = _BELOW.search(text)
    if below is not None:
        yield below.start(), len(text)
    done = 0
    for colon in _COLON.finditer(text):
        if colon.start() < done:
            continue
        lead = _SENTENCE_END.split(text[max(0, colon.start() - _LONGEST_LEAD) : colon.start()])[-1]
        begins = _first(_CONTENT, text, colon.end())
        is_own = not lead.strip() or _OWN_LEADS.match(lead) is not None
        if is_own or text.startswith(">", begins):
            continue
        is_long = _LEADING_IN.search(lead) is not None
        done = len(text) if is_long else _first(_PARAGRAPH_END, text, begins)
        yield colon.end(), done


def _first(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Return where the pattern is found next; the end of the text if nowhere."""
    found = pattern.search(text, start)
    return len(text) if found is None else found.start()
