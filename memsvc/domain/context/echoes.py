"""Contexts that came back: recalled text within a text that is written, told by its tags.

Agents store conversations in which stands what a context gave them. It was remembered once, and
is no evidence of anything again. A block lasts to the tag that closes it; where that is cut off,
as far as its lines are those of a context. What stood around the tag on its line (quoting marks,
indentation) is expected before the others, too. Tags may be written as in HTML or JSON.

Whoever writes such tags around words of their own keeps them from being organised and found,
and nothing else: a text says nothing about any other.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

PREAMBLE = "What is remembered, one memory at each [n]; cite them so."
"""What the first line of a context begins with."""
HEADINGS = ("# Summaries", "# Memories", "# Latest in this session")
NOTE = "Note: "
INDENT = "    "
LEFT_OUT = "[\u2026]"
"""What stands for a block where it is left out."""

_BOUNDARY_CHARS = 6
_IN_EVERY_TAG = "memory boundary="
_TAG = re.compile(
    rf"(?:<|&lt;|\\u003[cC])(?P<closes>\\?/)?{_IN_EVERY_TAG}[\"']?"
    rf"(?P<boundary>[0-9a-f]{{{_BOUNDARY_CHARS}}})[\"']?(?:>|&gt;|\\u003[eE])"
)
_QUOTING = re.compile(r"(?:^|\n)([ \t>|]*)$")
_LONGEST_QUOTING = 40
_LINE = re.compile(
    rf"(?:{INDENT}|\[\d+\](?:\s|$)|{re.escape(PREAMBLE[:20])}|{NOTE.strip()}|(?:{'|'.join(HEADINGS)})?\s*$)"
)
_REPLACEMENT = f"\n{LEFT_OUT}\n"

Span = tuple[int, int]
"""Where something stands in a text: half-open, in characters."""


def tags(digest: str) -> tuple[str, str]:
    """Return how a context is opened and closed whose boundary begins a hexadecimal digest."""
    boundary = boundary_of(digest)
    return f"<memory boundary={boundary}>", f"</memory boundary={boundary}>"


def boundary_of(digest: str) -> str:
    """Return the boundary of a hexadecimal digest."""
    return digest[:_BOUNDARY_CHARS]


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text without the contexts in it, and where its characters stand in the whole."""

    text: str
    """With ``LEFT_OUT`` in a line of its own where a context was."""
    spans: tuple[Span, ...]
    """The parts of the whole that are kept, in order."""

    def span(self, start: int, end: int) -> Span:
        """Return where ``[start, end)`` of this text stands in the whole.

        ``start`` is expected in a part that is kept, and ``end`` in the same one.
        """
        lengths = (last - first + len(_REPLACEMENT) for first, last in self.spans)
        begins = list(accumulate(lengths, initial=0))[:-1]
        part = bisect_right(begins, start) - 1
        shift = self.spans[part][0] - begins[part]
        return start + shift, min(end + shift, self.spans[part][1])


def own_text(text: str) -> OwnText:
    """Return what a text says beside the contexts in it; linear in its length."""
    spans, done = [], 0
    for start, end in echoes(text):
        spans.append((done, start))
        done = end
    spans.append((done, len(text)))
    return OwnText(_REPLACEMENT.join(text[start:end] for start, end in spans), tuple(spans))


def without_echoes(text: str) -> str:
    """Return a text with ``LEFT_OUT`` in place of each context in it."""
    return own_text(text).text


def echoes(text: str) -> Iterator[Span]:
    """Yield where contexts stand in a text, in order."""
    if _IN_EVERY_TAG not in text:
        return
    found = list(_TAG.finditer(text))
    closing: dict[str, list[int]] = {}
    for tag in found:
        if tag["closes"]:
            closing.setdefault(tag["boundary"], []).append(tag.end())
    done = 0
    for tag in found:
        if tag["closes"] or tag.start() < done:
            continue
        before = _QUOTING.search(text[max(done, tag.start() - _LONGEST_QUOTING) : tag.start()])
        quoting = before[1] if before else ""
        ends = closing.get(tag["boundary"], [])
        place = bisect_right(ends, tag.end())
        done = ends[place] if place < len(ends) else _end_of_lines(text, tag.end(), quoting)
        yield tag.start() - len(quoting), done


def _end_of_lines(text: str, start: int, quoting: str) -> int:
    """Return where the lines of a context end that is not closed; the first one is its own."""
    end = _end_of_line(text, start)
    while end < len(text):
        following = _end_of_line(text, end + 1)
        if not _LINE.match(_unquoted(text[end + 1 : following], quoting)):
            break
        end = following
    return end


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _unquoted(line: str, quoting: str) -> str:
    return line.removeprefix(quoting) if line.startswith(quoting) else line.strip(" \t>|\r")
