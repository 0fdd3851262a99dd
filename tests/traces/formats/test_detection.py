"""Formats are found by content, each by one reader only; anything else is refused in words."""

import gzip
import os
from pathlib import Path

import pytest

from traces.formats import READERS, detect, read
from traces.formats.source import Source
from traces.load import load, load_all, load_bandwidth
from traces.recording import TraceError


def test_every_sample_is_taken_by_its_own_reader_alone(native: dict[str, str]) -> None:
    for format, text in native.items():
        source = Source("t.log", text.encode())
        takers = {reader for reader in READERS.values() if reader.sniff(source)}
        assert takers == {READERS[format]}, format
        assert READERS[detect(source)] is READERS[format]
        assert read(source).format == format


def test_there_is_a_sample_of_every_format(native: dict[str, str]) -> None:
    assert sorted(native) == sorted(READERS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.log:1: the file is empty"),
        (b"\n \n", "t.log:1: the file is empty"),
        (b"hello world, this is prose\n", "no known trace format"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8 text"),
        (b"a\nb\x00c\n", "t.log:2: holds a NUL byte"),
        (b"time,screen_status\n1,0\n", "a screen log says nothing of charging"),
        (b"date,dl_mbps,ul_mbps\n2022,1,2\n", "one speed test a row"),
        (b'{"a": 1}', "no known trace format"),
        (b'{"a": ', "is not JSON"),
        (b"[" * 100_000, "is not usable JSON"),
        (b"[" + b"9" * 5000 + b"]", "is not usable JSON"),
    ],
)
def test_what_is_no_trace_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        read(Source("t.log", content))
    assert message in str(caught.value)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TraceError, match="pipe:1: must be a regular file"):
        load_all(tmp_path / "pipe")


def test_an_unknown_format_name_is_refused() -> None:
    with pytest.raises(TraceError, match="unknown format 'pcap'; known: mahimahi"):
        read(Source("t.log", b"1\n"), "pcap")


def test_files_are_read_packed_or_not(tmp_path: Path, native: dict[str, str]) -> None:
    packed = tmp_path / "x.up.gz"
    packed.write_bytes(gzip.compress(native["mahimahi"].encode()))
    assert load_bandwidth(packed, "up").total == 7500.0
    with pytest.raises(TraceError, match="has no downlink; name another trace, or a ratio"):
        load_bandwidth(packed, "down")


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"nothing.log:1: cannot be read: No such file"):
        load(tmp_path / "nothing.log")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        load(tmp_path)
    broken = tmp_path / "x.gz"
    broken.write_bytes(gzip.compress(b"1\n" * 1000)[:30])
    with pytest.raises(TraceError, match="cannot be read"):
        load(broken)


def test_a_packed_file_that_expands_too_far_is_refused(tmp_path: Path) -> None:
    """70 MB in 70 kB: beyond 64 MiB, 100 times the file is the limit."""
    path = tmp_path / "x.up.gz"
    path.write_bytes(gzip.compress(b"1\n" * 35_000_000, 1))
    assert path.stat().st_size < 700_000
    with pytest.raises(TraceError, match=r"x.up.gz:1: must be at most .* or 100 times the file"):
        load(path)


def test_an_availability_file_is_not_taken_for_bandwidth(
    tmp_path: Path, native: dict[str, str]
) -> None:
    path = tmp_path / "x.json"
    path.write_text(native["flame"])
    with pytest.raises(TraceError, match="holds no bandwidth: it is a flame file"):
        load_bandwidth(path, "down")
