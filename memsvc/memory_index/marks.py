"""Watermarks as bytes: the marks of index partitions and of snapshot files.

Layout, little-endian: version (1 byte), length of the source (2 bytes), the source in UTF-8,
horizon and cut (8 bytes each), then 16 bytes for each applied change: transaction id and number.
"""

import struct

from memsvc.ports import Watermark

_VERSION = 1
_HEAD = struct.Struct("<BH")
_PLACE = struct.Struct("<qq")
_CHANGE = struct.Struct("<qq")

MARK_BYTES = 64 * 1024
"""As long as a mark may be."""


def encode_mark(watermark: Watermark) -> bytes:
    """Return the watermark as at most ``MARK_BYTES`` bytes.

    Where more changes are applied than have room, the first ones are named: the mark then claims
    less than is there, and whoever follows from it applies some changes twice, which does no harm.

    Raises ``ValueError`` for a source longer than 1,024 bytes.
    """
    source = watermark.source.encode()
    if len(source) > 1024:  # noqa: PLR2004 — see the docstring
        raise ValueError(f"The source of a watermark has {len(source)} bytes, at most 1024 fit.")
    head = _HEAD.pack(_VERSION, len(source)) + source
    head += _PLACE.pack(watermark.horizon, watermark.trimmed_below)
    room = (MARK_BYTES - len(head)) // _CHANGE.size
    return head + b"".join(_CHANGE.pack(*each) for each in sorted(watermark.applied)[:room])


def decode_mark(mark: bytes) -> Watermark:
    """Return the watermark that ``encode_mark`` wrote. Raises ``ValueError`` for other bytes."""
    try:
        version, length = _HEAD.unpack_from(mark)
        if version != _VERSION:
            raise ValueError(f"This mark is of version {version}, not {_VERSION}.")
        start = _HEAD.size + length
        source = mark[_HEAD.size : start].decode()
        horizon, trimmed_below = _PLACE.unpack_from(mark, start)
        changes = frozenset(_CHANGE.iter_unpack(mark[start + _PLACE.size :]))
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("These bytes are no mark of a watermark.") from error
    return Watermark(horizon=horizon, trimmed_below=trimmed_below, applied=changes, source=source)
