"""Parts of plain files: together they are the blocks of the file, whoever reads them."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataselect.data.files import chunks, file_parts
from dataselect.data.files.file_parts import FilePart, LineNumbers
from dataselect.data.files.line_blocks import Block
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

BLOCK_BYTES = 16
LONGEST = 40
LINES = st.lists(
    st.one_of(st.integers(0, 12), st.integers(LONGEST - 1, LONGEST + 1), st.integers(0, 150)),
    max_size=20,
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in chunks, file_parts:
        monkeypatch.setattr(module, "BLOCK_BYTES", BLOCK_BYTES)
    monkeypatch.setattr(file_parts, "_WINDOW", 5)


def inputs_of(path: Path) -> Inputs:
    found = Inputs([str(path)])
    found.cuts, found.longest = True, LONGEST
    return found


def by_parts(inputs: Inputs) -> list[Block]:
    lines = LineNumbers()
    found = []
    for part in inputs.pieces():
        assert isinstance(part, FilePart)
        found += [
            block._replace(first_line=lines.number(part, block.first_line))
            for block in part.blocks()
        ]
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=LINES, ends=st.booleans(), begins=st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_parts_are_the_blocks_of_the_file(
    tmp_path: Path, lengths: list[int], ends: bool, begins: bytes
) -> None:
    path = tmp_path / "pool.jsonl"
    lines = [bytes([65 + number % 26]) * length for number, length in enumerate(lengths)]
    path.write_bytes(begins + b"\n".join(lines) + b"\n" * ends)
    inputs = inputs_of(path)
    if path.stat().st_size:
        assert by_parts(inputs) == list(inputs.blocks())
        assert inputs.meter.bytes_read == path.stat().st_size


def test_numbers_of_lines_start_anew_with_each_file(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"seven..\n" * 9)
    inputs = Inputs([str(path)] * 2)
    inputs.cuts = True
    assert [block.first_line for block in by_parts(inputs)] == [1, 3, 5, 7, 9] * 2


def test_a_digest_is_of_all_bytes(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"a line\n" * 20)
    read = Inputs([str(path)], digest=True)
    read.cuts = True
    whole = Inputs([str(path)], digest=True)
    assert sum(1 for _ in read.pieces()) == 9
    list(whole.blocks())
    assert read.meter.digests() == whole.meter.digests()


def test_a_file_that_changes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"a line\n" * 20)
    *_, last = inputs_of(path).pieces()
    assert isinstance(last, FilePart)
    path.write_bytes(b"a line\n")
    with pytest.raises(InputError, match="changed while it was used"):
        list(last.blocks())
    path.rename(tmp_path / "older.jsonl")
    path.write_bytes(b"a line\n" * 20)
    with pytest.raises(InputError, match="changed while it was used"):
        list(last.blocks())
    path.unlink()
    with pytest.raises(InputError, match="changed while it was used"):
        list(last.blocks())


def test_what_is_compressed_or_empty_is_read_here(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"")
    assert list(inputs_of(path).pieces()) == []
    assert all(isinstance(each, Block) for each in Inputs(["/proc/self/status"]).pieces())


def test_a_descriptor_of_this_process_is_read_here(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"a line\n" * 20)
    with path.open() as file:
        inputs = inputs_of(Path(f"/dev/fd/{file.fileno()}"))
        assert all(isinstance(each, Block) for each in inputs.pieces())
    assert not any(isinstance(each, Block) for each in inputs_of(path).pieces())


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a folder in memory")
def test_a_file_in_memory_has_parts() -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        file.write(b"a line\n" * 20)
        file.flush()
        assert not any(isinstance(each, Block) for each in inputs_of(Path(file.name)).pieces())
