"""Which windows run together."""

from collections.abc import Sequence


def padded_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group positions so that a batch, padded to its longest, has at most ``budget`` tokens.

    Longest first, so that neighbours in length share a batch and little is padding. A single one
    beyond the budget is a batch of its own.
    """
    batches: list[list[int]] = []
    room = 0
    for position in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if room == 0:
            batches.append([])
            room = max(1, budget // max(1, lengths[position]))
        batches[-1].append(position)
        room -= 1
    return batches
