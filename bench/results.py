"""Result files: JSON, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path

from bench.machine import describe_machine, describe_versions
from memsvc.settings import Settings


def describe_run(**options: object) -> dict[str, object]:
    """Return what a reader needs to judge or repeat a run: its options, machine and versions."""
    return {
        **options,
        "machine": describe_machine(),
        "versions": describe_versions(),
    }


def own_service_settings() -> dict[str, object]:
    """Return the settings that a service started from here runs with.

    Secrets are left out, and so is what may name somebody's machine or folder.
    """
    embedding = {"model": True, "api_base": True, "api_key": True}
    settings: dict[str, object] = Settings().model_dump(
        mode="json",
        exclude={
            "database_url": True,
            "database_owner_url": True,
            "api_key": True,
            "data_dir": True,
            "embedding": embedding,
        },
    )
    return settings


def write_results(path: Path, results: Mapping[str, object]) -> None:
    """Write the results as JSON; the file that was there stays until the new one is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
