"""Synonyms of entities' names, found by their vectors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from memsvc.domain.graph import synonyms as module
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.synonyms import Synonym, Synonyms, calibrated_threshold

DIMENSION = 8


def forms(*names: str) -> list[EntityForm]:
    return [EntityForm(each) for each in names]


def at_angles(*degrees: float) -> NDArray[np.float32]:
    """Return unit vectors in a plane: the cosine of two is that of the angle between them."""
    turned = np.radians(degrees)
    vectors = np.zeros((len(degrees), DIMENSION), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(turned), np.sin(turned)
    return vectors


def pairs_of(found: list[Synonym]) -> set[tuple[str, str]]:
    return {(each.first, each.second) for each in found}


def test_near_names_are_synonyms_whichever_came_first() -> None:
    names, vectors = forms("robert", "bob", "anna", "ann"), at_angles(0, 20, 90, 100)
    expected = {("bob", "robert"), ("ann", "anna")}
    at_once = Synonyms(0.9).add(names, vectors)
    assert pairs_of(at_once) == expected
    for order in ([0, 1, 2, 3], [3, 1, 2, 0]):
        one_by_one, held = [], Synonyms(0.9)
        for row in order:
            one_by_one += held.add([names[row]], vectors[[row]])
        assert sorted(one_by_one, key=lambda each: each.first) == at_once


def test_a_new_name_is_compared_with_all_and_the_others_are_not_again() -> None:
    """HippoRAG 2, 5: there every insert compares all names, and appends what it had already."""
    held = Synonyms(0.9)
    held.add(forms("robert", "bob"), at_angles(0, 20))
    assert pairs_of(held.add(forms("rob"), at_angles(10))) == {("rob", "robert"), ("bob", "rob")}
    assert held.add(forms("anna"), at_angles(90)) == []


def test_a_forgotten_name_has_no_synonyms_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK_ROWS", 2)
    held = Synonyms(0.9, most=3)
    held.add(forms("robert", "bob", "anna"), at_angles(0, 20, 90))
    assert held.lacking(forms("rob"), 5) == [], "there is no room"
    held.remove(EntityForm("bob"))
    held.remove(EntityForm("never there"))
    assert held.lacking(forms("anna", "rob", "x"), 5) == forms("rob"), "one letter tells nothing"
    assert pairs_of(held.add(forms("rob"), at_angles(10))) == {("rob", "robert")}
    for name in forms("robert", "anna"):
        held.remove(name)
    assert pairs_of(held.add(forms("bert"), at_angles(12))) == {("bert", "rob")}
    assert len(held) == 2


def test_what_is_held_already_or_does_not_fit_is_refused() -> None:
    held = Synonyms(0.9, most=2)
    held.add(forms("anna"), at_angles(0))
    with pytest.raises(ValueError, match="held once"):
        held.add(forms("anna"), at_angles(0))
    with pytest.raises(ValueError, match="at most 2"):
        held.add(forms("ben", "cleo"), at_angles(0, 90))
    with pytest.raises(ValueError, match="threshold"):
        Synonyms(0.0)


def test_the_threshold_lies_between_what_unrelated_names_reach_and_identity() -> None:
    """HippoRAG 2, §5.7: at one threshold for all, synonyms outnumber relations in one encoder."""
    draw = np.random.default_rng(0)
    apart = draw.normal(size=(200, 64)).astype(np.float32)
    near = apart + 3 * draw.normal(size=(1, 64)).astype(np.float32)
    thresholds = []
    for vectors in (apart, near):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        threshold = calibrated_threshold(unit)
        background = (unit @ unit.T)[np.triu_indices(200, 1)]
        assert (background >= threshold).mean() < 1e-3
        thresholds.append(threshold)
    assert 0.6 < thresholds[0] < thresholds[1] < 1
    with pytest.raises(ValueError, match="two names"):
        calibrated_threshold(apart[:1])
