"""Frames on a byte stream: four bytes of length (big endian), then the content, which is a msgpack list of messages.

A list and not one message, so that whatever gathered meanwhile travels in one frame and one system call.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from studio.errors import StudioError

MAX_FRAME: Final = 1 << 30  # bytes; a longer one is a fault of the sender
_LENGTH: Final = struct.Struct(">I")

_T = TypeVar("_T")


class BrokenFrame(StudioError):
    """The other side sent bytes that are no frame of this protocol."""

    code = "broken_frame"


_encoder = msgspec.msgpack.Encoder()


def encode_frame(messages: Sequence[object]) -> bytes:
    """One frame with all of `messages`."""
    body = _encoder.encode(messages)
    if len(body) > MAX_FRAME:
        raise BrokenFrame(f"A frame would have {len(body)} bytes; {MAX_FRAME} are allowed.")
    return _LENGTH.pack(len(body)) + body


class FrameReader(Generic[_T]):
    """Cuts a stream into messages of the union `kind`, e.g. `FrameReader[ToWorker](ToWorker)`."""

    def __init__(self, kind: object) -> None:
        self._decoder: msgspec.msgpack.Decoder[list[_T]] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[_T]:
        """The messages that `data` completes, in order. Raises `BrokenFrame`; the stream is of no use after that."""
        buffer = self._buffer
        buffer += data
        messages: list[_T] = []
        at = 0
        while len(buffer) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, at)
            if length > MAX_FRAME:
                raise BrokenFrame(f"A frame of {length} bytes was announced; {MAX_FRAME} are allowed.")
            end = at + _LENGTH.size + length
            if len(buffer) < end:
                break
            try:
                # A copy: `msgspec.Raw` fields of the messages keep pointing into it.
                messages += self._decoder.decode(bytes(buffer[at + _LENGTH.size : end]))
            except msgspec.MsgspecError as error:
                raise BrokenFrame(f"A frame holds no list of known messages: {error}") from error
            at = end
        if at:
            del buffer[:at]
        return messages
