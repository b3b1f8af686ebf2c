"""Runs over shards: the same bytes, counts and messages as those of one machine."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from conftest import MUSIC_ARPA, Outcome, run_inside
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_process_cluster import (
    COMPRESS,
    MUSIC,
    RECORDS,
    WEATHER,
    Here,
    joined,
    pool,
    sentence,
    split,
    write,
)
from small_models import Overlap

import dataselect
from dataselect.data.fields import POSITION, Column
from dataselect.data.input_files import Inputs
from dataselect.data.sampling import sample_columns, total_records
from dataselect.errors import OptionError, OutputError
from dataselect.execution.distributed.ray_engine import ray_cluster
from dataselect.execution.distributed.shard_pool import ShardPool
from dataselect.execution.distributed.shards import resolve
from dataselect.models.paraphrase_detector import detector as detectors

SELECT = ("select", "--by", "x")


def texts(path: Path, words: Sequence[str], count: int = 30) -> None:
    draw = random.Random(path.name)
    found = [{"text": sentence(draw, words), "intent": path.stem} for _ in range(count)]
    write(path, [json.dumps(each).encode() for each in found])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """A folder with shards, and what commands score them with."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "model").write_bytes(model.read_bytes())
    (folder / "music.arpa").write_text(MUSIC_ARPA)
    texts(folder / "music.jsonl", MUSIC)
    texts(folder / "weather.jsonl", WEATHER)
    lists = pool(20, seed=1)
    write(folder / "dev.jsonl", lists)
    rng = np.random.default_rng(0)
    for name, rows in ("pool", RECORDS), ("music", 30), ("src", RECORDS), ("tgt", RECORDS):
        np.save(folder / f"{name}.npy", rng.normal(size=(rows, 4)))
    split(folder / "pool", pool(), [20, 0, 1, 25], ["", ".gz", ".xz", ".zst", ""])
    return folder


@pytest.fixture
def world(shared: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared folder, as the working directory; nothing is written there."""
    monkeypatch.chdir(shared)
    monkeypatch.setattr(detectors.Detector, "load", lambda *_, **__: Overlap())
    return shared


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """The cluster of every run."""
    found = Here()
    monkeypatch.setattr(ray_cluster, "RayCluster", lambda *_: found)
    return found


COMPARED = ("signature", "inputs", "counts", "per", "cut", "quantiles", "warnings", "auto")


def report(path: Path) -> dict[str, Any]:
    """What a report says that does not depend on where the run was."""
    found = json.loads(path.read_bytes())
    return {name: found[name] for name in COMPARED} | {"order": list(found["inputs"])}


def same(out: Path, command: Sequence[object], shards: str = "pool") -> Outcome:
    """Run a command here and over shards, and assert that nothing differs. Returns the outcome."""
    out.mkdir(exist_ok=True)
    files = [shard.path for shard in resolve([shards])]
    errors = list(command).index("--on-error") if "--on-error" in command else None
    results = []
    for name, inputs in ("local", files), ("ray", [shards, "--engine", "ray"]):
        own = list(command)
        if errors is not None and own[errors + 1] == "bad":
            own[errors + 1] = out / f"{name}.bad"
        written = ("-o", out / name, "--rejects", out / f"{name}.no", "--report", out / name[0])
        results.append(run_inside(*own, *inputs, *written))
    local, ray = results
    assert (ray.code, ray.err) == (local.code, local.err)
    assert local.code == 0, local.err
    for suffix in ("", ".no", ".bad") if (out / "local.bad").exists() else ("", ".no"):
        assert joined(out / f"ray{suffix}") == (out / f"local{suffix}").read_bytes()
        assert (out / f"ray{suffix}" / "_manifest.json").exists()
        assert not (out / f"ray{suffix}" / "_unfinished").exists()
    assert report(out / "r") == report(out / "l")
    return ray


# -- The same bytes ------------------------------------------------------------------------------

ALIGN = ("--align", "vectors", "--vectors", "src=src.npy", "--vectors", "tgt=tgt.npy")
NEAR = ("--vectors", "pool.npy", "--in-domain-vectors", "music.npy")
DOMAIN = ("--in-domain", "music.jsonl")
TUNED = ("--tune", "dev.jsonl", "--metric", "wer", "--evaluate", "wer")
LABELLED = ("--labelled", "music.jsonl", "--labelled", "weather.jsonl")
PARAPHRASE = ("paraphrase", "score", "--detector", "d")
COMMANDS: dict[str, tuple[object, ...]] = {
    "relevance, a model": ("relevance", "--model", "model"),
    "relevance, fitted against the pool": ("relevance", *DOMAIN),
    "relevance with reasons": ("relevance", "--model", "model", "--explain", 2),
    "winnow": ("winnow", "--lm", "music.arpa"),
    "winnow, stock phrases": ("winnow", "--lm", "music.arpa", "--min-perplexity", 30),
    "winnow, a background": ("winnow", *DOMAIN, "--background", "auto", "--order", 2),
    "winnow, relevance": ("winnow", *DOMAIN, "--relevance", "--order", 2),
    "winnow, buckets": ("winnow", "--lm", "music.arpa", "--buckets", "10,60"),
    "label": ("label", *LABELLED),
    "label, self-training": ("label", *LABELLED, "--rounds", 1),
    "bitext": ("bitext", *DOMAIN, "--drop-copies", "--max-length-ratio", 2),
    "bitext, vectors": ("bitext", *NEAR),
    "bitext, alignment": ("bitext", *ALIGN),
    "rescore": ("rescore", "--lm", "music.arpa"),
    "rescore, adapted to the lists": ("rescore", *DOMAIN),
    "rescore, tuned": ("rescore", *DOMAIN, *TUNED),
    "select": SELECT,
    "pairs": PARAPHRASE,
    "the best match": (*PARAPHRASE, "--against", "music.jsonl"),
}
RULES: dict[str, tuple[object, ...]] = {
    "everything": (),
    "top-k": ("--top-k", 17),
    "share": ("--share", "30%"),
    "words": ("--budget", 60, "--cost", "words"),
    "chars": ("--budget", 300, "--cost", "chars"),
    "a field": ("--budget", 9, "--cost", "x"),
    "records": ("--budget", 7),
    "sample": ("--sample", 12, "--seed", 5),
    "per": ("--top-k", 3, "--per", "g"),
    "sample per": ("--sample", 3, "--per", "g"),
    "budget per": ("--budget", 20, "--cost", "words", "--per", "g"),
    "least and most": ("--share", "20%", "--per", "g", "--min-per", 2, "--max-per", 4),
    "most": ("--per", "g", "--max-per", 4),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_writes_what_it_writes_here(world: Path, tmp_path: Path, name: str) -> None:
    command = COMMANDS[name]
    same(tmp_path / "all", command)
    threshold = json.loads((tmp_path / "all" / "l").read_bytes())["quantiles"]["0.75"]
    same(tmp_path / "limit", (*command, "--threshold", threshold))
    assert 0 < joined(tmp_path / "limit" / "ray").count(b"\n") < RECORDS
    same(tmp_path / "both", (*command, "--threshold", threshold, *RULES["words"]))
    same(tmp_path / "per", (*command, *RULES["least and most"]))


def test_records_are_masked_as_here(world: Path, tmp_path: Path) -> None:
    lines = [b'{"text": "call 030 %d and %d", "x": [1.0]}' % (1234567 + n, n) for n in range(40)]
    split(tmp_path / "pool", lines, [7, 20], [".jsonl"] * 3)
    same(tmp_path, ("mask",), str(tmp_path / "pool"))
    report = json.loads((tmp_path / "r").read_bytes())
    assert report["mask"]["found"] == {"phone": 40}
    assert b"call <phone_1> and 1" in joined(tmp_path / "ray")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("limit", [(), ("--threshold", 0.3)], ids=["all", "threshold"])
def test_a_selection_keeps_what_it_keeps_here(
    world: Path, tmp_path: Path, rule: str, limit: tuple[object, ...]
) -> None:
    same(tmp_path, (*SELECT, *RULES[rule], *limit))


@pytest.mark.parametrize("name", ["relevance", "winnow", "bitext"])
def test_a_threshold_is_calibrated_as_here(world: Path, tmp_path: Path, name: str) -> None:
    same(tmp_path, (name, *DOMAIN, "--calibrate", 0.9))


def test_what_is_written_is_what_one_file_gives(world: Path, tmp_path: Path, here: Here) -> None:
    write(tmp_path / "whole.jsonl", pool())
    run_inside(*SELECT, "--top-k", 9, tmp_path / "whole.jsonl", "-o", tmp_path / "local", "-q")
    for seed in range(3):
        here.seed = seed
        ray = (*SELECT, "--top-k", 9, "pool", "--engine", "ray", "-o", tmp_path / f"{seed}", "-q")
        run_inside(*ray).silent()
        assert joined(tmp_path / f"{seed}") == (tmp_path / "local").read_bytes()


SPLITS: dict[str, list[int]] = {
    "one": [],
    "three": [20, 20],
    "seven": [1, 2, 3, 4, 5, 6],
    "empty ones": [0, 0, 10, 0, 50],
}


@pytest.mark.parametrize("sizes", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize("rule", ["everything", "a field", "least and most", "sample"])
def test_it_does_not_matter_how_the_pool_is_split(
    world: Path, tmp_path: Path, sizes: list[int], rule: str
) -> None:
    suffixes = (list(COMPRESS) * 2)[: len(sizes) + 1]
    split(tmp_path / "pool", pool(), sizes, suffixes)
    same(tmp_path, (*SELECT, *RULES[rule]), str(tmp_path / "pool"))


def test_blank_lines_line_ends_and_a_byte_order_mark_are_accepted(
    world: Path, tmp_path: Path
) -> None:
    lines = pool()
    folder = tmp_path / "pool"
    write(folder / "a.jsonl", [b"\xef\xbb\xbf" + lines[0], b"", *lines[1:20], b" "], b"\r\n")
    write(folder / "b.jsonl", [b"", b"\t"])
    (folder / "c.jsonl").write_bytes(b"\n".join(lines[20:]))
    for number, rule in enumerate(("everything", "a field", "sample")):
        same(tmp_path / f"{number}", ("winnow", "--lm", "music.arpa", *RULES[rule]), str(folder))
    same(tmp_path / "fitted", ("relevance", *DOMAIN), str(folder))


BAD = (b"{", b'{"text": 5}', b"[]", b"\xff", b'{"text": " "}', b'{"x": NaN}')


@pytest.mark.parametrize("rule", ["everything", "words", "sample per"])
@pytest.mark.parametrize("how", ["skip", "bad"])
def test_bad_records_are_left_out_as_here(world: Path, tmp_path: Path, rule: str, how: str) -> None:
    lines = pool()
    for place, bad in zip((0, 7, 19, 20, 21, 59), BAD, strict=True):
        lines[place] = bad
    split(tmp_path / "pool", lines, [20, 1, 0, 20], ["", ".gz", "", ".zst", ""])
    command = ("winnow", "--lm", "music.arpa", *RULES[rule], "--on-error", how)
    same(tmp_path, command, str(tmp_path / "pool"))
    assert json.loads((tmp_path / "r").read_bytes())["counts"]["errors"] == len(BAD)


@pytest.mark.parametrize("rule", ["everything", "words", "least and most"])
def test_copies_are_counted_as_here(world: Path, tmp_path: Path, rule: str) -> None:
    lines = [orjson.loads(line) for line in pool()]
    for place, line in enumerate(lines):
        line["text"] = line["text"] if place % 4 == 1 else ("Yes!", "yes")[place % 2]
    split(tmp_path / "pool", list(map(orjson.dumps, lines)), [5, 0, 20], [".zst", "", "", ".gz"])
    outcome = same(tmp_path, (*SELECT, *RULES[rule]), str(tmp_path / "pool"))
    assert " of these are copies of others" in outcome.err
    assert (" are 'Yes!'; --unique" in outcome.err) == (rule != "least and most")


@pytest.mark.parametrize("rule", ["everything", "words", "sample per", "least and most"])
@pytest.mark.parametrize(
    "left_out", [("--unique",), ("--exclude", "test"), ("--unique", "--exclude", "test")], ids=str
)
@pytest.mark.parametrize("command", [SELECT, ("winnow", "--lm", "music.arpa")], ids=str)
def test_copies_and_a_test_set_are_left_out_as_here(
    world: Path, tmp_path: Path, command: Sequence[str], left_out: Sequence[str], rule: str
) -> None:
    """Copies lie in several shards."""
    lines = [orjson.loads(line) for line in pool()]
    for place, line in enumerate(lines):
        line["text"] = line["text"] if place % 4 == 1 else ("Yes!", "yes", "rain", "now")[place % 4]
    split(tmp_path / "pool", list(map(orjson.dumps, lines)), [5, 0, 20], [".zst", "", "", ".gz"])
    write(tmp_path / "test.jsonl", [b'{"text": "Rain."}', b'{"text": "never said"}'])
    files = [str(tmp_path / "test.jsonl") if each == "test" else each for each in left_out]
    outcome = same(tmp_path, (*command, *RULES[rule], *files), str(tmp_path / "pool"))
    dropped = {each["rule"]: each["count"] for each in counted_reasons(tmp_path / "r")}
    assert ("a copy of a better record" in outcome.err) == ("--unique" in left_out)
    assert dropped.get("excluded", 15) == 15
    assert dropped.get("copy_of_better", 40) >= 20


def counted_reasons(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_bytes())["dropped"]
    return found


@pytest.mark.parametrize("command", ["bitext", "pairs", "the best match", "label", "rescore"])
def test_every_command_leaves_out_as_here(world: Path, tmp_path: Path, command: str) -> None:
    held = [orjson.loads(line) for line in pool()[3:20]]
    if command == "rescore":  # it compares the texts that it picks
        held = [{"text": best["text"]} for each in held for best in each["nbest"]]
    write(tmp_path / "test.jsonl", list(map(orjson.dumps, held)))
    same(tmp_path, (*COMMANDS[command], "--unique", "--exclude", tmp_path / "test.jsonl"))
    dropped = {each["rule"]: each["count"] for each in counted_reasons(tmp_path / "r")}
    assert dropped["excluded"] >= len(held) if command != "rescore" else dropped["excluded"]


@pytest.mark.parametrize("engine", [(), ("--engine", "ray", "--partitions", 2)], ids=str)
def test_diversity_picks_nothing_of_a_test_set(
    world: Path, tmp_path: Path, engine: Sequence[object]
) -> None:
    held = pool()[3:40]
    write(tmp_path / "test.jsonl", held)
    files = ["pool"] if engine else [shard.path for shard in resolve(["pool"])]
    options = ("--top-k", 60, "--exclude", tmp_path / "test.jsonl", "--report", tmp_path / "r")
    written = ("-o", tmp_path / "kept", "--rejects", tmp_path / "no")
    outcome = run_inside("diversity", *engine, *options, *written, *files)
    assert outcome.code == 0, outcome.err
    kept = joined(tmp_path / "kept") if engine else (tmp_path / "kept").read_bytes()
    found = {orjson.loads(line)["text"] for line in kept.splitlines()}
    assert found
    assert not found & {orjson.loads(line)["text"] for line in held}
    dropped = {each["rule"]: each["count"] for each in counted_reasons(tmp_path / "r")}
    assert dropped["excluded"] >= len(held)


@pytest.mark.parametrize("more", [(), ("--on-error", "skip")], ids=["fail", "skip"])
def test_where_a_model_is_only_fitted_bad_records_are_found_as_here(
    world: Path, tmp_path: Path, more: tuple[object, ...]
) -> None:
    lines = pool()
    lines[23] = b'{"text": 5}'
    split(tmp_path / "pool", lines, [20, 20], ["", ".gz", ""])
    fit = ("bitext", *DOMAIN, "--fit-only", *more)
    found = []
    for name, inputs in ("l", sorted((tmp_path / "pool").iterdir())), ("r", [tmp_path / "pool"]):
        engine = ("--engine", "ray") if name == "r" else ()
        model, run = tmp_path / f"{name}.model", tmp_path / f"{name}.json"
        outcome = run_inside(*fit, *engine, "--save-model", model, "--report", run, *inputs)
        found.append((outcome.code, outcome.err))
        if more:
            assert json.loads(run.read_bytes())["counts"]["errors"] == 1
    assert found[0] == found[1]
    assert (found[0][0], "part-1" in found[0][1]) == ((0, False) if more else (1, True))


def test_a_file_is_selected_from_python_as_here(world: Path, tmp_path: Path) -> None:
    model = dataselect.Relevance.load("model")
    options: dict[str, Any] = {"rejects": None, "on_error": "skip", "min_records": 3}
    files = [shard.path for shard in resolve(["pool"])]
    rule = dataselect.TopK(4, per="g")
    here = dataselect.select_file(files, model, rule, output=str(tmp_path / "here"), **options)
    ray = dataselect.select_file(
        "pool", model, rule, output=str(tmp_path / "ray"), engine="ray", **options
    )
    assert joined(tmp_path / "ray") == (tmp_path / "here").read_bytes()
    assert replace(ray, selection=here.selection) == here
    again = dataselect.select_file(
        "pool", model, rule, output=str(tmp_path / "ray"), engine="ray", resume=True, **options
    )
    assert again == ray
    with pytest.raises(OutputError, match="exists already"):
        dataselect.select_file("pool", model, rule, output=str(tmp_path / "ray"), engine="ray")
    with pytest.raises(OptionError, match="sort"):
        dataselect.select_file("pool", model, output="o", engine="ray", sort=True)


def test_nothing_is_said_of_a_run_that_is_quiet(world: Path, tmp_path: Path) -> None:
    run_inside(*SELECT, "pool", "--engine", "ray", "-o", tmp_path / "out", "-q").silent()


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_selection_of_any_split_is_the_same(
    world: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    lines = pool(data.draw(st.integers(1, 30), label="records"), seed=2)
    sizes: list[int] = []
    for _ in range(data.draw(st.integers(0, 4), label="cuts")):
        sizes.append(data.draw(st.integers(0, len(lines) - sum(sizes)), label="size"))
    split(folder / "pool", lines, sizes, ([".gz", "", "", ".zst", ""])[: len(sizes) + 1])
    rule = data.draw(st.sampled_from(sorted(RULES)), label="rule")
    more = data.draw(st.sampled_from([(), ("--threshold", 0.5)]), label="limit")
    command = (*SELECT, "--allow-empty", *RULES[rule], *more)
    same(folder, command, str(folder / "pool"))


# -- Sampling ------------------------------------------------------------------------------------


@given(
    lines=st.lists(st.sampled_from([b'{"text": "play"}', b'{"text": "rain"}', b"", b" ", b"{"])),
    cuts=st.lists(st.integers(0, 20), max_size=3),
    size=st.integers(1, 12),
    seed=st.integers(0, 3),
)
def test_a_sample_is_that_of_one_machine(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    cuts: list[int],
    size: int,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("sampled")
    ends = sorted(min(cut, len(lines)) for cut in cuts)
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    split(folder, lines, sizes, ["", ".gz", "", ".zst"][: len(sizes) + 1])
    shards = resolve([str(folder)])
    drawn = []
    for inputs in Inputs([shard.path for shard in shards]), ShardPool(shards, Here(seed=seed)):
        rng = np.random.default_rng(seed)
        columns = [Column.text("text"), POSITION]
        drawn.append(sample_columns(inputs, columns, size, rng, strict=False))
        drawn[-1].append([total_records(inputs), rng.random()])
    assert drawn[0] == drawn[1]
