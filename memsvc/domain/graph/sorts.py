"""What sorts of thing entities are: many words for a type, few sorts that exclude each other.

Whoever names types uses other words ("city", "town", "location"). Two things of one name are told
apart only where their sorts differ: a person called Jordan is no country.
"""

from typing import NewType

Sort = NewType("Sort", str)

_WORDS = {
    "person": "person people human man woman politician author writer artist musician singer actor"
    " actress director scientist athlete player character user speaker family friend",
    "place": "place location city town village country state region county province district river"
    " mountain lake island continent building street address gpe loc landmark park",
    "organisation": "organisation organization company business institution university school"
    " college agency party team club band group government brand org publisher newspaper",
    "work": "work book film movie song album novel poem painting show series game article play"
    " magazine software product",
    "time": "time date day month year period century duration era",
    "number": "number quantity amount percent percentage money price count ordinal cardinal",
    "event": "event war battle festival competition tournament meeting conference holiday election",
    "being": "animal plant species breed pet dog cat bird fish tree",
    "matter": "substance chemical element mineral drug medicine food dish drink disease material",
    "language": "language dialect",
    "celestial": "planet star moon galaxy asteroid comet",
}
_SORT_OF = {word: Sort(sort) for sort, words in _WORDS.items() for word in words.split()}


def sort_of(type_: str | None) -> Sort | None:
    """Return the sort that a type belongs to; ``None`` for one that tells nothing apart.

    Of several words the last that is known counts: "football club" is an organisation.
    """
    if type_ is None:
        return None
    known = [_SORT_OF[each] for each in type_.casefold().split() if each in _SORT_OF]
    return known[-1] if known else None


def sorted_name(form: str, sort: Sort) -> str:
    """Return the name of one of several things of one form; no form has brackets in it."""
    return f"{form} ({sort})"


def split_name(node: str) -> tuple[str, Sort | None]:
    """Return the form and the sort of a name that ``sorted_name`` may have made."""
    form, bracket, sort = node.removesuffix(")").partition(" (")
    return (form, Sort(sort)) if bracket and node.endswith(")") else (node, None)
