"""What makes two vectors comparable, as one hash."""

import hashlib
import json
from dataclasses import dataclass

from memsvc.embedding.model_folder import ModelFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixes:
    """What is put before a text, by its role."""

    query: str
    document: str


def model_identity(folder: ModelFolder, prefixes: Prefixes) -> str:
    """Return ``sha256:`` and the hash over all that a vector depends on.

    Hashed is the canonical JSON (keys sorted, no spaces, UTF-8) of the sha256 of each weights
    file and of the tokenizer file, the pooling mode, the normalisation, the window and both
    prefixes. It is the same on every machine: neither paths, thread counts, batch sizes nor the
    graph built from the weights enter.
    """
    parts = {
        "weights": sorted(folder.weights_digests),
        "tokenizer": folder.tokenizer_digest,
        "pooling": folder.pooling,
        "normalisation": "l2",
        "window_tokens": folder.window_tokens,
        "query_prefix": prefixes.query,
        "document_prefix": prefixes.document,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
