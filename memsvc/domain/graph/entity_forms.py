"""The normal form under which the names of one thing meet."""

import re
import unicodedata
from typing import NewType

EntityForm = NewType("EntityForm", str)
"""A normal form that is not empty."""

_QUALIFIER = re.compile(r"\s*[(\uff08][^()\uff08\uff09]*[)\uff09]\s*$")
_POSSESSIVE = re.compile(r"['\u2019]s\b", re.IGNORECASE)
_LEAST_LENGTH = 3
_LEAST_LENGTH_CJK = 2
_CJK_NAMES = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")


def entity_form(name: str) -> EntityForm | None:
    """Return the normal form of a name, or ``None`` where no letter or digit is left.

    NFKC, case folded, everything but letters, marks and digits of any script a blank, blanks
    collapsed: "Beyoncé" stays apart from "Beyonce", "北京" is itself, "U.S." is "u s".
    """
    text = unicodedata.normalize("NFKC", _POSSESSIVE.sub("", name)).casefold()
    kept = "".join(each if _is_kept(each) else " " for each in text)
    form = " ".join(kept.split())
    return EntityForm(form) if any(each.isalnum() for each in form) else None


def title_forms(title: str) -> list[EntityForm]:
    """Return the forms a title is known by: itself, and without its qualifier in brackets."""
    forms = (entity_form(title), entity_form(_QUALIFIER.sub("", title)))
    return list(dict.fromkeys(form for form in forms if form is not None))


def is_telling(form: EntityForm) -> bool:
    """Whether a form is long enough to name one thing: 3 letters or digits, 2 in CJK scripts."""
    letters = [each for each in form if each.isalnum()]
    least = _LEAST_LENGTH_CJK if any(_is_cjk(each) for each in letters) else _LEAST_LENGTH
    return len(letters) >= least


def _is_kept(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _is_cjk(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_CJK_NAMES)
