"""Both sides prove that they know the secret, before anything else is read.

The server greets with a nonce; the client answers with its own nonce and a proof; the server gives
its proof. A proof is HMAC-SHA256 under the secret over the prover's role and both nonces, so that
none can be replayed or thrown back. The secret itself never travels. What follows is neither
encrypted nor signed: beyond one machine it needs a private network or a tunnel.
"""

import hmac
import secrets
import socket
import struct
from time import monotonic

from gpu_index.errors import AuthenticationError, InvalidInputError, ProtocolError
from gpu_index.wire import MAGIC, VERSION

LEAST_SECRET_BYTES = 16

_NONCE_BYTES = 32
_PROOF_BYTES = 32
_GREETING = struct.Struct(f"<4sBB2x{_NONCE_BYTES}s")
_ANSWER = struct.Struct(f"<4sBB2x{_NONCE_BYTES}s{_PROOF_BYTES}s")
_VERDICT = struct.Struct(f"<4sBB2x{_PROOF_BYTES}s")
_NO_PROOF = bytes(_PROOF_BYTES)
_OPEN, _SECRET = 0, 1
_REFUSED, _ACCEPTED = 0, 1


def checked_secret(secret: bytes | None) -> bytes | None:
    """Return ``secret`` unless it is too short to withstand guessing."""
    if secret is not None and len(secret) < LEAST_SECRET_BYTES:
        raise InvalidInputError(
            f"The index server's secret needs at least {LEAST_SECRET_BYTES} bytes, "
            f"for instance those of `openssl rand -hex 32`."
        )
    return secret


def admit(connection: socket.socket, secret: bytes | None, timeout_s: float) -> None:
    """Let a client in, on the server's side, within ``timeout_s`` for all of it.

    Raises ``AuthenticationError`` for a wrong proof, ``ProtocolError`` for anything but a client
    of this version, ``OSError`` for one that is gone or too slow.
    """
    deadline = monotonic() + timeout_s
    connection.settimeout(timeout_s)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    mode = _OPEN if secret is None else _SECRET
    connection.sendall(_GREETING.pack(MAGIC, VERSION, mode, nonce))
    data = _received(connection, _ANSWER.size, deadline)
    magic, version, client_mode, client_nonce, proof = _ANSWER.unpack(data)
    _check_peer(magic, version)
    if client_mode != mode or (
        secret is not None
        and not hmac.compare_digest(proof, _proof(secret, b"client", nonce, client_nonce))
    ):
        connection.sendall(_VERDICT.pack(MAGIC, VERSION, _REFUSED, _NO_PROOF))
        raise AuthenticationError("A client did not know the secret.")
    own = _NO_PROOF if secret is None else _proof(secret, b"server", nonce, client_nonce)
    connection.sendall(_VERDICT.pack(MAGIC, VERSION, _ACCEPTED, own))


def introduce(connection: socket.socket, secret: bytes | None, timeout_s: float) -> None:
    """Get in, on the client's side, and make sure of the server, within ``timeout_s``.

    Raises like ``admit``.
    """
    deadline = monotonic() + timeout_s
    greeting = _received(connection, _GREETING.size, deadline)
    magic, version, mode, nonce = _GREETING.unpack(greeting)
    _check_peer(magic, version)
    if mode != (_OPEN if secret is None else _SECRET):
        raise AuthenticationError(
            "The index server asks for a secret and none is configured."
            if secret is None
            else "The index server asks for no secret, so it may be another one than is meant."
        )
    own_nonce = secrets.token_bytes(_NONCE_BYTES)
    proof = _NO_PROOF if secret is None else _proof(secret, b"client", nonce, own_nonce)
    connection.sendall(_ANSWER.pack(MAGIC, VERSION, mode, own_nonce, proof))
    answer = _received(connection, _VERDICT.size, deadline)
    magic, version, verdict, proof = _VERDICT.unpack(answer)
    _check_peer(magic, version)
    if verdict != _ACCEPTED:
        raise AuthenticationError("The index server refused the secret: both need the same.")
    if secret is not None and not hmac.compare_digest(
        proof, _proof(secret, b"server", nonce, own_nonce)
    ):
        raise AuthenticationError("The index server does not know the secret itself.")


def _proof(secret: bytes, role: bytes, server_nonce: bytes, client_nonce: bytes) -> bytes:
    context = b"gpu_index " + bytes([VERSION]) + role + server_nonce + client_nonce
    return hmac.digest(secret, context, "sha256")


def _check_peer(magic: bytes, version: int) -> None:
    if magic != MAGIC:
        raise ProtocolError("The other side is no index server or client.")
    if version != VERSION:
        raise ProtocolError(f"The other side speaks version {version}, this one {VERSION}.")


def _received(connection: socket.socket, size: int, deadline: float) -> bytes:
    data = bytearray(size)
    filled = 0
    while filled < size:
        # One timeout for all of it: a byte now and then must not hold a place for long.
        if (left := deadline - monotonic()) <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(left)
        received = connection.recv_into(memoryview(data)[filled:])
        if not received:
            raise ConnectionResetError("The connection ended during the handshake.")
        filled += received
    return bytes(data)
