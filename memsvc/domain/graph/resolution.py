"""Which two names are one entity's, by rules that say why; and which are only asked about."""

from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.joined_names import JoinedName, joined_name
from memsvc.domain.graph.nicknames import may_be_one
from memsvc.domain.graph.sorts import Sort
from memsvc.domain.memory import Metadata
from memsvc.domain.tokens import fold

_OFFICES = (
    "dr doctor prof professor president senator docteur professeur doktor doutor dott dottore"
    " dottor доктор профессор"
)
_OFFICES_OF_HER = "dra doutora profa professora professorin dottoressa"
_RANKS = "sir dame captain rev reverend"
_OF_HIM = "mr herr monsieur senor signor"
_OF_HER = "mrs ms miss frau madame mme mlle senora dona signora"
_TITLES = {
    word: said
    for words, said in (
        (_OFFICES, ""),
        (_OFFICES_OF_HER, "her"),
        (_RANKS, ""),
        (_OF_HIM, "him"),
        (_OF_HER, "her"),
    )
    for word in words.split()
}
"""Words before a name, and of whom they are said where they tell that."""
_SURE_TITLES = frozenset(f"{_OFFICES} {_OFFICES_OF_HER}".split())
"""Who is called so is not called after a husband, and seldom somebody else of the same name."""
_LEGAL_FORMS = "inc ltd llc gmbh corp co plc ag sa nv bv kg ohg srl spa sarl sas ltda pty oy oyj ab"
_LEGAL = {each: each for each in _LEGAL_FORMS.split()} | {
    "incorporated": "inc",
    "limited": "ltd",
    "corporation": "corp",
    "company": "co",
}
"""Legal forms as they are written, and as they are abbreviated."""
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
    SPACES = "spaces"
    """The same letters, of a script without spaces, written with some."""
    LEGAL_FORM = "legal form"
    """The same name with and without Inc., GmbH and the like, or with two of them."""
    MARKS = "marks"
    """The same letters but for accents."""
    MIDDLE_NAME = "middle name"
    """The same first and last names; one has more between them."""
    NICKNAME = "nickname"
    """The same last name; the first of one is short for that of the other."""


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
    """Return what names of one entity share: the last word, without marks and legal forms.

    Of names that are written without spaces all but their titles and legal forms.
    """
    if (joined := joined_name(form)) is not None:
        return joined.bare
    tokens = _without_legal_form(fold(form).split())
    return tokens[-1] if tokens else form


def match(one: Name, other: Name) -> Match | None:
    """Return why two different names may be one entity's, or ``None``.

    What is of two sorts, or of two blocks, is never one: "I, Robot" is a film, iRobot a company.
    The result does not depend on the order of the two.
    """
    if one.form == other.form or (one.sort and other.sort and one.sort != other.sort):
        return None
    if block_of(one.form) != block_of(other.form):
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
    joined = joined_name(one.form), joined_name(other.form)
    if joined[0] is not None and joined[1] is not None:
        return _joined_rule(joined[0], joined[1], one, other)
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
    return _looser_rule(one, other, first, second)


def _looser_rule(
    one: Name, other: Name, first: list[str], second: list[str]
) -> tuple[Rule, float, bool] | None:
    """Return why names may be one's that have other words."""
    plain, other_plain = _without_legal_form(first), _without_legal_form(second)
    if plain == other_plain and len("".join(plain)) >= _LEAST_LETTERS:
        forms = _legal_form(first, plain), _legal_form(second, plain)
        return _of_legal_forms(one, other, are_two=all(forms) and forms[0] != forms[1])
    if not {one.sort, other.sort} <= {None, "person"}:
        return None
    bare, other_bare = _without_title(first)[0], _without_title(second)[0]
    if _differ_in_the_middle(bare, other_bare):
        return Rule.MIDDLE_NAME, 0.7, False
    if _differ_by_nickname(bare, other_bare):
        return Rule.NICKNAME, 0.7, False
    return None


def _joined_rule(
    first: JoinedName, second: JoinedName, one: Name, other: Name
) -> tuple[Rule, float, bool] | None:
    """Return why two names in scripts without spaces may be one's."""
    if first.bare != second.bare:
        return None
    if first.legal_form != second.legal_form:
        are_two = bool(first.legal_form and second.legal_form)
        return _of_legal_forms(one, other, are_two=are_two)
    if first.title == second.title:
        return Rule.SPACES, 0.95, True
    if first.title and second.title and first.said_of != second.said_of:
        return None
    is_certain = first.is_full and {one.sort, other.sort} <= {None, "person"}
    return Rule.TITLE, 0.95 if is_certain else 0.8, is_certain


def _of_legal_forms(one: Name, other: Name, *, are_two: bool) -> tuple[Rule, float, bool]:
    """Return how sure it is that names are one's that are the same but for their legal forms.

    "Apple" alone may be a fruit, "William Whiteley" the man and not his shop; and who founds a
    company of another form may give it the old one's name.
    """
    is_certain = one.sort == other.sort == "organisation" and not are_two
    return Rule.LEGAL_FORM, 0.92 if is_certain else 0.8, is_certain


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
    while end > 1:
        letters = end  # "S.p.A." is three words
        while letters > 1 and len(tokens[letters - 1]) == 1:
            letters -= 1
        if tokens[end - 1] in _LEGAL:
            end -= 1
        elif "".join(tokens[letters:end]) in _LEGAL:
            end = letters
        else:
            break
    return tokens[:end]


def _legal_form(tokens: list[str], plain: list[str]) -> str:
    """Return the first legal form after a plain name, abbreviated; empty without one."""
    after = tokens[len(plain) :]
    return "" if not after else _LEGAL.get(after[0], "".join(after))


def _differ_by_nickname(one: list[str], other: list[str]) -> bool:
    are_full = len(one) == len(other) >= _LEAST_TOKENS
    return are_full and one[1:] == other[1:] and may_be_one(one[0], other[0])


def _differ_in_the_middle(one: list[str], other: list[str]) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) != _LEAST_TOKENS or len(longer) != _LEAST_TOKENS + 1:
        return False
    are_names = all(each.isalpha() and each not in _JOINING for each in longer)
    has_full = all(len(each) > 1 for each in shorter)
    return are_names and has_full and (shorter[0], shorter[-1]) == (longer[0], longer[-1])
