"""Claims about one thing under several names: read as if all of them had its last name."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from memsvc.domain.facts.claims import Claim

_NONE: Mapping[str, str] = {}


def renamed(claim: Claim, names: Mapping[str, str] = _NONE) -> Claim:
    """Return the claim with the names of merged entities replaced by what these are in the end.

    ``names`` as ``EntityReader.resolved_names`` returns them: normal forms by normal forms.
    """
    if claim.subject not in names and claim.object not in names:
        return claim
    found = claim.object if claim.object is None else names.get(claim.object, claim.object)
    return replace(claim, subject=names.get(claim.subject, claim.subject), object=found)


def slots_of_all_names(
    slots: Collection[tuple[str, str]], names: Mapping[str, str]
) -> set[tuple[str, str]]:
    """Return the slots and those of the same predicates under each subject's other names."""
    if not names:
        return set(slots)
    found = {subject: all_names(subject, names) for subject, _ in slots}
    return {(name, predicate) for subject, predicate in slots for name in found[subject]}


def all_names(name: str, names: Mapping[str, str] = _NONE) -> frozenset[str]:
    """Return every name of what a name means, itself included."""
    last = names.get(name, name)
    return frozenset({name, last, *(each for each, of in names.items() if of == last)})
