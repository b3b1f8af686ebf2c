"""The outputs of one run: all of them appear, or none; and where they cannot, one line says why."""

import errno
import os
import shutil
import signal
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from conftest import Inside, Shell

from dataselect.data.files import temporary_files
from dataselect.data.output_files import Outputs
from dataselect.errors import Interrupted, OptionError, OutputError

RECORDS = b'{"text":"play some jazz","x":1}\n{"text":"rain","x":2}\n'
SELECT = ("select", "-q", "--by", "x", "--top-k", 1)


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that is below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def olds(tmp_path: Path) -> Path:
    """Older outputs: two files, a folder with a file in it, and room for a new file."""
    for name in "a", "b", "folder/inner":
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"old " + name.encode())
    return tmp_path


def fill(outputs: Outputs, folder: Path) -> None:
    """Write the four outputs."""
    for name in "a", "new", "b":
        outputs.open(str(folder / name)).write(b"new " + name.encode())
    temporary = outputs.open_folder(str(folder / "folder"), lambda _: True)
    (Path(temporary) / "other").write_bytes(b"new")


NEW = {
    "a": b"new a",
    "b": b"new b",
    "folder": None,
    "folder/other": b"new",
    "new": b"new new",
}


def test_all_appear_together(olds: Path) -> None:
    with Outputs({}) as outputs:
        fill(outputs, olds)
        assert len(contents(olds)) == 9
    assert contents(olds) == NEW
    assert not temporary_files._unfinished


class Failing:
    """An `os.replace` or `os.rename` that fails at its n-th call, or only interrupts."""

    def __init__(self, number: int, real: Callable[[str, str], None], code: int | None) -> None:
        self.left, self.real, self.code = number, real, code

    def __call__(self, source: str, target: str) -> None:
        self.left -= 1
        if self.left == 0 and self.code is not None:
            raise OSError(self.code, os.strerror(self.code))
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        self.real(source, target)


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_rename_that_fails_leaves_everything_as_it_was(
    olds: Path, monkeypatch: pytest.MonkeyPatch, *, number: int, links: bool, code: int
) -> None:
    before = contents(olds)
    if not links:

        def link(*_: str) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", link)
    failing = Failing(number, os.replace, code)
    monkeypatch.setattr(os, "replace", failing)
    if not links:  # the same call does both
        failing.real = os.rename
        monkeypatch.setattr(os, "rename", failing)
    try:
        with Outputs({}) as outputs:
            fill(outputs, olds)
    except OutputError as error:
        assert os.strerror(code) in str(error)  # noqa: PT017  # later calls are too many to fail
        assert contents(olds) == before
    else:
        assert failing.left > 0
        assert contents(olds) == NEW
    assert not temporary_files._unfinished


@pytest.mark.parametrize("number", range(1, 5))
def test_a_signal_waits_until_all_are_there(
    olds: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def interrupt(signum: int, _: object) -> None:
        raise Interrupted(signum)

    monkeypatch.setattr(os, "replace", Failing(number, os.replace, None))
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(Interrupted), Outputs({}) as outputs:
            fill(outputs, olds)
    finally:
        signal.signal(signal.SIGTERM, before)
    temporary_files.remove_unfinished()
    assert contents(olds) == NEW


def failure(folder: Path, spoil: Callable[[Outputs], object]) -> str:
    """What is said of outputs that are filled, and then spoilt."""

    def write() -> None:
        with Outputs({}) as outputs:
            fill(outputs, folder)
            spoil(outputs)

    with pytest.raises(OutputError) as caught:
        write()
    return str(caught.value)


def test_an_output_whose_folder_has_gone_keeps_all_from_appearing(olds: Path) -> None:
    (olds / "gone").mkdir()
    before = contents(olds)

    def lose(outputs: Outputs) -> None:
        outputs.open(str(olds / "gone/c")).write(b"x")
        shutil.rmtree(olds / "gone")

    assert "gone/c: No such file or directory; make its folder first" in failure(olds, lose)
    del before["gone"]
    assert contents(olds) == before


def test_a_file_that_became_a_folder_keeps_all_from_appearing(olds: Path) -> None:
    def spoil(_: Outputs) -> None:
        (olds / "b").unlink()
        (olds / "b").mkdir()

    assert "b: Is a directory; name a file" in failure(olds, spoil)
    assert contents(olds)["a"] == b"old a"
    assert (olds / "b").is_dir()
    assert contents(olds)["folder/inner"] == b"old folder/inner"
    assert not (olds / "new").exists()


def test_a_pipe_that_fails_keeps_files_from_appearing(olds: Path) -> None:
    before = contents(olds)
    full = partial(Outputs.open, path="/dev/full")
    assert "/dev/full: No space left" in failure(olds, lambda each: full(each).write(b"x"))
    assert contents(olds) == before


def test_a_link_to_a_file_is_kept(olds: Path) -> None:
    (olds / "link").symlink_to("a")
    with Outputs({}) as outputs:
        outputs.open(str(olds / "link")).write(b"new")
        outputs.open(str(olds / "b")).write(b"new")
    assert (olds / "link").is_symlink()
    assert (olds / "a").read_bytes() == b"new"


def test_renames_need_no_older_files(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"x")
    temporary_files.rename_all(
        [temporary_files.Rename(str(tmp_path / "t"), str(tmp_path / "f"), "f")]
    )
    assert contents(tmp_path) == {"f": b"x"}


# -- what cannot be written ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["folder", "folder/", "new/", ".", "..", "/", ""])
def test_a_folder_is_no_file(olds: Path, inside: Inside, path: str) -> None:
    (olds / "in").write_bytes(RECORDS)
    before = contents(olds)
    inside(*SELECT, "in", "-o", path).refused(1, "Is a directory; name a file")
    assert contents(olds) == before


def test_a_pipe_that_is_read_is_not_written(tmp_path: Path, inside: Inside) -> None:
    os.mkfifo(tmp_path / "pipe")
    inside(*SELECT, "pipe", "-o", "pipe").refused(2, "pipe is also read (pipe)")


# A command whose work would be lost, with a path in it that is tried before the work begins.
LATE = {
    "relevance": "relevance --in-domain {} --fit-only --save-model {} -o -",
    "label": "label --labelled {} --save-model {}",
    "rescore": "rescore --in-domain {} --save-weights {}",
    "pairs": "paraphrase pairs {} --dev {}",
}


@pytest.mark.parametrize("command", LATE)
@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("missing/x", 1, "missing/x: No such file or directory; make its folder first"),
        ("s3://bucket/x", 1, "s3://bucket/x: URLs are written with --engine ray (pip install ray"),
        ("folder", 1, "folder: Is a directory"),
        ("x.tgz", 2, "x.tgz: .tgz files are not written"),
    ],
)
def test_a_path_is_tried_before_the_work(  # a table
    olds: Path, inside: Inside, command: str, path: str, code: int, words: str
) -> None:
    """The input is a bad record, which the work would find."""
    (olds / "bad").write_bytes(b"no JSON\n")
    places = iter(["bad", path])
    arguments = [next(places) if part == "{}" else part for part in LATE[command].split()]
    inside(*arguments, *(["bad"] if command != "pairs" else [])).refused(code, words)


def test_models_are_not_compressed(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in").write_bytes(RECORDS)
    for command in "relevance --in-domain in", "label --labelled in":
        fit = (*command.split(), "--fit-only", "--save-model", "m.gz")
        inside(*fit, "in").refused(2, "m.gz: a model is not compressed; name it without .gz")


def test_a_folder_is_not_compressed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="a folder is not compressed"), Outputs({}) as outputs:
        outputs.open_folder(str(tmp_path / "d.gz"), lambda _: False)


# -- full disks ---------------------------------------------------------------------------------

FULL = {
    "select": "dataselect select -q --by x in -o out",
    "select compressed": "dataselect select -q --by x in -o out.xz",
    "convert": "dataselect convert -q --from text in -o out",
    "lm train": "dataselect lm train -q in -o out",
    "demo": "dataselect demo -q out",
}


@pytest.mark.parametrize("command", FULL)
def test_a_limit_on_the_size_of_files_is_told(tmp_path: Path, shell: Shell, command: str) -> None:
    lines = [b'{"text":"%d %d %d","x":%d}\n' % (n, n * n, n % 7, n) for n in range(9000)]
    (tmp_path / "in").write_bytes(b"".join(lines))
    shell(f"ulimit -f 8; {FULL[command]}").refused(1, "File too large; raise the limit")
    assert {path.name for path in tmp_path.iterdir()} <= {"in", "out"}
    assert command == "demo" or not (tmp_path / "out").exists()


# -- models that take more memory than they have ------------------------------------------------


def test_models_that_unfold_are_refused(tmp_path: Path, inside: Inside) -> None:
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("model.json", b" " * (1 << 27) + b"{}")
    (tmp_path / "in").write_bytes(RECORDS)
    for command in "relevance", "label":
        inside(command, "--model", "bomb", "in").refused(1, "bomb: not a", "unfold to 134,217,730")


def test_devices_are_no_models(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in").write_bytes(RECORDS)
    inside("relevance", "--model", "/dev/zero", "in").refused(1, "/dev/zero: not a relevance model")
    inside("label", "--model", ".", "in").refused(1, ".: Is a directory")
