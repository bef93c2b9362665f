"""Which two names are one entity's, by rules that say why; and which are only asked about."""

from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.sorts import Sort
from memsvc.domain.memory import Metadata
from memsvc.domain.tokens import fold

_OFFICES = "dr doctor prof professor president senator"
_RANKS = "sir dame captain rev reverend"
_OF_HIM = "mr herr monsieur senor signor"
_OF_HER = "mrs ms miss frau madame mme mlle senora dona signora"
_TITLES = {
    word: said
    for words, said in ((_OFFICES, ""), (_RANKS, ""), (_OF_HIM, "him"), (_OF_HER, "her"))
    for word in words.split()
}
"""Words before a name, and of whom they are said where they tell that."""
_SURE_TITLES = frozenset(_OFFICES.split())
"""Who is called so is not called after a husband, and seldom somebody else of the same name."""
_LEGAL_FORMS = "inc incorporated ltd limited llc gmbh corp corporation co company plc ag sa nv bv"
_LEGAL = frozenset(_LEGAL_FORMS.split())
_JOINING_WORDS = "of the and for in on at to de la le du des von van der den"
_JOINING = frozenset(_JOINING_WORDS.split())
_LEAST_TOKENS = 2
_LEAST_LETTERS = 4


RULES = 1
"""Rises with every change of what the rules merge or ask, so that all is compared once more."""


class Rule(StrEnum):
    """Why two names may be one entity's."""

    TITLE = "title"
    """The same name with and without a title, or with two that go together."""
    INITIALS = "initials"
    """The same letters, initials joined or apart: "J. K. Rowling", "JK Rowling"."""
    LEGAL_FORM = "legal form"
    """The same name with and without Inc., GmbH and the like."""
    MARKS = "marks"
    """The same letters but for accents."""
    MIDDLE_NAME = "middle name"
    """The same first and last names; one has more between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An entity as far as resolving it needs."""

    form: EntityForm
    sort: Sort | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two names that may be one entity's."""

    rule: Rule
    score: float
    """In (0, 1]; a certain one is merged, another asked about."""
    is_certain: bool
    evidence: Metadata
    """The rule and the sorts; never names."""


def block_of(form: EntityForm) -> str:
    """Return what names of one entity share: the last word, without marks and legal forms."""
    tokens = _without_legal_form(fold(form).split())
    return tokens[-1] if tokens else form


def match(one: Name, other: Name) -> Match | None:
    """Return why two different names may be one entity's, or ``None``.

    What is of two sorts is never one. The result does not depend on the order of the two.
    """
    if one.form == other.form or (one.sort and other.sort and one.sort != other.sort):
        return None
    found = _rule(one, other)
    if found is None:
        return None
    rule, score, is_certain = found
    evidence: Metadata = {
        "rule": rule.value,
        "sorts": sorted(each for each in {one.sort, other.sort} if each),
    }
    return Match(rule=rule, score=score, is_certain=is_certain, evidence=evidence)


def staying(one: EntityForm, other: EntityForm) -> tuple[EntityForm, EntityForm]:
    """Return which name stays and which goes.

    One without a title or legal form stays, then one with its accents, then the longer one.
    """

    def rank(form: EntityForm) -> tuple[bool, bool, int, str]:
        tokens = fold(form).split()
        is_bare = _without_title(tokens)[0] == tokens == _without_legal_form(tokens)
        return (not is_bare, fold(form) == form, -len(form), form)

    kept, gone = sorted((one, other), key=rank)
    return kept, gone


def _rule(one: Name, other: Name) -> tuple[Rule, float, bool] | None:
    first, second = fold(one.form).split(), fold(other.form).split()
    if first == second:
        is_full = len(first) >= _LEAST_TOKENS
        return Rule.MARKS, 0.9 if is_full else 0.8, is_full and _is_one_sort(one, other)
    (bare, said), (other_bare, other_said) = _without_title(first), _without_title(second)
    may_be_persons = {one.sort, other.sort} <= {None, "person"}
    if may_be_persons and bare == other_bare and _is_full(bare):
        contradicts = said and other_said and said != other_said
        return None if contradicts else _titled(one, other, first, second, bare)
    if "".join(first) == "".join(second) and _has_initials(first) != _has_initials(second):
        return Rule.INITIALS, 0.93, True
    plain, other_plain = _without_legal_form(first), _without_legal_form(second)
    if plain == other_plain and len("".join(plain)) >= _LEAST_LETTERS:
        # "Apple" alone may be a fruit, "William Whiteley" the man and not his shop.
        is_certain = one.sort == other.sort == "organisation"
        return Rule.LEGAL_FORM, 0.92 if is_certain else 0.8, is_certain
    if may_be_persons and _differ_in_the_middle(bare, other_bare):
        return Rule.MIDDLE_NAME, 0.7, False
    return None


def _titled(
    one: Name, other: Name, first: list[str], second: list[str], bare: list[str]
) -> tuple[Rule, float, bool]:
    """Return how sure it is that two names are one's that are the same but for titles."""
    titles = (first[: -len(bare)], second[: -len(bare)])
    are_sure = all(_SURE_TITLES.issuperset(each) for each in titles)
    is_plain = not all(titles) and _JOINING.isdisjoint(bare)
    is_certain = are_sure and (is_plain or _is_one_sort(one, other))
    return Rule.TITLE, 0.95 if is_certain else 0.8, is_certain


def _is_full(tokens: list[str]) -> bool:
    """Tell whether a name has at least two words that are no initials."""
    return sum(len(each) > 1 for each in tokens) >= _LEAST_TOKENS


def _is_one_sort(one: Name, other: Name) -> bool:
    return one.sort is not None and one.sort == other.sort


def _has_initials(tokens: list[str]) -> bool:
    return any(len(each) == 1 for each in tokens)


def _without_title(tokens: list[str]) -> tuple[list[str], str]:
    """Return a name without the titles before it, and whom these are said of."""
    said, start = "", 0
    while start < len(tokens) - 1 and tokens[start] in _TITLES:
        said = said or _TITLES[tokens[start]]
        start += 1
    return tokens[start:], said


def _without_legal_form(tokens: list[str]) -> list[str]:
    end = len(tokens)
    while end > 1 and tokens[end - 1] in _LEGAL:
        end -= 1
    return tokens[:end]


def _differ_in_the_middle(one: list[str], other: list[str]) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) != _LEAST_TOKENS or len(longer) != _LEAST_TOKENS + 1:
        return False
    are_names = all(each.isalpha() and each not in _JOINING for each in longer)
    has_full = all(len(each) > 1 for each in shorter)
    return are_names and has_full and (shorter[0], shorter[-1]) == (longer[0], longer[-1])
