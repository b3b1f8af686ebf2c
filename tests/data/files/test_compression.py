"""Compressed files: what is read is what is written, by one table of suffixes."""

import bz2
import gzip
import json
import lzma
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from conftest import Inside

from dataselect.data.files import compression
from dataselect.data.files.compression import COMPRESSIONS
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError

RECORDS = b'{"text":"play some jazz","x":1}\n{"text":"rain","x":2}\n'
BEST = b'{"text":"rain","x":2}\n'
SELECT = ("select", "-q", "--by", "x", "--top-k", 1)
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
ENDINGS = [each for suffix in COMPRESS for each in (suffix, suffix.upper(), suffix.title())]


def read(path: Path) -> bytes:
    return b"".join(block.data for block in Inputs([str(path)]).blocks())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_suffix_compresses_in_letters_of_either_case(
    tmp_path: Path, inside: Inside, ending: str
) -> None:
    (tmp_path / "in").write_bytes(RECORDS)
    inside(*SELECT, "in", "-o", f"out.jsonl{ending}").silent()
    written = (tmp_path / f"out.jsonl{ending}").read_bytes()
    assert written.startswith(COMPRESSIONS[ending.lower()].magic)
    inside(*SELECT, f"out.jsonl{ending}", "-o", "again").silent()
    assert (tmp_path / "again").read_bytes() == BEST


@pytest.mark.parametrize("option", ["-o", "--rejects", "--report", "--on-error"])
def test_a_name_that_promises_another_compression_is_refused(
    tmp_path: Path, inside: Inside, option: str
) -> None:
    (tmp_path / "in").write_bytes(RECORDS)
    inside(*SELECT, "in", option, "out.Gzip").refused(2, "out.Gzip: ", "end the name in .gz")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("ending", [".gzip", ".zstd", ".tgz", ".zip", ".lz4", ".7z", ".Z", ".ZIP"])
def test_endings_are_refused_in_letters_of_either_case(ending: str) -> None:
    with pytest.raises(OptionError, match="are not written"):
        compression.refuse_unwritten(f"out{ending}")


def test_tables_that_are_not_written_have_others_named() -> None:
    with pytest.raises(OptionError, match=r"out.XLSX: .xlsx files are not written; write .csv or"):
        compression.refuse_unwritten("out.XLSX")


@pytest.mark.parametrize(
    "first", [b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x04\x22\x4d\x18"]
)
def test_what_is_compressed_in_another_way_is_told(tmp_path: Path, first: bytes) -> None:
    (tmp_path / "in").write_bytes(first + bytes(100))
    with pytest.raises(InputError, match="unpack it before the pipe"):
        read(tmp_path / "in")


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_small_file_is_never_unfolded_at_once(suffix: str) -> None:
    whole = COMPRESS[suffix](bytes(1 << 26))
    chunks = (whole[start : start + 4096] for start in range(0, len(whole), 4096))
    sizes = [len(piece) for piece in COMPRESSIONS[suffix].decode(chunks, "bomb")]
    assert sum(sizes) == 1 << 26
    assert max(sizes) <= 1 << 24


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("size", [1, 7, 511, 513, 5000])
def test_members_end_anywhere_in_a_chunk(suffix: str, size: int) -> None:
    draw = random.Random(1)
    parts = [draw.randbytes(draw.randint(0, 2000)) for _ in range(9)]
    whole = b"".join(map(COMPRESS[suffix], parts)) + bytes(600)
    chunks = (whole[start : start + size] for start in range(0, len(whole), size))
    assert b"".join(COMPRESSIONS[suffix].decode(chunks, "in")) == b"".join(parts)


def skippable(data: bytes) -> bytes:
    """A frame of zstd that holds no text, as pzstd and seekable files have them."""
    return struct.pack("<II", 0x184D2A5E, len(data)) + data


def zstd_frame(window_descriptor: int, data: bytes) -> bytes:
    """A frame of zstd with one raw block, that asks for a window."""
    block = (len(data) << 3 | 1).to_bytes(3, "little") + data
    return b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([window_descriptor]) + block


def test_frames_without_text_are_passed_over(tmp_path: Path) -> None:
    compressor = zstandard.ZstdCompressor()
    frames = [compressor.compress(line) for line in RECORDS.splitlines(keepends=True)]
    whole = skippable(b"index") + frames[0] + skippable(b"") + frames[1] + skippable(b"x" * 900)
    (tmp_path / "in.zst").write_bytes(whole)
    assert read(tmp_path / "in.zst") == RECORDS


@pytest.mark.parametrize("log", [10, 27, 28, 31])
def test_a_frame_may_have_a_window_of_up_to_2_gib(tmp_path: Path, log: int) -> None:
    (tmp_path / "in.zst").write_bytes(zstd_frame((log - 10) << 3, RECORDS))
    assert read(tmp_path / "in.zst") == RECORDS


def test_a_window_of_more_is_not_called_corrupt(tmp_path: Path) -> None:
    (tmp_path / "in.zst").write_bytes(zstd_frame((32 - 10) << 3, RECORDS))
    with pytest.raises(InputError, match=r"in.zst: its .zst data refer back more than 2 GiB"):
        read(tmp_path / "in.zst")


def test_a_dictionary_of_more_is_not_called_corrupt(tmp_path: Path) -> None:
    whole = bytearray(lzma.compress(RECORDS, check=lzma.CHECK_NONE))
    # The block's head: its size, flags, the filter, the size of its properties, the dictionary.
    assert whole[12:16] == b"\x02\x00\x21\x01"
    whole[16] = 40  # 4 GiB
    whole[20:24] = struct.pack("<I", zlib.crc32(whole[12:20]))
    (tmp_path / "in.xz").write_bytes(whole)
    with pytest.raises(InputError, match=r"in.xz: its .xz data refer back more than 2 GiB"):
        read(tmp_path / "in.xz")


@pytest.mark.parametrize(
    "error", [MemoryError(), zstandard.ZstdError("Allocation error : not enough memory")]
)
def test_too_little_memory_is_not_called_corrupt(error: Exception) -> None:
    def fail(data: bytes) -> bytes:
        raise error

    class Decoder:
        eof, unused_data, decompress = False, b"", staticmethod(fail)

    found = compression.Compression(".zst", b"", Decoder, compression._zstd_stream)
    with pytest.raises(InputError, match="in: too little memory to decompress it"):
        list(found.decode(iter([b"data"]), "in"))


# -- long lines ---------------------------------------------------------------------------------


@pytest.fixture
def long_line(tmp_path: Path) -> Path:
    """A small file whose second line of three is of 3 MiB."""
    first, third = RECORDS.splitlines(keepends=True)
    path = tmp_path / "in.jsonl.zst"
    path.write_bytes(COMPRESS[".zst"](first + b"x" * (3 << 20) + b"\n" + third))
    return path


LIMIT = ("--max-line", "2M")


def test_a_long_line_is_a_bad_record(long_line: Path, tmp_path: Path, inside: Inside) -> None:
    select = (*SELECT, *LIMIT, long_line)
    words = f"{long_line}:2: line is longer than 2 MiB; raise that with --max-line"
    inside(*select, "-o", "out").refused(1, words)
    inside(*select, "-o", "out", "--jobs", 2).refused(1, words)
    inside(*select, "-o", "out", "--on-error", "bad").silent()
    assert (tmp_path / "out").read_bytes() == BEST
    [told] = map(json.loads, (tmp_path / "bad").read_bytes().splitlines())
    assert (told["line"], told["raw"]) == (2, "x" * 1024)
    inside(*select, "-o", "out").refused(1)
    inside(*SELECT, "--max-line", "4M", long_line, "-o", "out").refused(1, ":2: not JSON")


@pytest.mark.parametrize("form", ["jsonl", "text", "tsv", "csv", "conll", "moses-nbest", "moses"])
def test_a_long_line_is_bad_in_any_format(
    long_line: Path, tmp_path: Path, inside: Inside, form: str
) -> None:
    long_line.write_bytes(COMPRESS[".zst"](b"x" * (3 << 20)))
    files = [long_line] * (2 if form == "moses" else 1)
    columns = ["--columns", "a", "--no-header"]
    layout = {"jsonl": ["--to", "text"], "tsv": columns, "csv": columns}
    done = inside(
        *("convert", "--from", form, *layout.get(form, []), *LIMIT, *files),
        *("-o", "out", "--on-error", "bad", "--allow-empty"),
    )
    assert done.code == 0, done.err
    told = [json.loads(line) for line in (tmp_path / "bad").read_bytes().splitlines()]
    assert "line is longer than 2 MiB" in " ".join(each["reason"] for each in told)
    assert (tmp_path / "bad").stat().st_size < 10_000
    assert (tmp_path / "out").stat().st_size < 1_000


def test_a_document_that_is_too_long_is_refused(long_line: Path, inside: Inside) -> None:
    convert = ("convert", "--from", "snips", "--on-error", "skip", *LIMIT, long_line)
    inside(*convert).refused(1, ":1: line is longer than 2 MiB")


def test_what_is_learnt_from_has_no_long_lines(long_line: Path, inside: Inside) -> None:
    inside("relevance", "--in-domain", long_line, *LIMIT, long_line).refused(
        1, ":2: line is longer"
    )
    inside("lm", "mix", *LIMIT, long_line, long_line, "--weights", "0.5,0.5").refused(1)


@pytest.mark.parametrize("size", ["", "x", "-1", "1.5M", "1T", "0", "1023k", "0x10", "²"])
def test_a_limit_is_a_size(inside: Inside, size: str) -> None:
    inside(*SELECT, "--max-line", size, "/dev/null").refused(2, "--max-line")


def test_lines_that_begin_after_a_long_one_are_whole(tmp_path: Path) -> None:
    """Wherever blocks of 512 KiB end."""

    def blocks(text: bytes) -> Iterator[bytes]:
        (tmp_path / "in").write_bytes(text)
        inputs = Inputs([str(tmp_path / "in")])
        inputs.cuts, inputs.longest = True, 1 << 20
        return (block.data for block in inputs.blocks())

    for extra in -1, 0, 1, 2, 3 << 19, (3 << 19) + 1:
        for before, after in (b"", b""), (b"a\n", b"\nb\n"), (b"a\n" * 9, b"\n" + b"c" * 999):
            line = b"x" * ((1 << 20) + extra)
            found = b"".join(blocks(before + line + after)).split(b"\n")
            expected = (before + line + after).removesuffix(b"\n").split(b"\n")
            place = before.count(b"\n")
            assert len(found) == len(expected) + 1
            assert (found[place] == line) == (extra <= 0)
            assert found[:place] + found[place + 1 : -1] == expected[:place] + expected[place + 1 :]


def test_folders_and_models_are_not_compressed() -> None:
    for name in "model.gz", "model.ZST", "model.zip":
        with pytest.raises(OptionError, match="model"):
            compression.refuse_compressed(name, "a model")
    compression.refuse_compressed("model.2026", "a model")
