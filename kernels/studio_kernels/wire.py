"""How a requester, a fork server and a kernel speak with each other. Standard library only.

Requester ⇄ fork server: a unix socket of type SEQPACKET, one connection for each kernel, JSON in every packet.

    → {"cwd", "env", "argv"} + descriptors   what the kernel shall be; its standard error, and for a pipe kernel its
                                             two sockets, requests and answers ("farewell": an expression that it
                                             evaluates and tells when it ends)
    ← {"pid", "info"} + pidfd                it runs, and would answer that to `kernel_info_request`
    ← {"refused": why, "stale"}              or it does not; stale: the server should be replaced
    → {"signal": number}                     to the kernel's process group
    ← {"exit": code}                         it has ended (negative: by a signal), and nothing is left of it

When the requester closes the connection, the fork server kills the kernel with all that descends from it.

Pipe kernel ⇄ its client: frames over two STREAM sockets, one each way. A frame is a length, then a message's JSON
(with the name of its Jupyter channel), then its binary buffers.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from typing import Any

MAX_PACKET = 1 << 20  # bytes of a request: mostly its environment
MAX_FRAME = 1 << 31  # bytes
FAREWELL = "studio_farewell"  # type of a pipe kernel's last message
SHELL, IOPUB, CONTROL = "shell", "iopub", "control"

_SIZES = struct.Struct("!IH")  # bytes of the frame after this field, number of buffers
_SIZE = struct.Struct("!I")


def send_packet(link: socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    """Raises `OSError`, among others for a message that is larger than `MAX_PACKET`."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    link.sendmsg([json.dumps(message).encode()], ancillary)


def receive_packet(link: socket.socket, size: int = MAX_PACKET) -> tuple[dict[str, Any] | None, list[int]]:
    """The message, None at the end of the connection, and the file descriptors that came with it.

    Raises `ValueError` for what is no message.
    """
    data, ancillary, flags, _ = link.recvmsg(size, socket.CMSG_SPACE(16 * 4), socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    if not data:
        return None, list(fds)
    try:
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("a packet that is too long")
        message = json.loads(data)
        if not isinstance(message, dict):
            raise ValueError("a packet that is no object")
    except ValueError:
        for fd in fds:
            os.close(fd)
        raise
    return message, list(fds)


def widen(link: socket.socket) -> None:
    """Make room for a packet of `MAX_PACKET` bytes, as far as the system lets us."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        link.setsockopt(socket.SOL_SOCKET, option, MAX_PACKET)


def frame(document: bytes, buffers: tuple[Any, ...] | list[Any] = ()) -> bytes:
    """A message's JSON and its buffers as one frame. Raises `OverflowError` if it is too large."""
    if not buffers:
        if len(document) > MAX_FRAME:
            raise OverflowError("a message of more than 2 GiB")
        return _SIZES.pack(len(document) + 2, 0) + document
    parts = [document, *(bytes(memoryview(buffer).cast("B")) for buffer in buffers)]
    body = b"".join([_SIZE.pack(len(part)) + part for part in parts])
    if len(body) > MAX_FRAME:
        raise OverflowError("a message of more than 2 GiB")
    return _SIZES.pack(len(body) + 2, len(buffers)) + body


class FrameReader:
    """Takes bytes as they come and gives messages; `buffers` of a message are `memoryview`s."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that are complete now. Raises `ValueError` if this is no stream of frames."""
        self._data += data
        found: list[dict[str, Any]] = []
        start, end = 0, len(self._data)
        while end - start >= _SIZES.size:
            size, count = _SIZES.unpack_from(self._data, start)
            if size > MAX_FRAME + 2 or size < 2:
                raise ValueError("no frame")
            stop = start + _SIZE.size + size
            if stop > end:
                break
            found.append(_message(bytes(self._data[start + _SIZES.size : stop]), count))
            start = stop
        if start:
            del self._data[:start]
        return found


def _message(body: bytes, count: int) -> dict[str, Any]:
    if not count:
        return _document(body)
    parts: list[memoryview] = []
    view, at = memoryview(body), 0
    for _ in range(count + 1):
        (size,) = _SIZE.unpack_from(view, at)
        parts.append(view[at + _SIZE.size : at + _SIZE.size + size])
        at += _SIZE.size + size
    message = _document(bytes(parts[0]))
    message["buffers"] = parts[1:]
    return message


def _document(body: bytes) -> dict[str, Any]:
    """JSON can hold half a character (of a file's name, say), which nothing else can write down: "?" instead."""
    document: dict[str, Any] = json.loads(body)
    if b"\\ud" in body:  # how `json.dumps` writes halves, and whole ones of two halves
        document = json.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
    return document
