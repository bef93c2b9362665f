import os
from pathlib import Path

import pytest

from memsvc.embedding.cores import usable_cores

LOGICAL = len(os.sched_getaffinity(0))


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    """A processor whose hardware threads all belong to one core."""
    for cpu in os.sched_getaffinity(0):
        folder = tmp_path / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text("0-63\n")
    return tmp_path


def test_hardware_threads_of_one_core_count_once(topology: Path, tmp_path: Path) -> None:
    assert usable_cores(topology, tmp_path / "none") == 1


def test_every_processor_counts_when_nothing_is_known(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "none") == LOGICAL


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("max 100000", LOGICAL),
        ("150000 100000", 1),
        ("5000 100000", 1),
        ("9900000 100000", LOGICAL),
    ],
)
def test_quota_of_the_container_is_respected(tmp_path: Path, limit: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(limit)

    assert usable_cores(tmp_path, tmp_path / "cpu.max") == expected
