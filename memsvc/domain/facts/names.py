"""Claims about one thing under several names: read as if all of them had its last name."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from memsvc.domain.facts.claims import Claim

AS_SAID: Mapping[str, str] = {}
"""No entity has another name."""


def renamed(claim: Claim, names: Mapping[str, str]) -> Claim:
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
    alike = _alike(names)
    return {
        (name, predicate)
        for subject, predicate in slots
        for name in alike.get(names.get(subject, subject), {subject})
    }


def all_names(name: str, names: Mapping[str, str]) -> frozenset[str]:
    """Return every name of what a name means, itself included."""
    return frozenset(_alike(names).get(names.get(name, name), {name}))


def _alike(names: Mapping[str, str]) -> Mapping[str, set[str]]:
    """Return by the last name of each thing all of its names."""
    found: dict[str, set[str]] = {}
    for name, last in names.items():
        found.setdefault(last, {last}).add(name)
    return found
