import pytest

from memsvc.domain.graph.entity_forms import EntityForm, entity_form, is_telling, title_forms


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("  New   York ", "new york"),
        ("Beyoncé", "beyoncé"),
        ("Beyonce\u0301", "beyoncé"),
        ("ＩＢＭ", "ibm"),
        ("Straße", "strasse"),
        ("Достоевский", "достоевский"),
        ("北京大学", "北京大学"),
        ("हिन्दी", "हिन्दी"),
        ("U.S. Steel", "u s steel"),
        ("Anna’s", "anna"),
        ("AC/DC", "ac dc"),
        ("3M", "3m"),
    ],
)
def test_names_have_one_form_in_any_script(written: str, form: str) -> None:
    assert entity_form(written) == form


@pytest.mark.parametrize("written", ["", "  ", "$", "—", "🙂", "\u0301"])
def test_what_has_no_letter_has_no_form(written: str) -> None:
    assert entity_form(written) is None


def test_forms_are_their_own_forms() -> None:
    for name in ("Pál Gábor", "İstanbul", "ﬁne ARTS", "「東京」タワー"):
        form = entity_form(name)
        assert form is not None
        assert entity_form(form) == form


def test_title_is_known_with_and_without_its_qualifier() -> None:
    assert title_forms("Rush (band)") == ["rush band", "rush"]
    assert title_forms("三国（小说）") == ["三国 小说", "三国"]
    assert title_forms("Rush") == ["rush"]
    assert title_forms("(band)") == ["band"]


@pytest.mark.parametrize(
    ("form", "telling"),
    [("al", False), ("ali", True), ("a b", False), ("京", False), ("東京", True), ("3m", False)],
)
def test_short_forms_tell_nothing(form: str, telling: bool) -> None:
    assert is_telling(EntityForm(form)) is telling
