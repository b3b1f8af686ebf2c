"""Runs over shards that go wrong: what is said and left behind, and what --resume does again."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MUSIC_ARPA, Inside
from in_process_cluster import RECORDS, Died, Here, joined, pool, split, write

from dataselect.data import storage
from dataselect.errors import InputError
from dataselect.execution.distributed.checkpoint import Checkpoint, digest
from dataselect.execution.distributed.ray_engine import ray_cluster
from dataselect.execution.distributed.shards import Shard

fsspec = pytest.importorskip("fsspec")

from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

NAMES = ["part-0.jsonl", "part-1.jsonl.gz", "part-2.jsonl"]
SELECT = ("select", "--by", "x", "pool", "--engine", "ray", "-o", "out", "-q")
WINNOW = ("winnow", "--lm", "music.arpa", "pool", "--engine", "ray", "-o", "out", "-q")
BEST = ("--top-k", 9)
RESUME = "--resume"
WRITTEN = ("out", "no", "bad", "report.json")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """The cluster of every run."""
    found = Here()
    monkeypatch.setattr(ray_cluster, "RayCluster", lambda *_: found)
    return found


@pytest.fixture
def world(tmp_path: Path, here: Here) -> Path:
    """A folder with three shards and a language model."""
    (tmp_path / "music.arpa").write_text(MUSIC_ARPA)
    split(tmp_path / "pool", pool(), [20, 20], ["", ".gz", ""])
    return tmp_path


def tasks(kind: str, *numbers: int) -> set[str]:
    """Tasks of one kind, by the numbers of their shards; all shards without any."""
    return {f"{kind} {NAMES[number]}" for number in numbers or range(len(NAMES))}


def ran(here: Here) -> set[str]:
    """What has run since this was last asked, each once."""
    found = here.ran.copy()
    here.ran.clear()
    assert len(set(found)) == len(found)
    return set(found)


class Ending:
    """Runs that come to their end, and those that die just before it."""

    def __init__(self, inside: Inside, here: Here) -> None:
        self._inside, self._here = inside, here

    def comes(self, *command: object, is_complete: bool = False) -> None:
        """Run all tasks of a command; only one that is complete writes its manifest."""
        if is_complete:
            self._inside(*command).silent()
        else:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(Checkpoint, "finish", _die)
                with pytest.raises(Died):
                    self._inside(*command)
        self._here.ran.clear()


def _die(*_: object) -> None:
    raise Died


@pytest.fixture
def end(inside: Inside, here: Here) -> Ending:
    return Ending(inside, here)


def files(folder: Path) -> set[str]:
    """Names below a folder, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def is_complete(folder: Path) -> bool:
    """Whether whoever reads the folder may take it for complete."""
    return (folder / "_manifest.json").exists() and not (folder / "_unfinished").exists()


def expected(world: Path, inside: Inside, *command: object) -> bytes:
    """What a run without an accident writes, in a folder of its own."""
    shutil.rmtree(world / "clean", ignore_errors=True)
    own = [f"clean/{each}" if each in WRITTEN else each for each in command if each != RESUME]
    (world / "clean").mkdir()
    inside(*own).silent()
    return joined(world / "clean" / "out")


# -- Going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [(), ("--threshold", 0.5), BEST], ids=["all", "limit", "best"])
@pytest.mark.parametrize("seed", range(2))
def test_wherever_a_run_dies_another_completes_it_with_the_same_bytes(
    world: Path, inside: Inside, here: Here, rule: tuple[object, ...], seed: int
) -> None:
    here.seed = seed
    whole = expected(world, inside, *SELECT, *rule)
    everything = ran(here)
    for done in range(len(everything)):
        here.dies_after = done
        with pytest.raises(Died):
            inside(*SELECT, *rule)
        assert not (world / "out" / "_manifest.json").exists()
        assert (world / "out" / "_unfinished").exists()
        first = ran(here)
        here.dies_after = None
        inside(*SELECT, *rule).refused(1, "out: exists already", "--resume")
        inside(*SELECT, *rule, RESUME).silent()
        assert ran(here) == everything - first
        assert joined(world / "out") == whole
        assert is_complete(world / "out")
        shutil.rmtree(world / "out")


def test_nothing_runs_again_after_the_end(world: Path, inside: Inside, here: Here) -> None:
    for command in (SELECT, (*SELECT, *BEST), WINNOW):
        inside(*command, "--report", "first.json").silent()
        before = {path: path.stat().st_mtime_ns for path in (world / "out").iterdir()}
        ran(here)
        inside(*command, "--report", "second.json", RESUME).silent()
        assert ran(here) == set()
        assert {path: path.stat().st_mtime_ns for path in (world / "out").iterdir()} == before
        first, second = (
            json.loads((world / f"{n}.json").read_bytes()) for n in ("first", "second")
        )
        same = ("counts", "per", "cut", "quantiles", "warnings", "inputs", "signature")
        assert {name: first[name] for name in same} == {name: second[name] for name in same}
        shutil.rmtree(world / "out")


def test_a_run_that_goes_on_says_what_a_whole_one_says(
    world: Path, inside: Inside, here: Here
) -> None:
    told = [each for each in WINNOW if each != "-q"]
    whole = inside(*told, *BEST).err
    shutil.rmtree(world / "out")
    here.dies_after = 4
    with pytest.raises(Died):
        inside(*told, *BEST)
    here.dies_after = None
    assert inside(*told, *BEST, RESUME).err == whole
    assert inside(*told, *BEST, RESUME).err == whole


ALL = tasks("ScoreShard") | tasks("Write")
CHANGES: dict[str, tuple[tuple[object, ...], set[str]]] = {
    "nothing": ((), set()),
    "the number of the best": (("--top-k", 30), tasks("Write")),
    "the rule": (("--share", "50%"), tasks("Write")),
    "a threshold as well": (("--top-k", 9, "--threshold", 50), tasks("Write")),
    "groups": (("--top-k", 2, "--per", "g"), ALL),
    "costs": (("--budget", 20, "--cost", "words"), ALL),
    "rejects": (("--top-k", 9, "--rejects", "no"), tasks("Write")),
    "bad records": (("--top-k", 9, "--on-error", "bad"), ALL),
    "bad records, left out": (("--top-k", 9, "--on-error", "skip"), ALL),
    "a report": (("--top-k", 9, "--report", "report.json"), ALL),
    "the text": (("--top-k", 9, "--text-field", "ref"), ALL),
    "an option of the scorer": (("--top-k", 9, "--lowercase"), ALL),
    "too little kept": (("--top-k", 9, "--min-records", 9), set()),
    "a rule that needs no ranking": (("--threshold", 50), tasks("ScoreAndWrite")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_change_concerns_is_done_again(
    world: Path, inside: Inside, here: Here, end: Ending, change: str
) -> None:
    end.comes(*WINNOW, *BEST)
    rule, again = CHANGES[change]
    command = (*WINNOW, *(rule or BEST), RESUME)
    inside(*command).silent()
    assert ran(here) == again
    assert joined(world / "out") == expected(world, inside, *command)


def test_after_the_end_all_is_done_again_that_writes_something_else(
    world: Path, inside: Inside, here: Here
) -> None:
    inside(*WINNOW, *BEST).silent()
    ran(here)
    inside(*WINNOW, "--top-k", 3, RESUME).silent()
    assert ran(here) == ALL
    assert joined(world / "out") == expected(world, inside, *WINNOW, "--top-k", 3)


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_shard_that_changed_is_done_again(
    world: Path, inside: Inside, here: Here, end: Ending, *, is_complete: bool
) -> None:
    end.comes(*WINNOW, is_complete=is_complete)
    write(world / "pool" / NAMES[1], pool(5, seed=9))
    inside(*WINNOW, RESUME).silent()
    assert ran(here) == (tasks("ScoreAndWrite") if is_complete else tasks("ScoreAndWrite", 1))
    assert joined(world / "out") == expected(world, inside, *WINNOW)


def test_a_model_that_changed_scores_all_again(
    world: Path, inside: Inside, here: Here, end: Ending
) -> None:
    end.comes(*WINNOW)
    (world / "music.arpa").write_text(MUSIC_ARPA.replace("-0.75", "-0.5"))
    inside(*WINNOW, RESUME).silent()
    assert ran(here) == tasks("ScoreAndWrite")
    assert joined(world / "out") == expected(world, inside, *WINNOW)


def test_a_model_may_be_elsewhere(world: Path, inside: Inside, here: Here, end: Ending) -> None:
    end.comes(*WINNOW)
    (world / "models").mkdir()
    (world / "music.arpa").rename(world / "models" / "music.arpa")
    inside(*(str(each).replace("music", "models/music") for each in WINNOW), RESUME).silent()
    assert ran(here) == set()


def test_vectors_belong_to_positions_so_that_another_order_is_another_pool(
    world: Path, inside: Inside, here: Here, end: Ending
) -> None:
    rng = np.random.default_rng(0)
    np.save(world / "pool.npy", rng.normal(size=(RECORDS, 4)))
    np.save(world / "music.npy", rng.normal(size=(20, 4)))
    first, second, third = (f"pool/{name}" for name in NAMES)
    fit = ("--in-domain-vectors", "music.npy", "--rule", "centroid", "--fit-only", "-q")
    vectors = ("bitext", "--vectors", "pool.npy")
    inside(*vectors, *fit, "--save-model", "model", first, second, third).silent()
    command = (*vectors, "--model", "model", "--engine", "ray", "-o", "out", "-q")
    end.comes(*command, first, second, third)
    again = (*command, first, third, second, RESUME)
    inside(*again).silent()
    assert {each for each in ran(here) if "ScoreAndWrite" in each} == tasks("ScoreAndWrite", 1, 2)
    assert joined(world / "out") == expected(world, inside, *again)


def test_a_shard_that_is_no_longer_given_leaves_the_output(
    world: Path, inside: Inside, here: Here
) -> None:
    inside(*SELECT, "--rejects", "no", "--threshold", 0.5).silent()
    for folder in ("out", "no"):
        (world / folder / "mine.txt").write_text("not a shard")
    (world / "pool" / NAMES[0]).unlink()
    inside(*SELECT, "--rejects", "no", "--threshold", 0.5, RESUME).silent()
    for folder in ("out", "no"):
        assert files(world / folder) == {*NAMES[1:], "mine.txt", "_manifest.json"}


def test_a_shard_that_is_given_no_more_after_a_death_leaves_the_output(
    world: Path, inside: Inside, here: Here
) -> None:
    inside(*SELECT).silent()
    (world / "pool" / NAMES[0]).unlink()
    here.dies_after = len(here.ran) + 1
    with pytest.raises(Died):
        inside(*SELECT, RESUME)
    here.dies_after = None
    inside(*SELECT, RESUME).silent()
    assert files(world / "out") == {*NAMES[1:], "_manifest.json"}


@pytest.mark.parametrize("rule", [(), BEST], ids=["all", "best"])
@pytest.mark.parametrize("is_complete", [True, False])
def test_an_output_that_somebody_deleted_is_made_again(
    world: Path,
    inside: Inside,
    here: Here,
    end: Ending,
    rule: tuple[object, ...],
    *,
    is_complete: bool,
) -> None:
    end.comes(*SELECT, *rule, is_complete=is_complete)
    (world / "out" / NAMES[1]).unlink()
    inside(*SELECT, *rule, RESUME).silent()
    kind = "Write" if rule else "ScoreAndWrite"
    assert ran(here) == ((ALL if rule else tasks(kind)) if is_complete else tasks(kind, 1))
    assert joined(world / "out") == expected(world, inside, *SELECT, *rule)


def test_notes_do_not_outlive_what_they_tell_of(
    world: Path, inside: Inside, here: Here, end: Ending
) -> None:
    """A run by other options wrote the file, and died before it could take note of that."""
    for first, second in [((), BEST), (BEST, ()), (BEST, ("--top-k", 3))]:
        end.comes(*SELECT, *first)
        with monkeypatched_notes(), pytest.raises(Died):
            inside(*SELECT, *second, RESUME)
        ran(here)
        inside(*SELECT, *first, RESUME).silent()
        assert joined(world / "out") == expected(world, inside, *SELECT, *first)
        shutil.rmtree(world / "out")


@contextlib.contextmanager
def monkeypatched_notes() -> Iterator[None]:
    """Let the driver die when it is about to note that a shard is written."""
    recorded = Checkpoint.record

    def record(checkpoint: Checkpoint, stage: str, *about: Any) -> None:
        if stage == "written":
            raise Died
        recorded(checkpoint, stage, *about)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Checkpoint, "record", record)
        yield


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_run_may_be_resumed_that_never_began(world: Path, inside: Inside, name: str) -> None:
    if name == "empty":
        (world / "out").mkdir()
    inside(*SELECT, RESUME).silent()
    assert joined(world / "out") == expected(world, inside, *SELECT)


def test_an_output_that_is_a_file_is_refused(world: Path, inside: Inside) -> None:
    (world / "out").write_text("mine")
    inside(*SELECT).refused(1, "out: it is a file; name a new folder")
    assert (world / "out").read_text() == "mine"


def test_a_report_among_the_shards_is_refused(world: Path, inside: Inside) -> None:
    inside(*SELECT).silent()
    said = "out/report.json is in out, which holds shards only; name one elsewhere"
    inside(*SELECT, RESUME, "--report", "out/report.json").refused(2, said)
    assert is_complete(world / "out")


def test_a_folder_that_was_there_and_empty_is_filled(world: Path, inside: Inside) -> None:
    (world / "out").mkdir()
    inside(*SELECT).silent()
    assert is_complete(world / "out")


@pytest.mark.parametrize("which", ["out", "no", "bad"])
def test_a_folder_of_somebody_else_is_left_alone(world: Path, inside: Inside, which: str) -> None:
    (world / which).mkdir()
    (world / which / "part-0.jsonl").write_text("mine")
    command = (*SELECT, "--rejects", "no", "--on-error", "bad")
    inside(*command).refused(1, f"{which}: exists already; name a new folder")
    inside(*command, RESUME).refused(1, f"{which}: not made by this command; name a new folder")
    assert (world / which / "part-0.jsonl").read_text() == "mine"
    assert files(world / which) == {"part-0.jsonl"}


def test_a_manifest_of_another_program_is_refused(world: Path, inside: Inside) -> None:
    write(world / "out" / "_manifest.json", [b'{"files": []}'])
    inside(*SELECT, RESUME).refused(1, "out/_manifest.json: damaged, or not ours")


DAMAGE: dict[str, tuple[str, tuple[str, ...]]] = {
    "a note": (f"notes/scored/{NAMES[0]}.json", ()),
    "the list of shards": ("run.json", ()),
    "scores": (f"scores/{NAMES[0]}.npys", ("--top-k", "3")),
    "fields": (f"fields/{NAMES[0]}.zst", ("--top-k", "3")),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_damaged_between_two_runs_is_named(
    world: Path, inside: Inside, end: Ending, what: str
) -> None:
    name, rule = DAMAGE[what]
    end.comes(*WINNOW, *BEST)
    path = world / "out" / "_unfinished" / name
    path.write_bytes(b"]" * path.stat().st_size)
    inside(*WINNOW, *(rule or BEST), RESUME).refused(1, f"out/_unfinished/{name}: damaged")
    if rule:  # the advice works
        path.unlink()
        inside(*WINNOW, *rule, RESUME).silent()
        assert joined(world / "out") == expected(world, inside, *WINNOW, *rule)


@pytest.mark.parametrize("what", ["a note", "the list of shards"])
@pytest.mark.parametrize("size", [0, 20])
def test_a_note_that_lost_its_end_is_named(
    world: Path, inside: Inside, end: Ending, what: str, size: int
) -> None:
    name, _ = DAMAGE[what]
    end.comes(*WINNOW, *BEST)
    os.truncate(world / "out" / "_unfinished" / name, size)
    inside(*WINNOW, *BEST, RESUME).refused(1, f"out/_unfinished/{name}: damaged")


@pytest.mark.parametrize(
    "name", ["part-0.jsonl", *(f"_unfinished/{DAMAGE[each][0]}" for each in ("scores", "fields"))]
)
@pytest.mark.parametrize("size", [0, 10])
def test_a_file_that_lost_its_end_is_made_anew(
    world: Path, inside: Inside, end: Ending, name: str, size: int
) -> None:
    """As after a power failure: the note of it was on disk before all of its data."""
    end.comes(*WINNOW, *BEST)
    assert (world / "out" / name).stat().st_size > size
    os.truncate(world / "out" / name, size)
    inside(*WINNOW, *BEST, RESUME).silent()
    assert joined(world / "out") == expected(world, inside, *WINNOW, *BEST)


def test_what_a_killed_worker_left_is_cleared_away(world: Path, inside: Inside) -> None:
    write(world / "out" / "_unfinished" / "run.json", [b'{"shards": ["old.jsonl"]}'])
    write(world / "out" / "old.jsonl", [])
    write(world / "out" / ".part-0.jsonl.0123456789ab.tmp", [b"half"])
    inside(*SELECT, RESUME).silent()
    assert files(world / "out") == {*NAMES, "_manifest.json"}


# -- Who else is there ---------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["out", "no"])
def test_two_runs_do_not_write_into_one_folder(
    world: Path, inside: Inside, end: Ending, folder: str
) -> None:
    command = (*SELECT, *BEST, "--rejects", "no", RESUME)
    end.comes(*command)
    with (world / folder / "_unfinished" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = {name: (world / name).read_bytes() for name in files(world)}
        said = f"{folder}/_unfinished: another run is at work there; wait for it"
        inside(*command).refused(1, said)
        assert {name: (world / name).read_bytes() for name in files(world)} == before
    inside(*command).silent()
    assert joined(world / "out") == expected(world, inside, *command)


def test_a_run_that_ended_meanwhile_is_noticed(
    world: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes some seconds to start a cluster."""
    begin = Checkpoint.begin

    def begin_late(checkpoint: Checkpoint, shards: Sequence[Shard]) -> None:
        monkeypatch.setattr(Checkpoint, "begin", begin)
        inside(*SELECT, *BEST).silent()
        checkpoint.begin(shards)

    monkeypatch.setattr(Checkpoint, "begin", begin_late)
    inside(*SELECT).refused(1, "out: another run wrote there just now; run again")
    assert is_complete(world / "out")
    assert joined(world / "out") == expected(world, inside, *SELECT, *BEST)


# -- What goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [(), BEST], ids=["all", "best"])
@pytest.mark.parametrize("seed", range(3))
def test_the_first_bad_record_in_input_order_is_told_of_as_here(
    world: Path, inside: Inside, here: Here, rule: tuple[object, ...], seed: int
) -> None:
    here.seed = seed
    lines = pool()
    lines[30], lines[35], lines[50] = b"{", b"[]", b'"x"'
    split(world / "pool", lines, [20, 20], ["", ".gz", ""])
    paths = [f"pool/{name}" for name in NAMES]
    local = inside("select", "--by", "x", *rule, *paths, "-o", "local", "-q")
    found = inside(*SELECT, *rule)
    assert (found.code, found.err) == (local.code, local.err)
    found.refused(1, "pool/part-1.jsonl.gz:11: ")
    assert not is_complete(world / "out")
    inside("select", "--by", "x", "out", "--engine", "ray", "-o", "more").refused(
        1, "out: an unfinished output"
    )


def test_what_is_kept_of_a_run_that_failed_is_said(world: Path, inside: Inside, here: Here) -> None:
    here.fails[f"ScoreAndWrite {NAMES[1]}"] = InputError("pool/part-1.jsonl.gz: broken")
    found = inside(*(each for each in SELECT if each != "-q"))
    assert found.code == 1
    assert found.err == (
        "dataselect: out: not complete; --resume keeps what is done\n"
        "dataselect: pool/part-1.jsonl.gz: broken\n"
    )


def test_a_corrupt_shard_is_named_and_the_rest_is_not_done_again(
    world: Path, inside: Inside, here: Here
) -> None:
    whole = (world / "pool" / NAMES[1]).read_bytes()
    (world / "pool" / NAMES[1]).write_bytes(whole[:-9])
    inside(*SELECT).refused(1, "pool/part-1.jsonl.gz: .gz data ends too early")
    assert ran(here) >= tasks("ScoreAndWrite", 0, 1)
    (world / "pool" / NAMES[1]).write_bytes(whole)
    inside(*SELECT, RESUME).silent()
    assert tasks("ScoreAndWrite", 1) <= ran(here) <= tasks("ScoreAndWrite", 1, 2)
    assert joined(world / "out") == expected(world, inside, *SELECT)


@pytest.mark.parametrize("lines", [RECORDS, 3], ids=["longer", "shorter"])
def test_a_shard_that_changes_between_scoring_and_writing_is_refused(
    world: Path, inside: Inside, here: Here, lines: int
) -> None:
    here.before[f"Write {NAMES[0]}"] = lambda: write(world / "pool" / NAMES[0], pool(lines, 7))
    inside(*SELECT, *BEST).refused(1, "pool/part-0.jsonl: changed while it was used; run again")
    assert not is_complete(world / "out")
    inside(*SELECT, *BEST, RESUME).silent()
    assert joined(world / "out") == expected(world, inside, *SELECT, *BEST)


def test_a_shard_that_is_gone_is_named(world: Path, inside: Inside, here: Here) -> None:
    here.before[f"ScoreAndWrite {NAMES[2]}"] = (world / "pool" / NAMES[2]).unlink
    inside(*SELECT).refused(1, "pool/part-2.jsonl: No such file")


def test_an_output_that_cannot_be_written_names_the_shard(
    world: Path, inside: Inside, here: Here
) -> None:
    here.before[f"ScoreAndWrite {NAMES[1]}"] = (world / "out" / NAMES[1]).mkdir
    inside(*SELECT).refused(1, "pool/part-1.jsonl.gz: ", "out/part-1.jsonl.gz: Is a directory")


# -- Requirements --------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", [("--min-records", 10), ("--threshold", 1e-9)])
def test_a_requirement_leaves_no_shards_and_a_looser_selection_scores_nothing_again(
    world: Path, inside: Inside, here: Here, requirement: tuple[object, ...]
) -> None:
    command = (*WINNOW, *BEST, "--rejects", "no", "--on-error", "bad")
    code = inside(*command, *requirement)
    code.refused(3)
    for folder in ("out", "no"):
        assert not {name for name in files(world / folder) if "_unfinished" not in name}
    ran(here)
    inside(*command, RESUME).silent()
    assert ran(here) == tasks("Write")
    assert is_complete(world / "out")
    assert is_complete(world / "no")
    assert joined(world / "out") == expected(world, inside, *WINNOW, *BEST)


def test_a_requirement_takes_back_what_streamed(world: Path, inside: Inside) -> None:
    inside(*SELECT, "--threshold", 2).refused(3, "nothing was kept of 60 records")
    assert not {name for name in files(world / "out") if "_unfinished" not in name}


# -- What is refused -----------------------------------------------------------------------------

REFUSED: dict[str, tuple[tuple[object, ...], str]] = {
    "no folder": (("pool",), "give -o FOLDER"),
    "an order of all": (("pool", "-o", "out", "--sort"), "--sort"),
    "a sweep": (("pool", "-o", "out", "--auto", "music.arpa"), "--auto"),
    "standard input": (("-", "-o", "out"), "<stdin>"),
    "standard input by default": (("-o", "out"), "<stdin>"),
    "input that is written": (("pool", "-o", "pool"), "pool is written, and pool/part-0"),
    "input below what is written": (("pool", "-o", "."), ". is written, and pool/part-0"),
    "output in the input": (("pool", "-o", "pool/out"), "pool/out"),
    "output in the input, in a list": (("@list.txt", "-o", "pool/out"), "pool/out"),
    "rejects in the input": (("pool", "-o", "out", "--rejects", "pool/no"), "pool/no"),
    "rejects in the output": (("pool", "-o", "out", "--rejects", "out/no"), "overlap"),
    "output in the rejects": (("pool", "-o", "no/out", "--rejects", "no"), "overlap"),
    "bad records with the output": (("pool", "-o", "out", "--on-error", "out"), "overlap"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(world: Path, inside: Inside, here: Here, case: str) -> None:
    (world / "list.txt").write_text("pool\n")
    before = files(world)
    arguments, words = REFUSED[case]
    inside("select", "--by", "x", "--engine", "ray", *arguments).refused(2, words)
    assert files(world) == before
    assert here.ran == []


def test_what_a_model_is_read_from_is_not_written_to(world: Path, inside: Inside) -> None:
    (world / "out").mkdir()
    (world / "music.arpa").rename(world / "out" / "music.arpa")
    command = (str(each).replace("music", "out/music") for each in WINNOW)
    inside(*command, RESUME).refused(2, "out is written, and out/music.arpa is read")


@pytest.mark.parametrize("option", [("--resume",), ("--ray-address", "auto")])
def test_options_of_ray_are_refused_without_it(
    world: Path, inside: Inside, option: tuple[str, ...]
) -> None:
    paths = [f"pool/{name}" for name in NAMES]
    inside("select", "--by", "x", *option, *paths, "-o", "new").refused(2, option[0], "--engine")


def test_a_model_is_fitted_on_shards_and_nothing_is_written(world: Path, inside: Inside) -> None:
    write(world / "music.jsonl", [json.dumps({"text": f"play jazz {n}"}).encode() for n in "abcd"])
    fit = ("relevance", "--in-domain", "music.jsonl", "--fit-only", "-q")
    paths = [f"pool/{name}" for name in NAMES]
    inside(*fit, "--save-model", "local", *paths).silent()
    inside(*fit, "--save-model", "ray", "pool", "--engine", "ray").silent()
    assert (world / "ray").read_bytes() == (world / "local").read_bytes()


# -- Behind URLs ---------------------------------------------------------------------------------


def test_shards_and_output_may_be_behind_urls(
    world: Path, inside: Inside, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])
    memory = fsspec.filesystem("memory")
    for name in NAMES:
        memory.pipe_file(f"/lake/pool/{name}", (world / "pool" / name).read_bytes())
    command = (*(each for each in WINNOW if each not in ("pool", "out", "-o")), *BEST)
    written = ("-o", "memory://lake/out", "--rejects", "memory://lake/no")
    here.dies_after = 4
    with pytest.raises(Died):
        inside(*command, "memory://lake/pool", *written)
    here.dies_after = None
    inside(*command, "memory://lake/pool", *written, RESUME).silent()
    inside(*WINNOW, *BEST, "--rejects", "no").silent()
    for folder in ("out", "no"):
        found = {path.split("/")[-1] for path in memory.find(f"/lake/{folder}")}
        assert found == {*NAMES, "_manifest.json"}
        for name in NAMES:
            there, local = memory.cat(f"/lake/{folder}/{name}"), (world / folder / name)
            assert there == local.read_bytes()


# -- Keys are exact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1234566, 0.1234574),
        (0.1 + 0.2, 0.3),
        (float("inf"), float("-inf")),
        (float("inf"), None),
        (float("nan"), None),
        (Fraction(1, 3), Fraction(333_333, 1_000_000)),
        (1, 1.0),
        (1, True),
        (2**70, 2**70 + 1),
        ("", None),
        (["a", "b"], ["ab"]),
    ],
)
def test_keys_of_other_values_differ(one: Any, other: Any) -> None:
    assert digest({"x": one}) != digest({"x": other})
    assert digest({"x": one}) == digest({"x": one})


def test_what_has_no_exact_form_makes_no_key() -> None:
    with pytest.raises(TypeError):
        digest(np.zeros(3))


def test_thresholds_that_print_alike_are_told_apart(
    world: Path, inside: Inside, here: Here, end: Ending
) -> None:
    end.comes(*SELECT, "--threshold", "0.1234566")
    inside(*SELECT, RESUME, "--threshold", "0.1234574").silent()
    assert ran(here) == tasks("ScoreAndWrite")


def test_a_shard_without_identity_is_done_again(
    world: Path, inside: Inside, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def size_alone(path: str) -> storage.Status:
        size = Path(path).stat().st_size
        return storage.Status(size, str(size))

    known = storage.status
    monkeypatch.setattr(
        storage, "status", lambda path: (size_alone if path.startswith("pool") else known)(path)
    )
    inside(*SELECT, *BEST).silent()
    ran(here)
    found = inside(*[each for each in SELECT if each != "-q"], *BEST, RESUME)
    assert found.code == 0
    assert "3 shards are done again: nothing tells whether they have changed" in found.err
    assert ran(here) >= tasks("ScoreShard")


@pytest.mark.parametrize(
    "change",
    [{"shards": {"../x": "y"}}, {"shards": 3}, {"key": 1}, {"sizes": [{"a": -1}]}, {"per": [1]}],
    ids=str,
)
def test_a_manifest_of_other_types_is_refused(
    world: Path, inside: Inside, change: dict[str, Any]
) -> None:
    inside(*SELECT, *BEST).silent()
    manifest = world / "out" / "_manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    inside(*SELECT, *BEST, RESUME).refused(1, "_manifest.json: damaged, or not ours")


def test_shards_are_jsonl(world: Path, inside: Inside) -> None:
    inside(*SELECT, "--from", "csv").refused(2, "--from csv: with --engine ray, shards are JSONL")
    inside(*SELECT, "--to", "csv").refused(2, "--to csv: with --engine ray, shards are JSONL")
    (world / "pool" / "part.csv.gz").write_bytes(b"")
    inside(*SELECT).refused(2, "part.csv.gz: csv, and with --engine ray shards are JSONL")
    assert not (world / "out").exists()
