from __future__ import annotations

import zlib
from pathlib import Path

import msgspec
import pytest

from studio.core.signals import AssetSignal, Signal
from studio.worker import journal as journal_module
from studio.worker.journal import Header, Journal, JournalContent, JournalError, read_journal
from studio.worker.messages import NO_DETAILS, NOTHING, Outcome, raw

HEADER = Header("w1", "1.0", "boot", 42, 7.0)


def outcome(attempt_id: int, value: object = None) -> Outcome:
    return Outcome(attempt_id, "success", 1.0, 2.0, None, raw(value), NO_DETAILS)


SIGNAL = Signal(until=9.0, resume={"at": 3}, label="x", assets=(AssetSignal("table", {"rows": 7}),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_what_is_written_is_read(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.begun(1, 10.0)
    journal.begun(2, 11.0)
    journal.begun(3, 12.0)
    journal.ended(outcome(1))
    journal.ended(outcome(2, {"rows": 7}))
    journal.forget([1])
    journal.write()
    journal.sync()
    journal.close()
    content = read_journal(path)
    assert content == JournalContent(HEADER, {3: 12.0}, {2: outcome(2, {"rows": 7})})


def test_a_signal_is_kept(path: Path) -> None:
    journal = Journal(path, HEADER)
    rescheduled = Outcome(1, "rescheduled", 1.0, 2.0, None, NOTHING, NO_DETAILS, raw(SIGNAL))
    journal.ended(rescheduled)
    journal.write()
    journal.close()
    kept = read_journal(path).outcomes[1]
    assert kept == rescheduled
    assert msgspec.msgpack.decode(kept.signal, type=Signal) == SIGNAL


def test_an_outcome_of_the_version_before_is_read(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.close()
    body = msgspec.msgpack.encode(["outcome", 1, "success", 1.0, 2.0, None, None, {}])
    path.write_bytes(path.read_bytes() + journal_module._FRAME.pack(len(body), zlib.crc32(body)) + body)
    content = read_journal(path)
    assert not content.is_damaged
    assert content.outcomes == {1: outcome(1)}


def test_nothing_is_in_the_file_before_write(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.begun(1, 10.0)
    assert read_journal(path) == JournalContent(HEADER)
    journal.close()


def test_torn_last_record_is_ignored_wherever_it_is_torn(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.begun(1, 10.0)
    journal.write()
    whole = path.stat().st_size
    journal.ended(outcome(1))
    journal.write()
    journal.close()
    data = path.read_bytes()
    for size in range(whole, len(data)):
        path.write_bytes(data[:size])
        assert read_journal(path) == JournalContent(HEADER, {1: 10.0}), size


def test_damage_in_the_middle_is_said(path: Path) -> None:
    journal = Journal(path, HEADER)
    for attempt_id in range(10):
        journal.begun(attempt_id, 1.0)
    journal.write()
    journal.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    assert read_journal(path).is_damaged


def test_missing_journal_is_damaged(path: Path) -> None:
    assert read_journal(path).is_damaged


def test_long_journal_is_rewritten_with_what_is_alive(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "COMPACT_ABOVE", 1000)
    journal = Journal(path, HEADER)
    for attempt_id in range(100):
        journal.begun(attempt_id, 1.0)
        journal.ended(outcome(attempt_id))
    journal.forget(list(range(99)))
    journal.write()
    lengths = [journal.is_long]
    journal.compact([(200, 5.0)], [outcome(99)])
    assert [*lengths, journal.is_long] == [True, False]
    journal.begun(201, 6.0)
    journal.write()
    journal.close()
    assert read_journal(path) == JournalContent(HEADER, {200: 5.0, 201: 6.0}, {99: outcome(99)})


def test_full_disk_is_an_error_and_leaves_no_half_record(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.begun(1, 1.0)
    journal.write()
    import resource
    import signal

    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
        journal.begun(2, 1.0)
        with pytest.raises(JournalError, match="cannot be written"):
            journal.write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    journal.begun(3, 1.0)
    journal.write()
    journal.close()
    assert read_journal(path) == JournalContent(HEADER, {1: 1.0, 3: 1.0})


def test_rewriting_that_cannot_even_begin_is_said_and_the_old_file_goes_on(path: Path) -> None:
    journal = Journal(path, HEADER)
    path.with_name("journal.new").mkdir()
    with pytest.raises(JournalError):
        journal.compact([], [])
    journal.begun(1, 10.0)
    journal.write()
    journal.close()
    assert read_journal(path) == JournalContent(HEADER, {1: 10.0})
