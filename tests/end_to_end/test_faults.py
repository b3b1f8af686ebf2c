"""What goes wrong outside the records: files, disks, signals, workers, models, requirements."""

import base64
import bz2
import contextlib
import functools
import gzip
import io
import json
import lzma
import os
import pickle
import random
import shlex
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from conftest import Inside, Outcome, Shell, environment

RECORDS = 300
PATIENCE = 60  # seconds for something that has to happen sooner or later


@functools.cache
def pool(records: int = RECORDS) -> bytes:
    draw = random.Random(1)
    words = [
        "play",
        "some",
        "jazz",
        "by",
        "the",
        "band",
        "will",
        "it",
        "rain",
        "tomorrow",
        "or",
        "snow",
    ]
    return b"".join(
        json.dumps(
            {
                "id": i,
                "text": " ".join(draw.choices(words, k=draw.randint(1, 9))),
                "x": draw.random(),
                "g": draw.choice("abc"),
            }
        ).encode()
        + b"\n"
        for i in range(records)
    )


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@pytest.fixture
def world(tmp_path: Path, model: Path) -> Path:
    """A folder with a pool, records of which the third is bad, a model and an older output."""
    (tmp_path / "pool.jsonl").write_bytes(pool())
    (tmp_path / "bad.jsonl").write_bytes(b'{"x":1}\n{"x":2}\n{"x":NaN}\n{"x":4}\n')
    (tmp_path / "out.jsonl").write_bytes(b"old\n")
    (tmp_path / "blank.jsonl").write_bytes(b"\n \n\t\r\n")
    slot = {"slot": "what", "start": 5, "end": 9}
    (tmp_path / "slots.jsonl").write_text(json.dumps({"text": "play jazz", "slots": [slot]}))
    (tmp_path / "folder").mkdir()
    shutil.copy(model, tmp_path / "model")
    for name, data in damaged().items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@functools.cache
def damaged() -> dict[str, bytes]:
    """Names of compressed files to what is in them: a pool, not as it was."""
    found = {}
    for name, compress in COMPRESS.items():
        whole = compress(pool())
        half = len(whole) // 2
        found[f"cut.jsonl.{name}"] = whole[:half]
        found[f"cutlate.jsonl.{name}"] = whole[:-3]
        found[f"garbage.jsonl.{name}"] = whole + b"garbage"
        found[f"hollow.jsonl.{name}"] = b""
        flipped = whole[:half] + bytes([whole[half] ^ 0x55]) + whole[half + 1 :]
        found[f"flipped.jsonl.{name}"] = flipped
    return found


def contents(folder: Path) -> dict[str, bytes | None]:
    """Names in a folder, hidden ones too, to what is in the files."""
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


SELECT = "dataselect select --by x -q"
SCORE = "dataselect relevance --model model -q"
CHECK = "dataselect check -q --intent-field g"
GOOD = f"{SELECT} pool.jsonl"

# What is wrong: the line of bash, the exit code, and words of the one line of message.
FAULTS: dict[str, tuple[str, int, list[str]]] = {
    # -- outputs that cannot be written
    "standard output on a full disk": (f"{GOOD} > /dev/full", 1, ["<stdout>: No space left"]),
    "output on a full disk": (f"{GOOD} -o /dev/full", 1, ["/dev/full: No space left"]),
    "rejects on a full disk": (
        f"{GOOD} --threshold 0.5 -o out.jsonl --rejects /dev/full",
        1,
        ["/dev/full: No space left"],
    ),
    "report on a full disk": (
        f"{GOOD} -o out.jsonl --report /dev/full",
        1,
        ["/dev/full: No space left"],
    ),
    "bad records on a full disk": (
        f"{SELECT} bad.jsonl -o out.jsonl --on-error /dev/full",
        1,
        ["/dev/full: No space left"],
    ),
    "output that grows beyond the limit": (
        f"ulimit -f 8; {GOOD} -o out.jsonl",
        1,
        ["out.jsonl: File too large; raise the limit"],
    ),
    "compressed output that grows beyond the limit": (
        f"ulimit -f 1; {GOOD} -o new.jsonl.gz",
        1,
        ["new.jsonl.gz: File too large; raise the limit"],
    ),
    "temporary files that grow beyond the limit": (
        f"ulimit -f 8; {GOOD} --top-k 3 -o out.jsonl",
        1,
        ["File too large while spooling records; set TMPDIR to a larger disk"],
    ),
    "standard output that is closed": (f"{GOOD} >&-", 1, ["<stdout>: it is closed"]),
    "output into a missing folder": (
        f"{GOOD} -o missing/out.jsonl",
        1,
        ["missing/out.jsonl: No such file or directory; make its folder first"],
    ),
    "rejects into a missing folder": (
        f"{GOOD} -o out.jsonl --rejects missing/r.jsonl",
        1,
        ["missing/r.jsonl"],
    ),
    "output into a file": (f"{GOOD} -o pool.jsonl/out.jsonl", 1, ["Not a directory"]),
    "output that is a folder": (f"{GOOD} -o folder", 1, ["folder: Is a directory; name a file"]),
    "help on a full disk": ("dataselect --help > /dev/full", 1, ["No space left"]),
    "check on a full disk": (f"{CHECK} pool.jsonl > /dev/full", 1, ["<stdout>: No space left"]),
    "rejects of a check on a full disk": (
        f"{CHECK} pool.jsonl --threshold 0.5 -o out.jsonl --rejects /dev/full",
        1,
        ["/dev/full: No space left"],
    ),
    "values on a full disk": (
        "dataselect values -q slots.jsonl > /dev/full",
        1,
        ["<stdout>: No space left"],
    ),
    # -- outputs that would destroy something
    "a check onto its annotated records": (
        f"{CHECK} pool.jsonl --labelled out.jsonl -o out.jsonl",
        2,
        ["out.jsonl is also read (out.jsonl)"],
    ),
    "a check onto its test set": (
        f"{CHECK} pool.jsonl --test blank.jsonl -o blank.jsonl",
        2,
        ["blank.jsonl is also read (blank.jsonl)"],
    ),
    "output that is the input": (
        f"{GOOD} -o pool.jsonl",
        2,
        ["pool.jsonl is also read (pool.jsonl); write to another file"],
    ),
    "output that is the input by another path": (f"{GOOD} -o folder/../pool.jsonl", 2, ["read"]),
    "rejects that are the input": (f"{GOOD} -o out.jsonl --rejects pool.jsonl", 2, ["also read"]),
    "bad records into the input": (f"{GOOD} -o out.jsonl --on-error pool.jsonl", 2, ["also read"]),
    "standard output onto the input": (
        f"{GOOD} >> pool.jsonl",
        2,
        ["standard output is also read (pool.jsonl)"],
    ),
    "output that standard input reads": (
        f"{SELECT} -o pool.jsonl < pool.jsonl",
        2,
        ["pool.jsonl is also read (-)"],
    ),
    "output that standard input reads by its device": (
        f"{SELECT} -o /dev/stdin < pool.jsonl",
        2,
        ["/dev/stdin is also read (-)"],
    ),
    "output that is the model": (f"{SCORE} pool.jsonl -o model", 2, ["model is also read (model)"]),
    "output that is the in-domain text": (
        "dataselect relevance --in-domain pool.jsonl blank.jsonl -o pool.jsonl",
        2,
        ["also read"],
    ),
    "two outputs with one name": (
        f"{GOOD} -o out.jsonl --rejects out.jsonl",
        2,
        ["out.jsonl is given for two outputs"],
    ),
    "two outputs with one new name": (f"{GOOD} -o n --report folder/../n", 2, ["two outputs"]),
    "two outputs that are standard output": (f"{GOOD} --rejects -", 2, ["two outputs"]),
    "two outputs that are standard output and its device": (
        f"{GOOD} --rejects /dev/stdout | cat",
        2,
        ["/dev/stdout is given for two outputs (standard output)"],
    ),
    "an output that is where standard output goes": (
        f"{GOOD} -o out.jsonl --rejects - >> out.jsonl",
        2,
        ["two outputs"],
    ),
    # -- inputs that cannot be read
    "input that is missing": (
        f"{SELECT} nope.jsonl -o out.jsonl",
        1,
        ["nope.jsonl: No such file or directory; check the name"],
    ),
    "second input that is missing": (f"{GOOD} nope.jsonl -o out.jsonl", 1, ["nope.jsonl: No such"]),
    "pattern without a match": (
        f"{SELECT} 'nope*.jsonl' -o out.jsonl",
        1,
        ["nope*.jsonl: no file matches; check the pattern"],
    ),
    "input that is a folder": (
        f"{SELECT} folder -o out.jsonl",
        1,
        ["folder: a folder, and of no format that is known; name its files"],
    ),
    "standard input that is closed": (
        f"{SELECT} -o out.jsonl <&-",
        1,
        ["<stdin>: it is closed; pipe records in or name a file"],
    ),
    "standard input asked for twice": (f"{SELECT} - - < pool.jsonl", 2, ["'-' to one option"]),
    "standard input asked for by two options": (
        "dataselect relevance --in-domain - < pool.jsonl",
        2,
        ["'-' to one option"],
    ),
    "gzip data without its name": (
        f"gzip -c pool.jsonl | {SELECT} -o out.jsonl",
        1,
        ["<stdin>: .gz data; name the file *.gz, or decompress it before the pipe"],
    ),
    "name with a line feed": (f"{SELECT} $'a\\nb' -o out.jsonl", 1, ["a\\nb: No such file"]),
    "name that is not Unicode": (f"{SELECT} $'\\xff' -o out.jsonl", 1, ["udcff: No such file"]),
    # -- what holds nothing
    "empty pool": (f": | {SELECT} -o out.jsonl", 3, ["nothing was kept of 0 records"]),
    "blank pool": (f"{SELECT} blank.jsonl -o out.jsonl", 3, ["nothing was kept of 0 records"]),
    "empty pool to score": (f"{SCORE} /dev/null -o out.jsonl", 3, ["nothing was kept of 0"]),
    "empty pool as background": (
        "dataselect relevance --in-domain pool.jsonl blank.jsonl -o out.jsonl",
        3,
        ["give --background"],
    ),
    "empty in-domain text": (
        "dataselect relevance --in-domain /dev/null pool.jsonl -o out.jsonl",
        1,
        ["in-domain text holds no records"],
    ),
    "blank in-domain text": (
        "dataselect relevance --in-domain blank.jsonl pool.jsonl -o out.jsonl",
        1,
        ["in-domain text holds no records"],
    ),
    # -- requirements
    "result that is empty": (
        f"{GOOD} --threshold 2 -o out.jsonl --rejects new.jsonl --report new.json",
        3,
        ["nothing was kept of 300 records; loosen the selection"],
    ),
    "result under the least": (
        f"{GOOD} --top-k 5 --min-records 6 -o out.jsonl --report new.json",
        3,
        ["kept 5 of 300 records, fewer than --min-records 6"],
    ),
    # -- bad records
    "bad record": (f"{SELECT} bad.jsonl -o out.jsonl", 1, ["bad.jsonl:3: NaN is not JSON"]),
    "bad record of a second file": (
        f"{SELECT} pool.jsonl bad.jsonl -o out.jsonl",
        1,
        ["bad.jsonl:3: NaN is not JSON"],
    ),
    "bad record with two workers": (
        f"{SELECT} pool.jsonl bad.jsonl -o out.jsonl --jobs 2",
        1,
        ["bad.jsonl:3: NaN is not JSON"],
    ),
    "bad record of a pipe": (f"cat bad.jsonl | {SELECT}", 1, ["<stdin>:3: NaN is not JSON"]),
    "bad in-domain record": (
        "dataselect relevance --in-domain bad.jsonl pool.jsonl -o out.jsonl --save-model new",
        1,
        ["bad.jsonl:1: field 'text' is missing; name another with --in-domain-field"],
    ),
    # -- usage
    "no option that is needed": ("dataselect select", 2, ["Missing option '--by'; see --help"]),
    "number that is none": (f"{GOOD} --threshold hot", 2, ["'--threshold'", "see --help"]),
    "option that is misspelt": (f"{GOOD} --treshold 1", 2, ["--treshold", "see --help"]),
    "command that is unknown": ("dataselect nope", 2, ["No such command 'nope'; see --help"]),
    "options that contradict each other": (f"{GOOD} --top-k 1 --share 1%", 2, ["be combined"]),
    # -- where messages cannot be printed, the exit code still tells
    "error without standard error": (f"{SELECT} nope 2>&-; echo rc=$? >&2", 0, ["rc=1"]),
    "error with standard error full": (
        f"{GOOD} --threshold 2 2> /dev/full; echo rc=$? >&2",
        0,
        ["rc=3"],
    ),
}
for _suffix in COMPRESS:
    for _name, _word in {
        "cut": "data ends too early; make the file anew",
        "cutlate": "data ends too early; make the file anew",
        "hollow": "data ends too early; make the file anew",
        "flipped": "make the file anew",
        "garbage": f"corrupt .{_suffix} data",
    }.items():
        FAULTS[f"{_name} .{_suffix} data"] = (
            f"{SELECT} {_name}.jsonl.{_suffix} -o out.jsonl",
            1,
            [f"{_name}.jsonl.{_suffix}: ", _word],
        )


@pytest.mark.parametrize("fault", FAULTS)
def test_says_so_in_one_line_and_leaves_everything_as_it_was(
    world: Path, shell: Shell, inside: Inside, fault: str
) -> None:
    script, code, words = FAULTS[fault]
    before = contents(world)
    needs_shell = not set(script).isdisjoint("$&;<>|")
    closed = "&-" in script
    found = shell(script, installed=closed) if needs_shell else inside(*shlex.split(script)[1:])
    if "echo rc=" in script:  # what can be said is said by the shell
        found = Outcome(found.code, found.out, f"dataselect: {found.err}")
    found.refused(code, *words)
    assert contents(world) == before


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_an_output_that_links_to_the_input_is_refused(
    world: Path, inside: Inside, link: Callable[[Path, Path], None]
) -> None:
    link(world / "pool.jsonl", world / "linked.jsonl")
    before = contents(world)
    inside("select", "--by", "x", "pool.jsonl", "-o", "linked.jsonl").refused(2, "also read")
    assert contents(world) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
@pytest.mark.parametrize("arguments", ["locked.jsonl -o out.jsonl", "pool.jsonl -o locked/out"])
def test_what_is_not_permitted_is_refused(world: Path, inside: Inside, arguments: str) -> None:
    (world / "locked.jsonl").touch(mode=0o000)
    (world / "locked").mkdir(mode=0o500)
    before = {path.name for path in world.iterdir()}
    inside("select", "--by", "x", *arguments.split()).refused(1, "Permission denied")
    assert {path.name for path in world.iterdir()} == before


# -- models -----------------------------------------------------------------------------------


def archive(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(name.replace("__", "."), data)
    return made.getvalue()


def altered(model: bytes, **changes: object) -> bytes:
    """A model with other values in its JSON, or with other members."""
    with zipfile.ZipFile(io.BytesIO(model)) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    about = json.loads(members["model.json"])
    for name, value in changes.items():
        if isinstance(value, str) and value in members:
            members[f"{name}.npy"] = members[value]
        else:
            about[name] = value
    members["model.json"] = json.dumps(about).encode()
    return archive(**{name.replace(".", "__"): data for name, data in members.items()})


MODELS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b'{"text":"play"}\n',
    "a pickle": lambda _: pickle.dumps({"format": "dataselect relevance 1"}),
    "truncated": lambda model: model[: len(model) // 2],
    "truncated at the end": lambda model: model[:-4],
    "without its head": lambda model: model[10:],
    "a zip of other things": lambda _: archive(a__txt=b"a"),
    "a zip of a list": lambda _: archive(model__json=b"[]"),
    "a zip of what is not JSON": lambda _: archive(model__json=b"\xff{"),
    "a zip of the format alone": lambda _: archive(
        model__json=b'{"format":"dataselect relevance 2"}'
    ),
    "of a later format": lambda model: altered(model, format="dataselect relevance 3"),
    "with n-grams of no number": lambda model: altered(model, order="x"),
    "with n-grams of nothing": lambda model: altered(model, order=0),
    "with too many bits": lambda model: altered(model, bits=70),
    "with an unknown analyzer": lambda model: altered(model, analyzer="sentence"),
    "with odd sigmoids": lambda model: altered(model, sigmoids=[[1, 2, 3]]),
    "with words for sigmoids": lambda model: altered(model, sigmoids=[["a", "b"]]),
    "without sigmoids": lambda model: altered(model, sigmoids=[]),
    "without figures": lambda model: altered(model, figures=None),
    "with weights of another shape": lambda model: altered(model, fixed="held_out.npy"),
    "with buckets that are scores": lambda model: altered(model, buckets="held_out.npy"),
}


@pytest.mark.parametrize("made", MODELS)
def test_a_model_is_refused_that_is(world: Path, inside: Inside, made: str) -> None:
    (world / "model").write_bytes(MODELS[made]((world / "model").read_bytes()))
    before = contents(world)
    inside("relevance", "--model", "model", "pool.jsonl", "-o", "out.jsonl").refused(
        1, "model: not a relevance model", "make one with --save-model"
    )
    assert contents(world) == before


@pytest.mark.parametrize("path", ["folder", "nope"])
def test_a_model_that_is_no_file_is_refused(world: Path, inside: Inside, path: str) -> None:
    inside("relevance", "--model", path, "pool.jsonl", "-o", "out.jsonl").refused(1, f"{path}: ")
    assert (world / "out.jsonl").read_bytes() == b"old\n"


# -- pipes and devices ------------------------------------------------------------------------


def test_a_reader_that_has_enough_is_a_success(world: Path, shell: Shell) -> None:
    (world / "large.jsonl").write_bytes(pool(20_000))
    for command in (
        f"{SELECT} large.jsonl",
        f"{SELECT} --sort large.jsonl",
        f"{SCORE} large.jsonl",
    ):
        assert shell(f"{command} | head -1").silent().count(b"\n") == 1
    assert shell(f"{SCORE} --jobs 2 large.jsonl | head -1").silent().count(b"\n") == 1
    shell(f"{SELECT} large.jsonl | true").silent()
    shell("dataselect --help | true").silent()
    shell("dataselect --version | true").silent()


def test_files_are_finished_although_a_reader_has_enough(world: Path, shell: Shell) -> None:
    (world / "large.jsonl").write_bytes(pool(20_000))
    shell(f"{SELECT} large.jsonl --report report.json | head -1").silent()
    assert json.loads((world / "report.json").read_bytes())["counts"]["kept"] == 20_000
    shell(
        f"{SELECT} large.jsonl --threshold 0.5 -o kept.jsonl --rejects >(head -1 > first)"
    ).silent()
    kept = (world / "kept.jsonl").read_bytes().splitlines()
    assert kept == [line for line in pool(20_000).splitlines() if json.loads(line)["x"] >= 0.5]


def test_pipes_stand_for_files(world: Path, shell: Shell) -> None:
    for script in (
        f"{SELECT} < pool.jsonl",
        f"cat pool.jsonl | {SELECT} --jobs 2 -",
        f"cat pool.jsonl | {SELECT} /dev/stdin",
        f"{SELECT} <(cat pool.jsonl)",
        f"{SELECT} pool.jsonl -o /dev/stdout",
        f"{SELECT} pool.jsonl -o /dev/stdout | cat",
        f"{SELECT} pool.jsonl -o /dev/fd/1 | cat",
        f"{SELECT} pool.jsonl -o >(cat) | cat",
        f"mkfifo in out; cat pool.jsonl > in & {SELECT} in -o out & cat out; rm in out",
    ):
        assert shell(script).silent() == pool(), script


def test_standard_output_is_appended_to_whatever_its_name(world: Path, shell: Shell) -> None:
    for name in ("-", "/dev/stdout", "/dev/fd/1"):
        shell(f"(echo head; {GOOD} -o {name}; echo foot) > all").silent()
        assert (world / "all").read_bytes() == b"head\n" + pool() + b"foot\n"


def test_what_the_shell_has_read_of_standard_input_is_not_read_again(
    world: Path, shell: Shell
) -> None:
    found = shell(f"(read -r first; {SELECT} --top-k 1000) < pool.jsonl").silent()
    assert found == pool().split(b"\n", 1)[1]


def test_a_pipe_can_be_background_and_pool_at_once(world: Path, shell: Shell) -> None:
    (world / "domain.jsonl").write_bytes(b'{"text":"play jazz"}\n{"text":"play the band"}\n' * 5)
    fit = "dataselect relevance --in-domain domain.jsonl -q"
    from_file = shell(f"{fit} pool.jsonl").silent()
    assert shell(f"cat pool.jsonl | {fit}").silent() == from_file
    both = "--in-domain <(cat domain.jsonl) <(cat pool.jsonl)"
    assert shell(f"dataselect relevance -q {both}").silent() == from_file


def test_a_model_can_come_through_a_pipe(world: Path, shell: Shell) -> None:
    by_name = shell(f"{SCORE} pool.jsonl").silent()
    assert shell("dataselect relevance -q --model <(cat model) pool.jsonl").silent() == by_name


def test_dev_null_takes_several_outputs(world: Path, inside: Inside) -> None:
    null = "/dev/null"
    inside(
        *["select", "--by", "x", "--threshold", 0.5, "-q", "pool.jsonl"],
        *["-o", null, "--rejects", null, "--report", null, "--on-error", null],
    ).silent()


def test_messages_may_be_lost(world: Path, shell: Shell) -> None:
    for redirection in ("2>&-", "2> /dev/full"):
        script = f"dataselect select --by x pool.jsonl -o new.jsonl {redirection}"
        found = shell(script, installed=True)
        assert found.code == 0
        assert (world / "new.jsonl").read_bytes() == pool()
        (world / "new.jsonl").unlink()


def test_closed_descriptors_are_not_mistaken_for_files(world: Path, shell: Shell) -> None:
    script = f"{GOOD} -o new.jsonl --report new.json <&- >&- 2>&-"
    found = shell(script, installed=True)
    assert (found.code, found.out, found.err) == (0, b"", "")
    assert (world / "new.jsonl").read_bytes() == pool()


# -- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPRESS)
def test_compressed_output_is_the_same_every_time(world: Path, inside: Inside, name: str) -> None:
    for made in (f"one.jsonl.{name}", f"two.jsonl.{name}"):
        inside("select", "--by", "x", "pool.jsonl", "-o", made, "-q").silent()
    one = (world / f"one.jsonl.{name}").read_bytes()
    assert one == (world / f"two.jsonl.{name}").read_bytes()
    read = inside("select", "--by", "x", f"one.jsonl.{name}", "-o", "new.jsonl", "-q")
    read.silent()
    assert (world / "new.jsonl").read_bytes() == pool()


def test_compressed_output_satisfies_gzip(world: Path, shell: Shell) -> None:
    shell(f"{GOOD} -o new.jsonl.gz && gzip -t new.jsonl.gz").silent()
    assert shell("gzip -dc new.jsonl.gz").silent() == pool()


def test_an_empty_compressed_output_is_a_whole_file(world: Path, shell: Shell) -> None:
    shell(f"{SELECT} /dev/null --allow-empty -o new.jsonl.gz && gzip -t new.jsonl.gz").silent()


@pytest.mark.parametrize("name", COMPRESS)
def test_members_and_padding_are_read(world: Path, inside: Inside, name: str) -> None:
    compress, halves = COMPRESS[name], [pool()[:5000], pool()[5000:]]
    data = b"".join(map(compress, halves))
    if name == "zst":  # as pzstd writes them
        frames = [b"\x50\x2a\x4d\x18\x04\0\0\0size" + compress(half) for half in halves]
        data = b"".join(frames)
    if name in ("gz", "xz"):
        data += bytes(1024)
    (world / f"parts.jsonl.{name}").write_bytes(data)
    inside("select", "--by", "x", f"parts.jsonl.{name}", "-o", "new.jsonl", "-q").silent()
    assert (world / "new.jsonl").read_bytes() == pool()


@pytest.mark.parametrize("name", COMPRESS)
def test_text_that_shrinks_a_thousandfold_is_read_in_blocks(tmp_path: Path, name: str) -> None:
    from dataselect.data.input_files import Inputs

    path = tmp_path / f"same.jsonl.{name}"
    path.write_bytes(COMPRESS[name](b'{"x":1}\n' * 1_000_000))
    blocks = Inputs([str(path)]).blocks()
    assert max(len(block.data) for block in blocks) < 1 << 21


def test_an_output_keeps_the_permissions_of_the_older_one(world: Path, inside: Inside) -> None:
    (world / "out.jsonl").chmod(0o640)
    old = os.umask(0o027)
    try:
        for made in ("out.jsonl", "new.jsonl"):
            inside("select", "--by", "x", "pool.jsonl", "-o", made, "-q").silent()
    finally:
        os.umask(old)
    modes = [(world / name).stat().st_mode & 0o777 for name in ("out.jsonl", "new.jsonl")]
    assert modes == [0o640, 0o640]


def test_an_output_goes_through_a_symbolic_link(world: Path, inside: Inside) -> None:
    (world / "link.jsonl").symlink_to("folder/target.jsonl")
    inside("select", "--by", "x", "pool.jsonl", "-o", "link.jsonl", "-q").silent()
    assert (world / "link.jsonl").is_symlink()
    assert contents(world / "folder") == {"target.jsonl": pool()}


def test_a_name_as_long_as_names_get_is_written(world: Path, inside: Inside) -> None:
    name = "\u00e4" * 124 + ".jsonl"
    inside("select", "--by", "x", "pool.jsonl", "-o", name, "-q").silent()
    assert (world / name).read_bytes() == pool()


def test_names_that_are_not_unicode_are_read_written_and_reported(
    world: Path, shell: Shell
) -> None:
    shell("cp bad.jsonl $'in\\xff'").silent()
    shell(
        f"{SELECT} $'in\\xff' -o $'out\\xff' --on-error errors --report report --per $'g\\xff' "
        "--max-per 9 --allow-empty"
    ).silent()
    assert len((world / "errors").read_bytes().splitlines()) == 4
    shell(f"{SELECT} $'in\\xff' -o $'out\\xff' --on-error errors --report report").silent()
    assert (world / os.fsdecode(b"out\xff")).read_bytes().count(b"\n") == 3
    (error,) = map(json.loads, (world / "errors").read_bytes().splitlines())
    assert (error["file"], error["line"]) == (os.fsdecode(b"in\xff"), 3)
    assert os.fsdecode(b"in\xff") in json.loads((world / "report").read_bytes())["inputs"]


# -- signals ----------------------------------------------------------------------------------


def children(process: int) -> set[int]:
    """The processes that a process has started, by number."""
    found = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            parent = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == process:
            found.add(int(folder.name))
    return found


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state != b"Z"


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def heed_signals() -> None:
    """Undo what a caller such as nohup has made us ignore: it is inherited, and we would too."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


class Running:
    """The program in the middle of its work: it has read some records and waits for more."""

    def __init__(self, folder: Path, *options: str, prefix: str = "", jobs: int = 1) -> None:
        self.folder = folder
        script = f"{prefix} exec {SCORE} -o out.jsonl --jobs {jobs} " + " ".join(options)
        self.errors = folder.parent / f"{folder.name}.errors"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=folder,
                env=environment(),
                stdin=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # so that a signal to the group does not reach us
                preexec_fn=heed_signals,  # noqa: PLW1509  # this process has no threads
            )
        self.before = contents(folder).keys()
        self.workers: set[int] = set()
        wait_for(lambda: self.unfinished() != set())
        wait_for(lambda: self._fed(0 if jobs == 1 else jobs))

    def unfinished(self) -> set[str]:
        return set(contents(self.folder).keys() - self.before)

    def feed(self) -> None:
        """Give it some more records, if it is still there."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(pool(20))
            self.process.stdin.flush()

    def has_ended_by_itself(self) -> bool:
        """Whether it is gone though there is more to read."""
        self.feed()
        return self.process.poll() is not None

    def _fed(self, workers: int) -> bool:
        self.feed()
        self.workers = children(self.process.pid)
        return len(self.workers) >= workers

    def finish(self) -> Outcome:
        """Let it come to its end, whatever that is."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        wait_for(lambda: not any(map(alive, self.workers)))
        return Outcome(code, b"", self.errors.read_text())


@pytest.fixture
def running(world: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*options: str, prefix: str = "", jobs: int = 1) -> Running:
        started.append(Running(world, *options, prefix=prefix, jobs=jobs))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()
        assert each.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            each.process.stdin.close()


Start = Callable[..., Running]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("sent", SIGNALS, ids=lambda sent: sent.name)
def test_a_signal_ends_it_and_nothing_is_left(
    world: Path, running: Start, sent: signal.Signals, jobs: int
) -> None:
    before = contents(world)
    run = running(jobs=jobs)
    run.process.send_signal(sent)
    run.process.wait(PATIENCE)
    run.finish().refused(-sent, f"stopped by {sent.name}; unfinished files are removed")
    assert contents(world) == before


@pytest.mark.parametrize("sent", SIGNALS, ids=lambda sent: sent.name)
def test_a_signal_to_all_processes_at_once_says_one_line(
    world: Path, running: Start, sent: signal.Signals
) -> None:
    before = contents(world)
    run = running("--top-k 3", jobs=2)
    os.killpg(run.process.pid, sent)
    run.process.wait(PATIENCE)
    run.finish().refused(-sent, f"stopped by {sent.name}")
    assert contents(world) == before


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGHUP], ids=lambda sent: sent.name)
def test_a_signal_that_is_ignored_stays_ignored(
    world: Path, running: Start, sent: signal.Signals
) -> None:
    run = running(prefix=f"trap '' {sent.name.removeprefix('SIG')};")
    run.process.send_signal(sent)
    assert run.finish().silent() == b""
    assert (world / "out.jsonl").read_bytes() != b"old\n"


def test_a_worker_that_is_killed_ends_it(world: Path, running: Start) -> None:
    before = contents(world)
    run = running(jobs=2)
    os.kill(next(iter(run.workers)), signal.SIGKILL)
    wait_for(run.has_ended_by_itself)  # at its end it might have all that the worker had to do
    run.finish().refused(1, "a worker process was killed", "fewer --jobs")
    assert contents(world) == before


def test_workers_end_when_the_main_process_is_killed(world: Path, running: Start) -> None:
    run = running(jobs=2)
    run.process.kill()
    found = run.finish()
    assert found.code == -signal.SIGKILL
    assert "Traceback" not in found.err  # Python itself may tell that it cleans up semaphores
    assert (world / "out.jsonl").read_bytes() == b"old\n"


# -- counts and workers -----------------------------------------------------------------------

BAD = [b"{", b'{"id":1}', b'{"text":"\xff","x":1,"g":"a"}', b'{"text":"a","x":NaN,"g":"a"}', b"7"]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records for several blocks, with bad ones among them."""
    lines = pool(13_000).splitlines()
    for place, bad in enumerate(BAD):
        lines.insert((place + 1) * 2_400, bad)
    path = tmp_path_factory.mktemp("mixed") / "mixed.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


MODES = {
    "everything": "",
    "threshold": "--threshold 0.5",
    "threshold and explanations": "--threshold 0.97 --explain 2",
    "best": "--top-k 700",
    "best first": "--top-k 700 --sort --explain 1",
    "everything, best first": "--sort",
    "share": "--share 7%",
    "words": "--budget 5000 --cost words",
    "field": "--budget 300 --cost x",
    "sample": "--sample 500 --seed 3",
    "share of each group": "--share 5% --per g --max-per 190 --min-per 3",
}

THREE_WORKERS = ("threshold and explanations", "share of each group")  # they take time to start


@pytest.mark.parametrize("mode", MODES)
def test_any_number_of_workers_writes_the_same_bytes(
    mixed: Path, model: Path, inside: Inside, tmp_path: Path, mode: str
) -> None:
    made: list[tuple[bytes, ...]] = []
    for jobs in (1, 2, 3) if mode in THREE_WORKERS else (1, 2):
        inside(
            *["relevance", "--model", model, mixed, *MODES[mode].split(), "--jobs", jobs, "-q"],
            *["-o", "kept", "--rejects", "dropped", "--on-error", "errors", "--report", "report"],
        ).silent()
        names = ("kept", "dropped", "errors", "report")
        found = tuple((tmp_path / name).read_bytes() for name in names)
        report = json.loads(found[3])
        counts = report["counts"]
        kept, dropped, errors = (data.count(b"\n") for data in found[:3])
        assert counts == {"read": 13_005, "kept": kept, "dropped": dropped, "errors": errors}
        assert kept + dropped + errors == 13_005
        assert kept > 0
        report["options"].pop("jobs")
        made.append((*found[:3], json.dumps(report).encode()))
    assert len(set(made)) == 1
    errors_found = [json.loads(line) for line in made[0][2].splitlines()]
    lines = mixed.read_bytes().split(b"\n")
    for error in errors_found:
        raw = error["raw"].encode() if "raw" in error else base64.b64decode(error["raw_base64"])
        assert raw == lines[error["line"] - 1]
        assert error["file"] == str(mixed)
    assert [json.loads(line)["line"] for line in made[0][2].splitlines()] == [
        number for number, line in enumerate(lines, 1) if line in BAD
    ][: len(errors_found)]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_the_first_bad_record_is_the_one_that_is_told(
    mixed: Path, model: Path, inside: Inside, tmp_path: Path, jobs: int
) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"old\n")
    found = inside(
        *["relevance", "--model", model, mixed, "--jobs", jobs, "-o", "out.jsonl"],
    )
    found.refused(1, f"{mixed}:2401: not JSON")
    assert contents(tmp_path) == {"out.jsonl": b"old\n"}


def test_bad_records_that_are_skipped_are_counted(
    mixed: Path, inside: Inside, tmp_path: Path
) -> None:
    found = inside("select", "--by", "x", mixed, "--on-error", "skip", "-o", "kept")
    assert found.code == 0
    said = "kept 13,000 of 13,005 records (100.0 %); 5 bad records left out; "
    assert said in found.err
    assert (tmp_path / "kept").read_bytes().count(b"\n") == 13_000
