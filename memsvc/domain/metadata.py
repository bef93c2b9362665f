"""The callers' own metadata: how large it may be, and how a patch changes it."""

import json

from memsvc.domain.memory import Json, Metadata

METADATA_BYTES = 64 * 1024
"""Of one metadata object, as compact JSON in UTF-8."""


def encoded_size(value: object) -> int:
    """Return how many bytes ``value`` has as compact JSON in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def merge_patch(target: Metadata, patch: Metadata) -> Metadata:
    """Apply a JSON merge patch (RFC 7396) and return the result."""
    merged: dict[str, Json] = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            present = merged.get(key)
            merged[key] = merge_patch(present if isinstance(present, dict) else {}, value)
        else:
            merged[key] = value
    return merged
