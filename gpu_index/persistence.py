"""Between a partition and the snapshot of it."""

from collections.abc import Mapping

from gpu_index.errors import InvalidInputError, SnapshotError
from gpu_index.partition import Partition
from gpu_index.protocol import SnapshotManifest, Vectors
from gpu_index.slab import Slab
from gpu_index.snapshot import FORMAT_VERSION, Snapshot
from gpu_index.structure import StructureMaker, Tuned
from gpu_index.vectors import unit_rows


def snapshot_of(partition: Partition, labels: Mapping[str, str], backend: str) -> Snapshot:
    """Return copies of what the partition holds; the caller holds its lock."""
    slab, tuned = partition.slab, partition.tuned
    manifest = SnapshotManifest(
        format_version=FORMAT_VERSION,
        dimension=slab.dimension,
        count=len(slab),
        mark=partition.mark,
        labels=dict(labels),
        backend=backend,
    )
    return Snapshot(
        manifest=manifest,
        ids=slab.ids.copy(),
        vectors=slab.vectors.copy(),
        structure=b"" if tuned is None else tuned.structure.to_bytes(),
        structure_facts={} if tuned is None else tuned.facts(),
    )


def partition_of(snapshot: Snapshot, maker: StructureMaker | None) -> Partition:
    """Return a partition with what the snapshot holds.

    A structure that this backend does not know is left out: it is built anew where it is wanted.
    """
    slab = Slab(snapshot.manifest.dimension)
    if len(set(snapshot.ids.tolist())) != snapshot.ids.size or (snapshot.ids < 0).any():
        raise SnapshotError("The snapshot holds an id twice, or one below zero.")
    slab.add(snapshot.ids, _checked(snapshot))
    partition = Partition(slab)
    partition.mark = snapshot.manifest.mark
    facts = snapshot.structure_facts
    if maker is not None and facts.get("name") == maker.name:
        structure = maker.restore(snapshot.structure, snapshot.manifest.dimension)
        try:
            partition.use(Tuned.from_facts(structure, facts))
        except (KeyError, TypeError) as error:
            raise SnapshotError("The snapshot lacks what was measured of its structure.") from error
    return partition


def _checked(snapshot: Snapshot) -> Vectors:
    try:
        return unit_rows(snapshot.vectors, snapshot.manifest.dimension)
    except InvalidInputError as error:
        raise SnapshotError(f"The snapshot cannot be used: {error.message}") from error
