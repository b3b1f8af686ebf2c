"""Shards: what patterns stand for, what outputs are called, and blocks as any input has them."""

import bz2
import gzip
import lzma
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data import storage
from dataselect.data.files.line_blocks import BLOCK_BYTES, Block
from dataselect.data.input_files import Inputs
from dataselect.errors import DataselectError, InputError, OptionError, ReadError
from dataselect.execution.distributed.shards import Shard, Shards, resolve

fsspec = pytest.importorskip("fsspec")

from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

MEMORY = "memory://pool"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
POOL = [
    "part-0.jsonl",
    "part-1.jsonl.gz",
    "part-10.jsonl",
    "part-2.jsonl",
    "a/part-0.jsonl",
    "a/b/deep.jsonl",
    "B ü#@=/x y.jsonl",
    "notes.txt",
    "_about.json",
    ".part-3.jsonl.0123456789ab.tmp",
    "_old/part-9.jsonl",
    "a/.cache/part-8.jsonl",
]
VISIBLE = sorted(POOL[:8])


@pytest.fixture(params=["here", "memory"])
def pool(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder with files, by a path relative to where commands run, or by a URL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])
    folder = {"here": "pool", "memory": MEMORY}[request.param]
    for name in POOL:
        put(f"{folder}/{name}")
    return folder


def put(path: str, data: bytes = b'{"x":1}\n') -> str:
    if path.startswith("memory://"):
        fsspec.filesystem("memory").pipe_file(path, data)
    else:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        Path(path).write_bytes(data)
    return path


def paths(*patterns: str) -> list[str]:
    return [shard.path for shard in resolve(patterns)]


def names(*patterns: str) -> list[str]:
    return [shard.name for shard in resolve(patterns)]


def refusal(kind: type[DataselectError], *patterns: str) -> str:
    """The one line with which patterns are refused."""
    with pytest.raises(kind) as caught:
        resolve(patterns)
    message = str(caught.value)
    assert "\n" not in message
    return message


# -- Patterns ------------------------------------------------------------------------------------

# Patterns below the pool, and the files that they stand for.
PATTERNS: dict[str, tuple[list[str], list[str]]] = {
    "a file": (["/part-2.jsonl"], ["part-2.jsonl"]),
    "files in the order they are named": (
        ["/part-2.jsonl", "/part-0.jsonl"],
        ["part-2.jsonl", "part-0.jsonl"],
    ),
    "a glob, sorted": (
        ["/part-*.jsonl"],
        ["part-0.jsonl", "part-10.jsonl", "part-2.jsonl"],
    ),
    "a glob of one letter": (["/part-?.jsonl"], ["part-0.jsonl", "part-2.jsonl"]),
    "a glob of some letters": (["/part-[!0].jsonl"], ["part-2.jsonl"]),
    "a glob in several folders": (["/*/*.jsonl"], ["B ü#@=/x y.jsonl", "a/part-0.jsonl"]),
    "a glob of any depth": (
        ["/**/*.jsonl"],
        [name for name in VISIBLE if name.endswith(".jsonl")],
    ),
    "a glob that meets folders": (["/a/*"], ["a/part-0.jsonl"]),
    "all that is below": (["/a/**"], ["a/b/deep.jsonl", "a/part-0.jsonl"]),
    "a folder, at any depth, without what is invisible": ([""], VISIBLE),
    "a folder with a slash": (["/"], VISIBLE),
    "a folder in the folder": (["/a"], ["a/b/deep.jsonl", "a/part-0.jsonl"]),
    "an invisible folder that is named": (["/_old"], ["_old/part-9.jsonl"]),
    "several of these": (
        ["/part-1.*", "/a", "/notes.txt"],
        ["part-1.jsonl.gz", "a/b/deep.jsonl", "a/part-0.jsonl", "notes.txt"],
    ),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_a_pattern_stands_for(pool: str, case: str) -> None:
    patterns, expected = PATTERNS[case]
    found = paths(*(pool + pattern for pattern in patterns))
    assert found == [f"{pool}/{name}" for name in expected]


def test_a_shard_knows_its_size_and_changes_with_its_content(pool: str) -> None:
    [before] = resolve([f"{pool}/part-0.jsonl"])
    assert before.size == len(b'{"x":1}\n')
    assert resolve([f"{pool}/part-?.jsonl"])[0].identity == before.identity
    put(f"{pool}/part-0.jsonl", b'{"x":2}\n')
    assert resolve([f"{pool}/part-0.jsonl"])[0].identity != before.identity


def test_a_list_holds_paths_and_patterns(pool: str) -> None:
    lines = [
        "# the best first",
        f"{pool}/part-2.jsonl\r",
        "",
        "  ",
        f"{pool}/part-1*",
        f"  {pool}/B ü#@=/x y.jsonl",
    ]
    put(f"{pool}/lists/list.txt", b"\xef\xbb\xbf" + "\n".join(lines).encode())
    expected = ["part-2.jsonl", "part-1.jsonl.gz", "part-10.jsonl", "B ü#@=/x y.jsonl"]
    assert paths(f"@{pool}/lists/list.txt") == [f"{pool}/{name}" for name in expected]


def test_a_list_is_relative_to_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put("lists/list.txt", b"pool/x.jsonl\n")
    put("pool/x.jsonl")
    assert paths("@lists/list.txt") == ["pool/x.jsonl"]


def test_names_that_are_not_unicode_can_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = put(os.fsdecode(b"pool/\xff.jsonl"))
    put("list.txt", b"pool/\xff.jsonl\n")
    assert paths("@list.txt") == paths("pool") == [path]


def test_a_file_that_looks_like_a_pattern_or_a_list_is_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("[1].jsonl", "1.jsonl", "@list.txt"):
        put(name)
    assert paths("[1].jsonl") == ["[1].jsonl"]
    assert paths("./@list.txt") == ["./@list.txt"]
    assert [b.data for b in Shards(resolve(["[1].jsonl"])).blocks()] == [b'{"x":1}\n']


def test_a_linked_folder_is_read(tmp_path: Path) -> None:
    put(f"{tmp_path}/else/x.jsonl")
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "link").symlink_to("../else")
    assert paths(f"{tmp_path}/pool") == [f"{tmp_path}/pool/link/x.jsonl"]


def test_a_url_of_this_machine_is_a_path(tmp_path: Path) -> None:
    path = put(f"{tmp_path}/x.jsonl")
    assert paths(f"file://{path}") == paths(f"file://{tmp_path}") == [path]


# -- Names ---------------------------------------------------------------------------------------

# Files, and what their outputs are called.
NAMES: dict[str, tuple[list[str], list[str]]] = {
    "one file": (["a/b/x.jsonl"], ["x.jsonl"]),
    "files of one folder": (["a/x", "a/y"], ["x", "y"]),
    "files of several folders": (["a/b/x", "a/c/x"], ["b/x", "c/x"]),
    "a file above the others": (["a/x", "a/b/x"], ["x", "b/x"]),
    "folders whose names begin alike": (["part-1/x", "part-10/x"], ["part-1/x", "part-10/x"]),
    "a folder above": (["a/../b/x", "b/./y"], ["x", "y"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_the_outputs_are_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    given_paths, expected = NAMES[case]
    for path in given_paths:
        put(path)
    assert names(*given_paths) == expected
    absolute = [str(tmp_path / path) for path in given_paths]
    assert names(absolute[0], *given_paths[1:]) == expected


def test_the_outputs_of_several_file_systems_are_called_by_all_folders(
    tmp_path: Path, pool: str
) -> None:
    here = put(f"{tmp_path}/here.jsonl")
    there = put(f"{MEMORY}/there.jsonl")
    assert names(here, there) == [here.lstrip("/"), "pool/there.jsonl"]


@given(
    found=st.sets(
        st.lists(st.sampled_from(["a", "b", "aa", "é", " "]), min_size=1, max_size=4).map(tuple),
        min_size=1,
        max_size=6,
    )
)
def test_names_tell_shards_apart_and_share_no_folder(found: set[tuple[str, ...]]) -> None:
    from dataselect.execution.distributed.shards import _names

    given_paths = sorted("memory://" + "/".join(parts) + "/x" for parts in found)
    called = _names(given_paths)
    assert len(set(called)) == len(given_paths)
    prefixes = {path.removesuffix(name) for path, name in zip(given_paths, called, strict=True)}
    assert len(prefixes) == 1
    if len(called) > 1 and all("/" in name for name in called):
        assert len({name.split("/")[0] for name in called}) > 1


# -- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (["/nothing.jsonl"], "/nothing.jsonl: No such file or directory; check the name"),
        (["/nothing*"], "/nothing*: no file matches; check the pattern and the folder"),
        (["/_*"], "/_*: no file matches; check the pattern and the folder"),
        (["/part-0.jsonl", "/part-*.jsonl"], "/part-0.jsonl: its output would be that of "),
        (["/_about.json"], "_about.json; begin none with '_' or '.'"),
        (["/a/.cache/part-8.jsonl", "/part-0.jsonl"], "such as a/.cache/part-8.jsonl; begin"),
        (["/part-0.jsonl/x"], "/part-0.jsonl/x: N"),
    ],
)
def test_what_cannot_be_a_shard_is_refused(pool: str, patterns: list[str], words: str) -> None:
    assert words in refusal(DataselectError, *(pool + pattern for pattern in patterns))


@pytest.mark.parametrize("patterns", [[], ["-"], ["pool", "-"]], ids=["nothing", "-", "- too"])
def test_standard_input_is_refused(pool: str, patterns: list[str]) -> None:
    put("pool/x.jsonl")
    message = refusal(OptionError, *patterns)
    assert message.startswith("<stdin>: it would be read more than once and by several machines; ")


@pytest.mark.parametrize("pattern", ["pool/pipe", "pool", "pool/p*"])
def test_a_pipe_is_refused_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pool").mkdir()
    os.mkfifo("pool/pipe")
    assert refusal(OptionError, pattern).startswith("pool/pipe: it would be read more than once")


@pytest.mark.parametrize("marker", ["_unfinished", "_unfinished/run.json", "run-1/_unfinished/x"])
def test_an_unfinished_output_is_no_pool_but_its_files_are(pool: str, marker: str) -> None:
    put(f"{pool}/{marker}")
    folder = f"{pool}/run-1" if marker.startswith("run-1") else pool
    assert refusal(InputError, pool) == (
        f"{folder}: an unfinished output; finish it with resume, or name its files"
    )
    assert len(paths(f"{pool}/part-?.jsonl", f"{pool}/notes.txt")) == 3


@pytest.mark.parametrize(
    "name", ["_hidden.jsonl", None], ids=["of what is invisible", "of nothing"]
)
def test_a_folder_of_nothing_is_refused(tmp_path: Path, name: str | None) -> None:
    (tmp_path / "pool" / "empty").mkdir(parents=True)
    if name is not None:
        put(f"{tmp_path}/pool/{name}")
    message = refusal(InputError, f"{tmp_path}/pool")
    assert message == f"{tmp_path}/pool: no file matches; check the pattern and the folder"


@pytest.mark.parametrize("data", [b"", b"\n \n# pool.jsonl\n"], ids=["empty", "of comments"])
def test_a_list_of_nothing_is_refused(pool: str, data: bytes) -> None:
    path = put(f"{pool}/list.txt", data)
    assert refusal(InputError, f"@{path}") == (
        f"{path}: no file is listed; write one path or pattern on each line"
    )


def test_a_list_that_is_missing_is_refused(pool: str) -> None:
    message = refusal(ReadError, f"@{pool}/nothing.txt")
    assert message == f"{pool}/nothing.txt: No such file or directory; check the name"


def test_standard_input_in_a_list_is_refused(pool: str) -> None:
    assert "<stdin>: " in refusal(OptionError, "@" + put(f"{pool}/list.txt", b"-\n"))


def test_a_url_that_would_be_taken_for_a_pattern_is_refused() -> None:
    put(f"{MEMORY}/odd/a[1].jsonl")
    assert "make a pattern of a URL; rename the file" in refusal(OptionError, f"{MEMORY}/odd")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
@pytest.mark.parametrize("locked", ["pool/x.jsonl", "pool/a"])
def test_what_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: str
) -> None:
    monkeypatch.chdir(tmp_path)
    put("pool/x.jsonl")
    put("pool/a/y.jsonl")
    Path(locked).chmod(0)
    message = refusal(ReadError, "pool")
    Path(locked).chmod(0o700)
    assert message == f"{locked}: Permission denied; check its permissions"


# -- Blocks --------------------------------------------------------------------------------------


def blocks(inputs: Inputs) -> list[tuple[int, bytes]]:
    return [(block.first_line, block.data) for block in inputs.blocks()]


lines = st.lists(
    st.sampled_from([b"", b" ", b"{}", b'{"x":1}', b'"\xe2\x80\xa8"', b"\r", b"\xff\0"]), max_size=9
)


@given(
    contents=st.lists(lines, min_size=1, max_size=3),
    repeats=st.sampled_from([1, 1000]),
    ends=st.booleans(),
    bom=st.booleans(),
    suffix=st.sampled_from(sorted(COMPRESS)),
)
def test_blocks_are_those_of_any_input_wherever_shards_are(
    tmp_path_factory: pytest.TempPathFactory,
    contents: Sequence[list[bytes]],
    repeats: int,
    ends: bool,
    bom: bool,
    suffix: str,
) -> None:
    folder = tmp_path_factory.mktemp("pool")
    memory = f"{MEMORY}/{folder.name}"
    for number, found in enumerate(contents):
        text = b"\n".join(found * repeats) + b"\n" * ends
        data = COMPRESS[suffix](b"\xef\xbb\xbf" * bom + text)
        for place in (str(folder), memory):
            put(f"{place}/{number}{suffix}", data)
    expected = Inputs([f"{folder}/*"], digest=True)
    for place in (str(folder), memory):
        shards = resolve([place])
        inputs = Shards(shards, digest=True)
        assert blocks(inputs) == blocks(expected)
        assert list(inputs.meter.digests().values()) == list(expected.meter.digests().values())
        assert inputs.size == expected.size == inputs.meter.bytes_read
        by_shard = [(b.first_line, b.data) for shard in shards for b in shard.blocks()]
        assert by_shard == blocks(expected)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_blocks_of_a_large_shard_are_cut_alike_and_named_by_its_path(
    pool: str, suffix: str
) -> None:
    data = b"".join(b'{"x":%d,"text":"play some jazz"}\n' % i for i in range(50_000))
    assert len(data) > 2 * BLOCK_BYTES
    put(f"own{suffix}", COMPRESS[suffix](data))
    path = put(f"{pool}/large{suffix}", COMPRESS[suffix](data))
    [shard] = resolve([path])
    found = list(shard.blocks())
    assert [(b.first_line, b.data) for b in found] == blocks(Inputs([f"own{suffix}"]))
    assert len(found) > 2
    assert {block.source for block in found} == {path}


def test_blocks_can_be_numbered_from_what_comes_before(pool: str) -> None:
    [shard] = resolve([put(f"{pool}/x.jsonl", b"{}\n\n{}\n")])
    assert [block.first_record for block in shard.blocks()] == [0]
    assert list(shard.blocks(7)) == [Block(f"{pool}/x.jsonl", 1, b"{}\n\n{}\n", 7)]


def test_shards_are_read_as_often_as_asked_and_in_step(pool: str) -> None:
    shards = Shards(resolve([f"{pool}/part-0.jsonl", f"{pool}/part-2.jsonl"]))
    shards.keep_for_rereading()
    both = [(1, b'{"x":1}\n')] * 2
    assert blocks(shards) == blocks(shards) == both
    first, second = shards.by_file()
    assert [next(first).source, next(second).source] == shards.paths
    assert len(shards.identities()) == (2 if pool == "pool" else 0)


def test_a_file_by_itself_can_be_read(pool: str) -> None:
    assert blocks(Shards.of_path(f"{pool}/part-0.jsonl")) == [(1, b'{"x":1}\n')]


def test_a_shard_travels_to_other_machines(pool: str) -> None:
    [shard] = resolve([f"{pool}/part-0.jsonl"])
    found: Shard = pickle.loads(pickle.dumps(shard))
    assert found == shard
    assert [block.data for block in found.blocks()] == [b'{"x":1}\n']


@pytest.mark.parametrize("suffix", [suffix for suffix in COMPRESS if suffix])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-3], "data ends too early; make the file anew"),
        (lambda _: b"", "data ends too early; make the file anew"),
        (lambda data: b"garbage" + data, "make the file anew"),
    ],
    ids=["cut", "empty", "garbage"],
)
def test_a_corrupt_shard_is_named_as_any_input(
    pool: str, suffix: str, damage: Callable[[bytes], bytes], words: str
) -> None:
    data = damage(COMPRESS[suffix](b'{"x":1}\n' * 1000))
    path = put(f"{pool}/corrupt.jsonl{suffix}", data)
    [shard] = resolve([path])
    with pytest.raises(InputError) as caught:
        list(shard.blocks())
    put(f"own.jsonl{suffix}", data)
    with pytest.raises(InputError) as expected:
        list(Inputs([f"own.jsonl{suffix}"]).blocks())
    assert str(caught.value) == str(expected.value).replace(f"own.jsonl{suffix}", path)
    assert words in str(caught.value)


def test_a_shard_that_is_gone_is_told_at_once(pool: str) -> None:
    [shard] = resolve([put(f"{pool}/x.jsonl")])
    storage.remove(shard.path)
    with pytest.raises(ReadError) as caught:
        list(shard.blocks())
    assert str(caught.value) == f"{shard.path}: No such file or directory; check the name"


def test_a_connection_that_fails_while_a_shard_is_read_is_told(
    pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFile

    def fail(self: MemoryFile, size: int) -> bytes:
        raise TimeoutError(f"no answer\nfor {size} bytes")

    [shard] = resolve([put(f"{MEMORY}/x.jsonl")])
    monkeypatch.setattr(MemoryFile, "read", fail)
    with pytest.raises(ReadError) as caught:
        list(shard.blocks())
    assert str(caught.value) == (
        f"{MEMORY}/x.jsonl: no answer for {BLOCK_BYTES} bytes; check the file"
    )
