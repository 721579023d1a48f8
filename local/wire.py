"""How the runner and a function's process talk: JSON, each message led by its length."""

import asyncio
import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct(">I")
Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """A message as bytes."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


def send(connection: socket.socket, message: Message) -> None:
    """Send one message (in the function's process)."""
    connection.sendall(encode(message))


def receive(connection: socket.socket) -> Message | None:
    """Wait for one message (in the function's process); None when the runner has gone."""
    header = _exactly(connection, _LENGTH.size)
    if header is None:
        return None
    body = _exactly(connection, _LENGTH.unpack(header)[0])
    return None if body is None else _decode(body)


async def read(reader: asyncio.StreamReader) -> Message | None:
    """Wait for one message (in the runner); None when the process has gone."""
    try:
        header = await reader.readexactly(_LENGTH.size)
        return _decode(await reader.readexactly(_LENGTH.unpack(header)[0]))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _decode(body: bytes) -> Message:
    message: Message = json.loads(body)
    return message


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
