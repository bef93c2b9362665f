"""Pictures of forecasts; matplotlib is an extra."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from memsvc_client import Forecast

from memsvc.cli.failures import CommandError

FORMATS = (".svg", ".png")


def plot_forecasts(
    path: Path, bank: str, names: Sequence[str], forecasts: Sequence[Forecast]
) -> None:
    """Draw how many memories stay, day by day, one line a policy."""
    if path.suffix not in FORMATS:
        raise CommandError(f"{path} is neither an .svg nor a .png file.")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CommandError(
            "Plots need matplotlib: install memsvc with the extra `plots`."
        ) from error
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, forecast in zip(names, forecasts, strict=True):
        left = [forecast.examined - gone for gone in accumulate(forecast.leaving, initial=0)]
        axes.step(range(len(left)), left, where="post", label=name)
    axes.set_title(f"Memories of {bank} that stay if nothing is reinforced or added")
    axes.set_xlabel("days from now")
    axes.set_ylabel("memories")
    axes.set_ylim(bottom=0)
    axes.legend()
    try:
        figure.savefig(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
