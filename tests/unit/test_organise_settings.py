"""Which stages run by themselves, as settings say it."""

import pytest
from pydantic import ValidationError

from memsvc.settings import OrganiseSettings, Settings

ALL = {"organise", "dedupe", "facts", "entities", "think", "summarise", "portray"}


def test_by_rules_all_stages_run_by_themselves_but_those_that_write_texts() -> None:
    settings = OrganiseSettings()
    assert settings.by_themselves(has_model=False) == ALL - {"summarise", "portray"}
    assert settings.by_themselves(has_model=True) == ALL


@pytest.mark.parametrize(
    ("named", "stages"),
    [
        ("organise, facts", {"organise", "facts"}),
        ("summarise", {"summarise"}),
        ("none", set()),
    ],
)
def test_the_environment_names_them(
    monkeypatch: pytest.MonkeyPatch, named: str, stages: set[str]
) -> None:
    monkeypatch.setenv("MEMSVC_ORGANISE__STAGES", named)
    assert Settings().organise.by_themselves(has_model=True) == stages


def test_a_stage_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMSVC_ORGANISE__STAGES", "organise,tidy")
    with pytest.raises(ValidationError, match="tidy"):
        Settings()


def test_none_runs_by_itself_where_that_is_off_whatever_is_named() -> None:
    settings = OrganiseSettings(automatic=False, stages=("organise", "facts"))
    assert settings.by_themselves(has_model=True) == frozenset()
