"""Pipes wherever a file may be named, and the true error where a pool is sampled first."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import MUSIC_ARPA, Inside, Shell

_SAID = ["play jazz now", "play some jazz", "it rained all day", "we left", "play it"]


@pytest.fixture
def files(tmp_path: Path, model: Path) -> Path:
    """Small inputs of every kind; `slowly FILE` writes a file in two pieces."""
    (tmp_path / "music.arpa").write_text(MUSIC_ARPA)
    (tmp_path / "r.model").write_bytes(model.read_bytes())
    lists = [{"text": text, "score": -place} for place, text in enumerate(_SAID)]
    found = [
        {"id": n, "text": text, "intent": text[:1], "src": "x", "tgt": text, "nbest": lists}
        for n, text in enumerate(_SAID)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in found))
    own = ["play the blues", "put on rock", "some music now", "jazz is on", "louder please"]
    lines = [json.dumps({"text": text, "intent": text[:1]}) for text in own]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    np.save(tmp_path / "in.npy", np.tri(len(own), 4, dtype=np.float32) + 0.1)
    np.save(tmp_path / "v.npy", np.eye(len(_SAID), 4, dtype=np.float32) + 0.5)
    weights = {"format": "dataselect rescoring weights 1"}
    (tmp_path / "w.json").write_text(json.dumps(weights))
    return tmp_path


_SLOWLY = 'slowly() { head -c 3 "$1"; sleep 0.2; tail -c +4 "$1"; }; '
_READ = {
    "a background of text": ("winnow --lm music.arpa --background @ a.jsonl", "a.jsonl"),
    "a background that is a model": ("winnow --lm music.arpa --background @ a.jsonl", "music.arpa"),
    "a language model": ("winnow --lm @ a.jsonl", "music.arpa"),
    "a language model for workers": ("winnow --lm @ --jobs 2 a.jsonl", "music.arpa"),
    "a language model to evaluate": ("lm eval --lm @ --format json a.jsonl", "music.arpa"),
    "a language model to mix": ("lm mix @ music.arpa --weights 0.5,0.5", "music.arpa"),
    "a language model to rescore with": ("rescore --lm @ a.jsonl", "music.arpa"),
    "a model of relevance": ("relevance --model @ a.jsonl", "r.model"),
    "vectors": ("diversity --method kcenter --top-k 2 --vectors @ a.jsonl", "v.npy"),
    "vectors of in-domain text": (
        "bitext --vectors v.npy --rule centroid --in-domain-vectors @ a.jsonl",
        "in.npy",
    ),
    "a pool that is checked": ("check --test in.jsonl @", "a.jsonl"),
    "annotated records to compare with": ("check --labelled @ a.jsonl", "in.jsonl"),
    "a test set": ("check --test @ a.jsonl", "in.jsonl"),
    "a pool that is sampled": ("relevance --in-domain in.jsonl @", "a.jsonl"),
}


@pytest.mark.parametrize(("command", "file"), _READ.values(), ids=_READ)
def test_a_pipe_is_read_whole(
    shell: Shell,
    inside: Inside,
    files: Path,
    command: str,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (files / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(files / "temporary"))
    inside(*command.replace("@", file).split(), "-q", "-o", "whole").silent()
    piped = f'<(slowly "{file}")'
    found = shell(f"{_SLOWLY} dataselect {command.replace('@', piped)} -q").silent()
    assert found.replace(b"/dev/fd/63", file.encode()) == (files / "whole").read_bytes()
    assert len(found) > 0
    assert list((files / "temporary").iterdir()) == []


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_standard_input_is_one_file_whatever_it_is_called(
    shell: Shell, files: Path, name: str
) -> None:
    run = shell(f"cat a.jsonl | dataselect relevance -q --in-domain {name} --top-k 1 -")
    run.refused(2, "standard input can be read once: give '-' to one option only")
    found = shell(f"cat a.jsonl | dataselect select --by id --top-k 2 -q {name}").silent()
    assert found == b"".join((files / "a.jsonl").read_bytes().splitlines(keepends=True)[-2:])


def test_a_pipe_given_twice_is_refused(shell: Shell, files: Path) -> None:
    run = shell(
        "mkfifo pipe; cat a.jsonl > pipe & dataselect relevance -q --in-domain pipe ./pipe; "
        "code=$?; cat pipe > /dev/null; exit $code"
    )
    run.refused(2, "./pipe and pipe: a pipe can be read once; give it to one option")


def test_nothing_given_twice_is_no_pipe(shell: Shell, files: Path) -> None:
    shell("dataselect select --by id -q --allow-empty /dev/null /dev/null").silent()


# -- Sampling ------------------------------------------------------------------------------------

_SAMPLES = {
    "relevance": "relevance --in-domain in.jsonl",
    "relevance that is only fitted": "relevance --in-domain in.jsonl --fit-only --save-model m",
    "winnow": "winnow --in-domain in.jsonl --background auto",
    "label": "label --labelled in.jsonl --uncalibrated",
    "diversity": "diversity --top-k 1",
    "discover": "discover --keep-ungrouped",
    "bitext": "bitext --in-domain in.jsonl",
    "check": "check",
}
_POOLS = {
    "CSV": ("text,intent\nplay jazz,x\n", "pool:1: not JSON", "give --from csv"),
    "text": ("play jazz\n", "pool:1: not JSON", "give --from text"),
    "Parquet": ("PAR1\x15\x04\n", "pool: not Parquet, or damaged"),
    "without the field": ('{"utt": "a", "id": 1}\n', "pool:1: field '", "there are 'utt', 'id'"),
    "UTF-16": ("\N{ZERO WIDTH NO-BREAK SPACE}{}\n", "pool:1: is UTF-16; convert it"),
}


@pytest.mark.parametrize("command", _SAMPLES.values(), ids=_SAMPLES)
@pytest.mark.parametrize("name", _POOLS)
def test_a_pool_that_is_sampled_tells_its_first_bad_record(
    inside: Inside, files: Path, command: str, name: str
) -> None:
    data, *words = _POOLS[name]
    (files / "pool").write_bytes(data.encode("utf-16-le" if name == "UTF-16" else "utf-8"))
    run = inside(
        *command.split(), "-q", *([] if "--fit-only" in command else ["-o", "out"]), "pool"
    )
    run.refused(1, *words)
    assert not (files / "out").exists()
    assert not (files / "m").exists()


def test_the_error_is_that_of_the_first_bad_record(inside: Inside, files: Path) -> None:
    good = (files / "a.jsonl").read_text()
    (files / "pool").write_text(good + "{}\n" + 50 * "[]\n" + good)
    for command in _SAMPLES.values():
        run = inside(*command.split(), "-q", "pool")
        run.refused(1, "pool:6: field '", "the record has no field")


def test_bad_records_are_counted_once_where_they_are_skipped(inside: Inside, files: Path) -> None:
    good = (files / "a.jsonl").read_text()
    (files / "pool").write_text(good + "{}\n[]\n")
    for command in _SAMPLES.values():
        end = [] if "--fit-only" in command else ["-o", "out", "--report", "report.json"]
        run = inside(*command.split(), "--on-error", "bad", "pool", *end)
        assert run.code == 0
        assert "2 bad records" in run.err
        assert (files / "bad").read_text().count("\n") == 2
        if end:
            counts = json.loads((files / "report.json").read_bytes())["counts"]
            assert (counts["read"], counts["errors"]) == (7, 2)


def test_where_all_is_bad_the_first_reason_is_given(inside: Inside, files: Path) -> None:
    (files / "pool").write_text("text\n")
    for command in ("relevance --in-domain in.jsonl", "label --labelled in.jsonl --uncalibrated"):
        run = inside(*command.split(), "--on-error", "skip", "-q", "pool")
        run.refused(3, "the input holds no good record (the first: pool:1: not JSON")
