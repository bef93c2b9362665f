"""How an installation tells what it is doing."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias


class InstallStep(StrEnum):
    """What an installation is doing."""

    DOWNLOADING = "downloading"
    UNPACKING = "unpacking"
    BUILDING_GRAPH = "building graph"
    INSTALLED = "installed"


Progress: TypeAlias = Callable[[InstallStep], None]


def silent(_step: InstallStep) -> None:
    """Report to nobody."""
