"""The installation's signing key: made at first use, kept beside the data."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from memsvc.domain.erasure import signed
from memsvc.domain.memory import Json
from memsvc.errors import ConfigurationError

_NAME = "receipts.key"


class ReceiptSigner:
    """Signs receipts with one Ed25519 key; the file holds its 32 raw bytes, mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def sign(self, document: Mapping[str, Json]) -> dict[str, Json]:
        """Return the document with the public key and its signature."""
        return signed(document, await asyncio.to_thread(self._key))

    async def public_key(self) -> str:
        """Return the public key, base64."""
        key = await asyncio.to_thread(self._key)
        return b64encode(key.public_key().public_bytes_raw()).decode()

    def _key(self) -> Ed25519PrivateKey:
        path = self._folder / _NAME
        if not path.exists():
            self._make(path)
        try:
            return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        except ValueError as error:
            raise ConfigurationError(
                f"{path} is not a signing key; restore it from a backup, or move it away to have"
                " a new one made."
            ) from error

    def _make(self, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
        try:
            # Two processes may come here at once: the first one's key is everybody's.
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
