"""`dataselect translate`: records with lists, bad ones, workers, clusters, and a run that dies."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Outcome
from in_process_cluster import Died, Here

NEEDED = ("transformers", "sentencepiece", "ctranslate2")
pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extras 'neural' and 'ct2'"
)
RECORDS = [
    {"id": number, "text": text, "intent": "play_music"}
    for number, text in enumerate(
        ["spiel etwas jazz", "regnet es morgen", "spiel bitte jazz", "wird es regnen"] * 10
    )
]
Inside = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(record) for record in RECORDS]
    (tmp_path / "pool.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def test_records_keep_their_fields_and_get_lists(inside: Inside, tiny_ct2: Path) -> None:
    options = ["--model", str(tiny_ct2), "--nbest", "3", "--report", "report.json"]
    assert inside("translate", *options, "-o", "out.jsonl", "pool.jsonl").code == 0
    found = rows("out.jsonl")
    assert [{name: row[name] for name in RECORDS[0]} for row in found] == RECORDS
    for row in found:
        scores = [each["score"] for each in row["nbest"]]
        assert scores == sorted(scores, reverse=True)
        assert row["translation"] == row["nbest"][0]
        assert set(row["nbest"][0]) == {"text", "score", "tokens"}
    report = json.loads(Path("report.json").read_text())
    assert report["translate"]["kind"] == "ctranslate2"
    assert report["counts"]["kept"] == len(RECORDS)


def test_selection_goes_by_the_score_of_the_first_hypothesis(
    inside: Inside, tiny_ct2: Path
) -> None:
    assert inside("translate", "--model", str(tiny_ct2), "-o", "all", "pool.jsonl").code == 0
    options = ["--model", str(tiny_ct2), "--top-k", "20", "--rejects", "rest"]
    assert inside("translate", *options, "-o", "best", "pool.jsonl").code == 0
    kept, dropped = rows("best"), rows("rest")
    assert (len(kept), len(dropped)) == (20, 20)
    assert min(row["translation"]["score"] for row in kept) >= max(
        row["translation"]["score"] for row in dropped
    )
    again = inside("select", "--by", "translation.score", "--top-k", "20", "-o", "again", "all")
    assert again.code == 0
    assert rows("again") == kept


@pytest.mark.parametrize("kind", ["transformers", "ctranslate2"])
def test_workers_give_the_same_bytes(
    inside: Inside, tiny_translator: Path, tiny_ct2: Path, kind: str
) -> None:
    model = tiny_ct2 if kind == "ctranslate2" else tiny_translator
    big = [json.dumps({"text": row["text"]}) for row in RECORDS * 14]  # more than one block
    Path("big.jsonl").write_text("\n".join(big) + "\n")
    for jobs in "1", "2":
        options = ["--model", str(model), "--device", "cpu", "--jobs", jobs, "-q"]
        assert inside("translate", *options, "-o", f"{jobs}.jsonl", "big.jsonl").code == 0
    assert Path("1.jsonl").read_bytes() == Path("2.jsonl").read_bytes()


def test_a_bad_record_costs_one_record(inside: Inside, tiny_ct2: Path) -> None:
    with open("pool.jsonl", "a") as file:
        file.write('{"text": ""}\n{"text": 7}\n')
    options = ["--model", str(tiny_ct2), "-o", "out.jsonl", "pool.jsonl"]
    refused = inside("translate", *options)
    assert refused.code == 1
    assert "pool.jsonl:41: field 'text' is empty" in refused.err
    assert not Path("out.jsonl").exists()
    outcome = inside("translate", "--on-error", "bad.jsonl", *options)
    assert outcome.code == 0
    assert (len(rows("out.jsonl")), len(rows("bad.jsonl"))) == (40, 2)


def test_a_text_that_is_too_long_is_cut_and_counted(inside: Inside, tiny_ct2: Path) -> None:
    Path("long.jsonl").write_text(json.dumps({"text": "spiel jazz " * 400}) + "\n")
    outcome = inside("translate", "--model", str(tiny_ct2), "-o", "out.jsonl", "long.jsonl")
    assert "1 records have a text longer than the model reads" in outcome.err
    assert rows("out.jsonl")[0]["translation"]["cut"] is True


def test_a_list_of_another_command_is_replaced_with_a_warning(
    inside: Inside, tiny_ct2: Path
) -> None:
    Path("asr.jsonl").write_text('{"text": "spiel jazz", "nbest": [{"text": "spiel"}]}\n')
    options = ["--model", str(tiny_ct2), "-o", "out.jsonl"]
    assert "had another 'nbest'" in inside("translate", *options, "asr.jsonl").err
    Path("asr.jsonl").write_bytes(Path("out.jsonl").read_bytes())
    assert "had another" not in inside("translate", *options, "asr.jsonl").err


def test_a_folder_that_is_no_model_is_refused_before_anything_is_written(inside: Inside) -> None:
    Path("empty").mkdir()
    outcome = inside("translate", "--model", "empty", "-o", "out.jsonl", "pool.jsonl")
    assert outcome.code == 1
    assert "empty: no translation model" in outcome.err
    assert not Path("out.jsonl").exists()


def test_slots_are_carried_along_by_pairs(inside: Inside, tiny_ct2: Path) -> None:
    slot = {"slot": "genre", "start": 6, "end": 10, "value": "jazz"}
    record = {"text": "spiel jazz", "slots": [slot]}
    Path("annotated.jsonl").write_text(json.dumps(record) + '\n{"text": "regnet es"}\n')
    options = ["--model", str(tiny_ct2), "-o", "out.jsonl", "annotated.jsonl"]
    outcome = inside("translate", *options)
    assert "1 records have slots, which their translations do not get" in outcome.err
    [first, _] = rows("out.jsonl")
    words = dict.fromkeys(" ".join(each["text"] for each in first["nbest"]).split())
    pairs = [{"src": "jazz", "tgt": word} for word in list(words)[:1]] * 3
    Path("pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    assert inside("translate", "--align-on", "pairs.jsonl", *options).code == 0
    [carried, plain] = rows("out.jsonl")
    assert carried["slots"] == [slot]
    for hypothesis in carried["nbest"]:
        assert 0 <= hypothesis["slots_confidence"] <= 1
        for own in hypothesis["slots"]:
            assert own["slot"] == "genre"
            assert own["value"] == hypothesis["text"][own["start"] : own["end"]]
    assert carried["nbest"][0]["slots"]
    assert "slots" not in plain["nbest"][0]


def test_rescoring_reads_the_lists(inside: Inside, tiny_ct2: Path) -> None:
    Path("target.txt").write_text("play some jazz\nwill it rain tomorrow\n" * 5)
    assert inside("translate", "--model", str(tiny_ct2), "-o", "n.jsonl", "pool.jsonl").code == 0
    options = ["--in-domain", "target.txt", "--text-field", "text_en", "-o", "best.jsonl"]
    assert inside("rescore", *options, "n.jsonl").code == 0
    lists = {row["id"]: [each["text"] for each in row["nbest"]] for row in rows("n.jsonl")}
    for row in rows("best.jsonl"):
        assert row["text_en"] in lists[row["id"]]
        assert row["text"] == RECORDS[row["id"]]["text"]


def test_a_run_that_was_killed_goes_on_in_its_cache(tiny_ct2: Path, inside: Inside) -> None:
    texts = [f"spiel etwas jazz {'bitte ' * (number % 9)}{number}" for number in range(1500)]
    Path("big.jsonl").write_text("".join(json.dumps({"text": each}) + "\n" for each in texts))
    translating = ["--model", str(tiny_ct2), "--beam", "1", "--nbest", "1", "-q"]
    options = [*translating, "--cache", "cache", "-o", "out.jsonl", "big.jsonl"]
    command = [sys.executable, "-m", "dataselect", "translate", *options]
    with subprocess.Popen(command) as running:
        while not kept("cache") and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    before = kept("cache")
    assert 0 < before < len(texts)
    assert not Path("out.jsonl").exists()
    assert inside("translate", *options).code == 0
    assert len(rows("out.jsonl")) == len(texts)
    assert kept("cache") == len(texts)
    assert inside("translate", *translating, "-o", "anew.jsonl", "big.jsonl").code == 0
    found, anew = rows("out.jsonl"), rows("anew.jsonl")
    assert [row["translation"]["text"] for row in found] == [
        row["translation"]["text"] for row in anew
    ]


def test_shards_go_on_and_are_translated_as_files_are(
    inside: Inside, tiny_ct2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec")
    from dataselect.execution.distributed.ray_engine import ray_cluster

    here = Here()
    monkeypatch.setattr(ray_cluster, "RayCluster", lambda *_: here)
    Path("pool").mkdir()
    for number in range(3):
        own = RECORDS[number * 13 : number * 13 + 13]
        text = "".join(json.dumps(record) + "\n" for record in own)
        Path(f"pool/part-{number}.jsonl").write_text(text)
    options = ["--model", str(tiny_ct2), "-q", "-o", "out", "--engine", "ray", "pool"]
    here.dies_after = 2
    with pytest.raises(Died):
        inside("translate", *options)
    here.dies_after = None
    here.ran.clear()
    assert inside("translate", "--resume", *options).code == 0
    assert len(here.ran) == 1
    for number in range(3):
        name = f"part-{number}.jsonl"
        assert inside("translate", *options[:2], "-q", "-o", name, f"pool/{name}").code == 0
        assert Path(f"out/{name}").read_bytes() == Path(name).read_bytes()


def kept(cache: str) -> int:
    """How many translations a cache has."""
    import sqlite3
    from contextlib import closing

    files = list(Path(cache).glob("*.sqlite")) if os.path.isdir(cache) else []
    if not files:
        return 0
    try:
        with closing(sqlite3.connect(files[0])) as connection:
            return int(connection.execute("SELECT count(*) FROM translations").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0
