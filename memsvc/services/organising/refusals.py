"""Telling a provider that refuses one text from one that refuses whatever it is asked."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from memsvc.errors import ConfigurationError

_MOST = 3
"""Windows refused without a reason, and none organised, before a run is given up."""


class WindowEnd(StrEnum):
    """What became of a window."""

    ORGANISED = "organised"
    SET_ASIDE = "set_aside"
    """For something that is the window's own."""
    REFUSED = "refused"
    """Set aside too, but the provider did not say whether it was about its texts."""


class Refusals:
    """Keeps count over one run: a model that takes no request must not set a whole bank aside."""

    def __init__(self) -> None:
        self._ends: Counter[WindowEnd] = Counter()

    def note(self, ends: Iterable[WindowEnd]) -> None:
        """Take down what became of some windows."""
        self._ends.update(ends)

    def raise_if_of_everything(self) -> None:
        """Raise ``ConfigurationError`` when windows were refused and none was organised."""
        refused = self._ends[WindowEnd.REFUSED]
        if refused >= _MOST and not self._ends[WindowEnd.ORGANISED]:
            raise ConfigurationError(
                f"The provider has refused {refused} windows and taken none: look at the model and"
                " its settings, then retry the job and what was set aside."
            )
