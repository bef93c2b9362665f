"""What the owner of an index may choose."""

from dataclasses import dataclass

from gpu_index.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """When a partition is searched by an approximate structure, and how well that must find."""

    approximate_above: int = 50_000
    """Vectors past which a partition gets an approximate structure, where the backend has one.

    Scanning 50,000 of 384 components takes a core about two milliseconds.
    """
    target_recall: float = 0.99
    """recall@10 that the structure must reach on held-out queries, or the partition is scanned."""
    seed: int = 0
    """Of the samples that a structure is trained and measured with."""

    def __post_init__(self) -> None:
        if self.approximate_above < MINIMUM_APPROXIMATE:
            raise InvalidInputError(
                f"Below {MINIMUM_APPROXIMATE} vectors a scan is faster than any structure."
            )
        if not 0 < self.target_recall <= 1:
            raise InvalidInputError(f"A recall is in (0, 1], not {self.target_recall}.")


MINIMUM_APPROXIMATE = 1_000
