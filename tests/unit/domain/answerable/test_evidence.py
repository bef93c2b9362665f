from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.answerable.evidence import FEATURES, Evidence, Found, measure, name_parts

QUESTION = ("what", "did", "caroline", "paint")


def evidence(*found: tuple[str | None, str, float], tokens: Sequence[str] = QUESTION) -> Evidence:
    """Return what was found for a question of which ``caroline`` and ``paint`` are no grammar."""
    words = ["caroline", "paint"]
    return Evidence(
        tokens=tokens,
        words=words,
        weights=np.array([1.0, 4.0]),
        has=np.array([[word in text for word in words] for _, text, _ in found]).reshape(-1, 2),
        found=[Found(speaker=who, text=text, similarity=near) for who, text, near in found],
    )


def test_features_of_a_question_about_one_of_two() -> None:
    features = measure(evidence(("Melanie", "i paint too", 0.6), ("Caroline", "thank you", 0.4)))

    assert features == pytest.approx(
        {
            "similarity": 0.6,
            "coverage": 1.0,  # The name is no word to look for: she is one of the speakers.
            "length": 2 / 6,
            "two_people": 1.0,
            "sides": 1.0,
            # One speaks of herself, the other of her: neither of Caroline.
            "subject": -0.5,
            "subject_coverage": -1.0,
            "similarity_of_two": 0.6,
            "coverage_of_two": 1.0,
            "length_of_two": 2 / 6,
        }
    )


def test_what_one_is_told_speaks_for_the_other() -> None:
    features = measure(
        evidence(("Melanie", "you paint so well", 0.6), ("Ben", "i see", 0.5), ("Caroline", "", 0))
    )

    subject = np.array([1.0, 0.0, 0.75])  # Without pronouns it is likely about the speaker.
    squares = np.array([1.6, 0.5, 0.0]) ** 2
    expected = float(subject @ squares / squares.sum() - 0.5) / 4
    assert features["subject"] == pytest.approx(expected)
    assert features["subject_coverage"] == pytest.approx(1 / 4)


def test_coverage_is_by_weight_of_what_one_candidate_holds() -> None:
    features = measure(evidence((None, "caroline was here", 0.3), (None, "so was i", 0.2)))

    assert features["coverage"] == pytest.approx(0.2)


def test_nothing_found_measures_nothing() -> None:
    assert measure(evidence()) == dict.fromkeys(FEATURES, 0.0)


@pytest.mark.parametrize(
    "tokens", [("what", "was", "painted"), ("did", "caroline", "or", "melanie", "paint")]
)
def test_sides_are_told_only_where_the_question_names_one(tokens: Sequence[str]) -> None:
    features = measure(
        evidence(("Melanie", "i paint", 0.6), ("Caroline", "i do not", 0.4), tokens=tokens)
    )

    assert features["sides"] == features["subject"] == features["subject_coverage"] == 0.0


def test_among_many_speakers_ones_words_say_little_against_the_others() -> None:
    two = [("Melanie", "i paint", 0.6), ("Caroline", "well", 0.4)]
    five = [*two, *((name, "well", 0.1) for name in ("Ada", "Ben", "Cy"))]

    assert measure(evidence(*five))["subject_coverage"] == pytest.approx(
        measure(evidence(*two))["subject_coverage"] / 16
    )
    assert measure(evidence(*five))["similarity_of_two"] == pytest.approx(0.6 / 16)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Caroline", ["caroline"]),
        ("WolfgangSchulz", ["wolfgang", "schulz"]),
        ("Li Hua", ["li", "hua"]),
        ("ada_lovelace", ["ada", "lovelace"]),
        ("Élodie", ["élodie"]),
        ("小雨", ["小雨"]),
        ("BOB", ["bob"]),
        ("", []),
    ],
)
def test_parts_of_names(name: str, parts: list[str]) -> None:
    assert name_parts(name) == parts


FOUND = st.lists(
    st.builds(
        Found,
        speaker=st.sampled_from([None, "Caroline", "Melanie", "Ada Lovelace", ""]),
        text=st.sampled_from(["", "i paint", "you paint", "we told you", "你好，我画画"]),
        similarity=st.floats(-1, 1),
    ),
    max_size=25,
)


@given(found=FOUND, weights=st.lists(st.floats(0, 20), max_size=6), data=st.data())
def test_features_are_finite_and_bounded_whatever_was_found(
    found: list[Found], weights: list[float], data: st.DataObject
) -> None:
    shape = (len(found), len(weights))
    bits = data.draw(
        st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    )
    measured = measure(
        Evidence(
            tokens=["caroline"],
            words=[f"w{no}" for no in range(len(weights))],
            weights=np.array(weights, dtype=np.float64),
            has=np.array(bits, dtype=np.bool_).reshape(shape),
            found=found,
        )
    )

    assert tuple(measured) == FEATURES
    assert all(np.isfinite(value) and abs(value) <= 2 for value in measured.values())
