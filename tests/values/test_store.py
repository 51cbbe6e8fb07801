"""The store of values: on the disk, and behind a real S3 server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from studio.values.attempt import AttemptValues
from studio.values.errors import ValueNotRead, ValueNotThere, ValueStoreUnavailable
from studio.values.local_store import LocalStore
from studio.values.reference import Reference, reference_in
from studio.values.store import ValueStore
from studio.values.stores import open_store

LARGE = b"x" * 3_000_000


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of a bucket of a real server; fsspec is told of it as users tell it, by its configuration."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    saved, names = dict(fsspec.config.conf), {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    os.environ.update(names)
    fsspec.config.conf["s3"] = {"endpoint_url": f"http://{host}:{port}"}
    try:
        fsspec.filesystem("s3").mkdir("values")
        yield "s3://values/studio"
    finally:
        fsspec.config.conf.clear()
        fsspec.config.conf.update(saved)
        for name in names:
            os.environ.pop(name)
        server.stop()


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ValueStore:
    if request.param == "local":
        return open_store(str(tmp_path / "values"))
    return open_store(f"{request.getfixturevalue('s3')}/{tmp_path.name}")


def put(store: ValueStore, content: bytes) -> str:
    return store.put(lambda path: Path(path).write_bytes(content))[0]


def test_a_file_is_known_by_its_content(store: ValueStore) -> None:
    digest, size = store.put(lambda path: Path(path).write_bytes(LARGE))
    assert size == len(LARGE) and put(store, LARGE) == digest and put(store, b"other") != digest
    assert {(file.digest == digest, file.size) for file in store.files()} == {(True, size), (False, 5)}
    with store.fetched(digest) as path:
        assert Path(path).read_bytes() == LARGE
    with store.open(digest) as file:
        assert file.read(4) == b"xxxx"


def test_a_frame_comes_back(store: ValueStore) -> None:
    frame = pd.DataFrame({"at": pd.date_range("2013-01-01", periods=3, tz="UTC")}, index=list("abc"))
    values = AttemptValues(store.url, lambda description: None)
    pd.testing.assert_frame_equal(values.restored(values.kept(frame)), frame)


def test_what_is_not_there_is_told(store: ValueStore) -> None:
    assert not store.has("0" * 64)
    with pytest.raises(ValueNotThere, match=r"is not in .* any more"), store.fetched("0" * 64):
        pass
    with pytest.raises(ValueNotThere):
        store.open("0" * 64).read()


def test_many_may_save_the_same_at_once(store: ValueStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        digests = set(threads.map(lambda _: put(store, LARGE), range(16)))
    assert len(digests) == 1 and [file.size for file in store.files()] == [len(LARGE)]


def test_notes_beside_the_values(store: ValueStore) -> None:
    assert store.read_note("cache/d/t/k.json") is None
    store.write_note("cache/d/t/k.json", b"1")
    store.write_note("cache/d/t/k.json", b"2")
    store.write_note("cache/d/u/k.json", b"3")
    assert store.read_note("cache/d/t/k.json") == b"2"
    assert store.notes("cache/d") == ["cache/d/t/k.json", "cache/d/u/k.json"]
    store.remove_note("cache/d/t/k.json")
    store.remove_note("cache/d/t/k.json")
    assert store.notes("cache") == ["cache/d/u/k.json"] and list(store.files()) == []


def test_a_file_is_removed_unless_it_was_saved_again(store: ValueStore) -> None:
    digest = put(store, b"1")
    assert store.remove(digest, time.time() - 60) is False and store.has(digest)
    assert store.remove(digest, time.time() + 60) is True and not store.has(digest)
    assert store.remove(digest, time.time() + 60) is True


def test_a_file_is_counted_on_without_saving_it(store: ValueStore) -> None:
    digest = put(store, b"counted on")
    assert store.renew(digest) and not store.renew("0" * 64)
    assert not store.remove(digest, before=time.time() - 60)


def test_renewing_is_as_good_as_saving(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    digest = put(store, b"old")
    os.utime(tmp_path / digest[:2] / digest, (0, 0))
    assert store.renew(digest)
    assert not store.remove(digest, before=time.time() - 60)


def test_saving_again_renews_the_time(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    path = tmp_path / (digest := put(store, b"1"))[:2] / digest
    os.utime(path, (0, 0))
    put(store, b"1")
    assert time.time() - path.stat().st_mtime < 60


def test_removing_while_others_save_loses_nothing(tmp_path: Path) -> None:
    """Whoever has saved something finds it, however the cleaning comes in between."""
    store = LocalStore(str(tmp_path))
    begun = time.time()
    digest = put(store, LARGE)

    def save(_: int) -> bool:
        put(store, LARGE)
        return True

    def remove(_: int) -> bool:
        return store.remove(digest, begun - 1)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(30):
            path = Path(store.url) / digest[:2] / digest
            if path.exists():
                os.utime(path, (0, 0))
            work = [threads.submit(save if n % 2 else remove, n) for n in range(8)]
            assert all(each.exception() is None for each in work)
            assert store.has(digest)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    values = AttemptValues(str(tmp_path), lambda description: None)
    kept = values.kept(LARGE)
    reference = reference_in(kept)
    assert reference is not None
    (tmp_path / reference.digest[:2] / reference.digest).write_bytes(b"y" * len(LARGE))
    with pytest.raises(ValueNotRead, match="is damaged"):
        values.restored(kept)


def test_a_format_of_the_future_is_told(tmp_path: Path) -> None:
    values = AttemptValues(str(tmp_path), lambda description: None)
    digest = put(values.store, b"?")
    kept = Reference(digest, "hologram", "x.Y", 1).as_json()
    with pytest.raises(ValueNotRead, match="'hologram' was written by a newer version"):
        values.restored(kept)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://no-such-bucket/x", "could not be"),
        ("nosuch://x/y", "cannot be used"),
        ("/proc/nowhere", "could not be written"),
    ],
)
def test_a_store_that_cannot_be_reached_is_named(s3: str, url: str, said: str) -> None:
    values = AttemptValues(url, lambda description: None)
    with pytest.raises(ValueStoreUnavailable, match=said) as caught:
        values.kept(LARGE)
    assert url in str(caught.value) and caught.value.hint is not None


KILLED = """
import sys, time
from studio.values.stores import open_store

def write(path):
    with open(path, "wb") as file:
        file.write(b"half")
        file.flush()
        print("writing", flush=True)
        time.sleep(60)

open_store(sys.argv[1]).put(write)
"""


def test_a_kill_while_writing_leaves_no_value(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert list(open_store(str(tmp_path)).files()) == []


def test_saved_values_of_another_process_are_read(tmp_path: Path) -> None:
    lines: list[Any] = [{"name": "a", "n": 1}, {"name": "a", "n": 2}, {"other": 1}, {"name": "b"}]
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"name": "torn'
    (tmp_path / "saved.jsonl").write_text(text)
    from studio.values.attempt import recorded_in

    assert recorded_in(str(tmp_path)) == [{"name": "a", "n": 2}, {"name": "b"}]
