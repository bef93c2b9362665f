"""One partition: its rows, its mark, its lock, and the structure beside the rows if it has one."""

from gpu_index.asked import AskedQueries
from gpu_index.locks import ReadWriteLock
from gpu_index.protocol import Ids, PartitionReport, Vectors
from gpu_index.row_hints import RowHints
from gpu_index.scan import Rows
from gpu_index.slab import Slab
from gpu_index.structure import Tuned

SCAN = "scan"


class Partition:
    """Vectors under their ids. Its users hold ``lock``: reading to look, writing to change."""

    __slots__ = (
        "_hints",
        "asked",
        "late",
        "lock",
        "mark",
        "refused_at",
        "refused_with",
        "slab",
        "tuned",
    )

    def __init__(self, slab: Slab) -> None:
        self.lock = ReadWriteLock()
        self.slab = slab
        self.mark = b""
        self.asked = AskedQueries()
        self.tuned: Tuned | None = None
        self._hints: RowHints | None = None
        self.late: list[Ids] | None = None
        """Ids that came while a structure is being built; ``None`` while none is."""
        self.refused_at = 0
        """How many vectors there were when a structure last missed its target."""
        self.refused_with = 0
        """How many questions had been asked by then."""

    def use(self, tuned: Tuned | None) -> None:
        """Be searched through the structure from now on, or without one."""
        self.tuned = tuned
        self._hints = None if tuned is None else RowHints(self.slab)

    def locate(self, ids: Ids) -> Rows:
        """Return the row of each of ``ids``, -1 for one that is not here."""
        return self.slab.locate(ids) if self._hints is None else self._hints.locate(self.slab, ids)

    def add(self, ids: Ids, unit: Vectors) -> None:
        """Add unit vectors; raises ``DuplicateIdError`` before anything is changed."""
        self.slab.add(ids, unit)
        if self.tuned is not None:
            self.tuned.structure.add(ids, unit)
            self.tuned.entries += ids.size
        if self.late is not None:
            self.late.append(ids.copy())

    def remove(self, ids: Ids) -> int:
        """Remove ids and return how many there were; the structure learns it when it is rebuilt."""
        return self.slab.remove(ids)

    def report(self) -> PartitionReport:
        """Return how it is searched now."""
        tuned = self.tuned
        return PartitionReport(
            size=len(self.slab),
            structure=SCAN if tuned is None else tuned.structure.name,
            measured_recall=1.0 if tuned is None else tuned.measured_recall,
            nbytes=self.nbytes,
        )

    @property
    def nbytes(self) -> int:
        """Bytes of rows, ids, the map between them, and the structure."""
        structure = 0 if self.tuned is None else self.tuned.structure.nbytes
        hints = 0 if self._hints is None else self._hints.nbytes
        return self.slab.nbytes + structure + hints
