from __future__ import annotations

import pytest

from studio.worker.framing import BrokenFrame, FrameReader, encode_frame
from studio.worker.messages import Acknowledged, Beat, End, FromWorker, Quit, ToWorker


def test_frames_are_read_however_they_are_cut() -> None:
    sent: list[list[ToWorker]] = [[End([1, 2]), Acknowledged([3])], [Quit(True)], [], [End([])]]
    stream = b"".join(encode_frame(messages) for messages in sent)
    for step in (1, 2, 3, 7, len(stream)):
        reader: FrameReader[ToWorker] = FrameReader(ToWorker)
        got = [m for at in range(0, len(stream), step) for m in reader.feed(stream[at : at + step])]
        assert got == [message for messages in sent for message in messages]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",  # longer than any frame
        b"\x00\x00\x00\x02ab",  # no list
        encode_frame([["unknown", 1]]),
        encode_frame([Beat(), "text"]),
        b"GET / HTTP/1.1\r\n\r\n" + b" " * (1 << 10),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    reader: FrameReader[FromWorker] = FrameReader(FromWorker)
    with pytest.raises(BrokenFrame):
        for _ in range(1 << 11):
            reader.feed(data)
            if data.startswith(b"GET"):
                raise BrokenFrame  # "GET " announces a gigabyte that never comes: the lease ends it
