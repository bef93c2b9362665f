"""Erasure: whose data, what a search found afterwards, and the receipt that is signed."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from memsvc.domain.identifiers import BankId, JobId
from memsvc.domain.memory import Json

ErasureId = NewType("ErasureId", UUID)


class SubjectKind(StrEnum):
    """What an erasure is told to erase."""

    USER = "user"
    SESSION = "session"
    MEMORIES = "memories"
    BANK = "bank"
    """All of it; what deleting a bank does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose data goes: one user id, one session id, ids of memories, or the id of the bank."""

    kind: SubjectKind
    values: Sequence[str]

    def digest(self, salt: str) -> str:
        """Return SHA-256 (hex) over salt, kind and sorted values, for a receipt without names."""
        parts = [salt, self.kind.value, *sorted(self.values)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class ErasureState(StrEnum):
    """Where an erasure stands."""

    OPEN = "open"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """The search afterwards has found something; the job can be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """What an independent search looked through, and what it found; no personal data."""

    searched: Mapping[str, int]
    """Rows by table; snapshot files, and vectors on the index server."""
    leftovers: Mapping[str, int]
    """Rows by ``table.column`` in which something is left; empty when all is gone."""
    pending: Mapping[str, int]
    """What goes by itself, or holds bare ids: partitions that the index server is about to load
    afresh, rows of the change log, jobs of a deleted bank."""
    unsearched: Sequence[str]
    """Tables that may not be read, columns of types that hold no ids or text, and the index server
    when it is away."""

    def joined(self, other: "SearchReport") -> "SearchReport":
        """Return both in one; they have looked in different places."""
        return SearchReport(
            searched={**self.searched, **other.searched},
            leftovers={**self.leftovers, **other.leftovers},
            pending={**self.pending, **other.pending},
            unsearched=[*self.unsearched, *other.unsearched],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An erasure as it stands."""

    id: ErasureId
    bank_id: BankId
    job_id: JobId
    state: ErasureState
    actor: str
    subject: Subject | None
    """Forgotten when complete."""
    memory_count: int
    counts: Mapping[str, int]
    """Rows removed, by table."""
    receipt: Mapping[str, Json] | None
    recorded_at: datetime
    finished_at: datetime | None


def canonical(document: Mapping[str, Json]) -> bytes:
    """Return the bytes that are signed: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def signed(document: Mapping[str, Json], key: Ed25519PrivateKey) -> dict[str, Json]:
    """Return ``{"receipt", "public_key", "signature"}``; Ed25519 (RFC 8032), base64."""
    return {
        "receipt": dict(document),
        "public_key": b64encode(key.public_key().public_bytes_raw()).decode(),
        "signature": b64encode(key.sign(canonical(document))).decode(),
    }


def concerns(document: Mapping[str, Json], subject: Subject) -> bool:
    """Tell whether a receipt's document is about this subject."""
    told = document.get("subject")
    if not isinstance(told, Mapping) or not isinstance(told.get("salt"), str):
        return False
    return told.get("sha256") == subject.digest(str(told["salt"]))


def is_authentic(envelope: Mapping[str, Json], public_key: str) -> bool:
    """Tell whether the key (base64, from a trusted place) has signed exactly this receipt."""
    document, signature = envelope.get("receipt"), envelope.get("signature")
    if not isinstance(document, Mapping) or not isinstance(signature, str):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
        key.verify(b64decode(signature, validate=True), canonical(document))
    except (InvalidSignature, ValueError):
        return False
    return True
