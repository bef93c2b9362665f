"""What the index server says of itself."""

import asyncio
from collections.abc import Sequence

from gpu_index import VectorIndex, VectorIndexError
from memsvc.domain.index_states import ServerIndex
from memsvc.memory_index.remote import RemoteMemoryIndex


async def server_indexes(remote: RemoteMemoryIndex) -> Sequence[ServerIndex]:
    """Ask the server about each index that this process has used."""
    return [
        await asyncio.to_thread(_state, model_id, index)
        for model_id, index in sorted(remote.indexes().items())
    ]


def _state(model_id: str, index: VectorIndex) -> ServerIndex:
    try:
        able = index.capabilities
        return ServerIndex(
            model_id=model_id,
            backend=able.backend,
            device=able.device,
            precision=able.precision,
            vectors=len(index),
            nbytes=index.nbytes,
        )
    except VectorIndexError as error:
        return ServerIndex(model_id=model_id, failure=error.message)
