"""Reading logs: pages forwards and backwards, filters, bounds, and files that are odd."""

from __future__ import annotations

import json
import os
import random
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from studio.api.models import LogRecord
from studio.server import log_file
from studio.server.log_file import LogQuery, log_size, log_text, read_log, read_new
from studio.worker.task_log import TaskLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture
def written(path: Path) -> Path:
    """Ten thousand records of mixed length, level and source."""
    random.seed(1)
    log = TaskLog(str(path))
    for number in range(10_000):
        level, source = ("ERROR", "my.logger") if number % 100 == 0 else ("INFO", "stdout")
        log.record(level, source, f"number {number} " + "x" * random.choice([0, 10, 500]), float(number))
    log.end()
    return path


def numbers(records: list[LogRecord]) -> list[int]:
    return [int(record.text.split()[1]) for record in records]


def test_the_last_records(written: Path) -> None:
    page = read_log([written], LogQuery(tail=3))
    assert numbers(page.records) == [9997, 9998, 9999]
    assert (page.end, page.size, page.truncated) == (written.stat().st_size, written.stat().st_size, True)
    assert page.start == page.records[0].offset


def test_all_pages_forwards_are_the_whole(written: Path) -> None:
    found: list[LogRecord] = []
    after = 0
    while True:
        page = read_log([written], LogQuery(after=after))
        assert len(page.records) <= log_file.MAX_RECORDS
        found += page.records
        after = page.end
        if not page.truncated:
            break
    assert numbers(found) == list(range(10_000))
    assert after == written.stat().st_size


def test_all_pages_backwards_are_the_whole(written: Path) -> None:
    found: list[LogRecord] = []
    before: int | None = None
    while True:
        page = read_log([written], LogQuery(before=before, tail=777))
        found = page.records + found
        before = page.start
        if not page.truncated:
            break
    assert numbers(found) == list(range(10_000))
    assert before == 0


def test_filters(written: Path) -> None:
    assert numbers(read_log([written], LogQuery(level="WARNING", tail=2)).records) == [9800, 9900]
    assert numbers(read_log([written], LogQuery(source="my.logger", after=0)).records) == list(
        range(0, 10_000, 100)
    )
    page = read_log([written], LogQuery(search="NUMBER 123 ", tail=5))
    assert (numbers(page.records), page.start, page.truncated) == ([123], 0, False)


def test_the_tail_of_a_range(written: Path) -> None:
    all_records = read_log([written], LogQuery(after=0)).records
    page = read_log([written], LogQuery(after=all_records[10].offset, before=all_records[20].offset, tail=3))
    assert numbers(page.records) == [17, 18, 19]
    page = read_log([written], LogQuery(after=all_records[10].offset, before=all_records[20].offset))
    assert numbers(page.records) == list(range(10, 20))


@pytest.mark.parametrize("off", [1, -1])
def test_offsets_within_a_line_are_moved_to_one(written: Path, off: int) -> None:
    offset = read_log([written], LogQuery(after=0)).records[10].offset
    first = read_log([written], LogQuery(after=offset + off)).records[0]
    assert numbers([first]) == [11 if off > 0 else 10]
    last = read_log([written], LogQuery(before=offset + off, tail=1)).records
    assert numbers(last) == [9 if off > 0 else 8]


def test_offsets_beyond_the_end(written: Path) -> None:
    page = read_log([written], LogQuery(after=10**9))
    assert (page.records, page.end) == ([], written.stat().st_size)


def test_what_is_new(path: Path) -> None:
    log = TaskLog(str(path))
    log.write("a\nb\n")
    page = read_new([path], 0, 10**6, 10**6)
    assert [record.text for record in page.records] == ["a", "b"]
    log.write("c\n")
    page = read_new([path], page.end, 10**6, 10**6)
    assert [record.text for record in page.records] == ["c"]
    assert read_new([path], page.end, 10**6, 10**6).records == []


def test_of_too_much_that_is_new_the_end(written: Path) -> None:
    page = read_new([written], 0, 10_000, 100_000)
    assert numbers(page.records)[-1] == 9999
    assert written.stat().st_size - 10_000 <= page.start
    page = read_new([written], 0, 10_000, 10**9)
    assert numbers(page.records)[0] == 0
    assert page.end <= 10_000


def test_a_line_being_written_is_not_shown(path: Path) -> None:
    path.write_text('{"time":1.0,"level":"INFO","source":"stdout","text":"a"}\n{"time":1.0,"lev')
    for query in (LogQuery(after=0), LogQuery(tail=5)):
        assert [record.text for record in read_log([path], query).records] == ["a"]
    assert log_size([path]) == path.read_text().index("\n") + 1


def test_lines_that_are_no_records_are_shown_as_they_are(path: Path) -> None:
    path.write_bytes(b'torn"}\n\xff\xfe\n{"time":"x"}\n' + b"y" * 3_000_000 + b"\nend\n")
    page = read_log([path], LogQuery(tail=100))
    records = page.records
    while page.truncated:
        page = read_log([path], LogQuery(tail=100, before=page.start))
        records = page.records + records
    assert [record.text[:10] for record in records][:3] == ['torn"}', "\ufffd\ufffd", '{"time":"x']
    assert all(len(record.text) <= 65536 for record in records)
    assert records[-1].text == "end"
    assert read_log([path], LogQuery(after=0)).records[0].text == 'torn"}'


def test_logs_of_before_are_shown(tmp_path: Path) -> None:
    old = tmp_path / "log.txt"
    old.write_text("one\r\ntwo\nthree")
    page = read_log([tmp_path / "log.jsonl", old], LogQuery(tail=10))
    assert [(r.text, r.level, r.source, r.time) for r in page.records] == [
        ("one\r", "INFO", "stdout", None),
        ("two", "INFO", "stdout", None),
        ("three", "INFO", "stdout", None),
    ]
    assert page.records == read_log([tmp_path / "log.jsonl", old], LogQuery(after=0)).records
    assert log_text([old], 0)[0] == b"one\r\ntwo\nthree\n"


def test_nothing_there(path: Path) -> None:
    assert read_log([path], LogQuery(tail=5)) == log_file.LogPage([])
    path.write_bytes(b"")
    assert read_log([path], LogQuery(after=7)).records == []


def test_links_and_pipes_are_not_read(tmp_path: Path, path: Path) -> None:
    (tmp_path / "secret").write_text('{"time":1.0,"level":"INFO","source":"s","text":"secret"}\n')
    path.symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "log.txt")
    assert read_log([path, tmp_path / "log.txt"], LogQuery(tail=5)).records == []


def test_text_of_the_whole(written: Path) -> None:
    lines, position = [], 0
    while True:
        text, position = log_text([written], position)
        if not text:
            break
        assert len(text) < 1_000_000
        lines += text.decode().splitlines()
    assert len(lines) == 10_000
    assert lines[0].startswith("1970-01-01T00:00:00.000+00:00 ERROR my.logger: number 0 ")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log as large as logs get."""
    path = tmp_path_factory.mktemp("large") / "log.jsonl"
    with TaskLog(str(path)) as log:
        line = "the quick brown fox jumps over the lazy dog " * 4 + "\n"
        while log.write(line * 1000) and path.stat().st_size < 95_000_000:
            pass
    return path


def test_a_search_in_the_largest_log_takes_little_memory(large: Path) -> None:
    tracemalloc.start()
    try:
        page = read_log([large], LogQuery(search="no such text", tail=100))
        assert page.records == []
        while page.truncated:
            page = read_log([large], LogQuery(search="no such text", tail=100, before=page.start))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert page.start == 0
    assert peak < 10_000_000


def test_a_large_page_takes_little_memory(large: Path) -> None:
    tracemalloc.start()
    try:
        page = read_log([large], LogQuery(after=0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert page.truncated
    assert len(page.records) == log_file.MAX_RECORDS or page.end > log_file.MAX_BYTES
    assert peak < 10_000_000


def test_reading_while_it_grows(path: Path) -> None:
    log = TaskLog(str(path))

    def write() -> None:
        for number in range(20_000):
            log.write(f"number {number}\n")

    writer = threading.Thread(target=write)
    writer.start()
    found: list[int] = []
    position = 0
    while True:
        is_last = not writer.is_alive()
        page = read_new([path], position, 50_000, 10**9)
        found += numbers(page.records)
        position = page.end
        if is_last and not page.records:
            break
        time.sleep(0.001)
    assert found == list(range(20_000))


def test_records_are_what_was_written(path: Path) -> None:
    log = TaskLog(str(path))
    log.record("ERROR", "a.b", "two\nlines", 5.5)
    log.end()
    [record] = read_log([path], LogQuery(tail=1)).records
    assert (record.offset, record.time, record.level, record.source, record.text) == (
        0,
        5.5,
        "ERROR",
        "a.b",
        "two\nlines",
    )
    assert json.loads(path.read_text())["text"] == "two\nlines"
