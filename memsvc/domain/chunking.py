"""Cutting a document into passages at its own seams, without losing a character of its text."""

import re

from memsvc.domain.context.echoes import echoes

TARGET_CHARACTERS = 1_200
"""About 250 English words: near the window of small sentence encoders, so that most passages
have one vector, and long enough to be understood alone."""

_SEAMS = (
    re.compile(r"\n\s*\n"),  # paragraphs
    re.compile(r"\n"),  # lines
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])"),  # sentences  # noqa: RUF001
    re.compile(r"\s+"),  # words
)


def split_document(text: str, target: int = TARGET_CHARACTERS) -> list[str]:
    """Return passages of at most ``target`` characters whose concatenation has all the text.

    Cuts fall on the largest seam that fits: between paragraphs, lines, sentences, words, and only
    in a run without any of these inside it. A context that came back is a passage of its own,
    however long. White space at the cuts is dropped; passages are never blank. ``target`` ≥ 1.
    """
    passages, done = [], 0
    for start, end in echoes(text):
        passages += [*_passages(text[done:start], target), text[start:end].rstrip()]
        done = end
    return passages + _passages(text[done:], target)


def _passages(text: str, target: int) -> list[str]:
    return _join_small(_split(text.strip(), target, level=0), target)


def _split(text: str, target: int, level: int) -> list[tuple[str, str]]:
    """Return (piece, separator before it) pairs, each piece within the target."""
    if len(text) <= target:
        return [("", text)] if text else []
    if level == len(_SEAMS):
        return [("", text[start : start + target]) for start in range(0, len(text), target)]
    result: list[tuple[str, str]] = []
    for separator, part in _parts(text, _SEAMS[level]):
        inner = _split(part, target, level + 1)
        if inner:
            result.append((separator, inner[0][1]))
            result.extend(inner[1:])
    return result


def _parts(text: str, seam: re.Pattern[str]) -> list[tuple[str, str]]:
    """Cut at a seam; each part comes with the separator that stood before it."""
    parts: list[tuple[str, str]] = []
    start, separator = 0, ""
    for match in seam.finditer(text):
        parts.append((separator, text[start : match.start()]))
        start, separator = match.end(), match.group()
    parts.append((separator, text[start:]))
    return parts


def _join_small(pieces: list[tuple[str, str]], target: int) -> list[str]:
    """Put neighbouring pieces together again while they fit."""
    passages: list[str] = []
    for separator, piece in pieces:
        if passages and len(passages[-1]) + len(separator) + len(piece) <= target:
            passages[-1] += separator + piece
        else:
            passages.append(piece)
    return [passage.strip() for passage in passages if passage.strip()]
