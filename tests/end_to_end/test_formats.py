"""Files of other formats through the commands: told, read, written, and refused."""

import csv
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import Inside

from dataselect import Relevance, TopK, select_file
from dataselect.data.formats import FORMATS

MUSIC = ["play some jazz", "play the new song", "put on a record", "play jazz by miles"]
WEATHER = ["it rained all night", "the road was wet", "we left at noon", "snow fell on the hills"]
RASA = """version: "3.1"
nlu:
- intent: play_music
  examples: |
    - play some [jazz](genre)
    - play the new song
    - put on a record
- intent: stop
  examples: |
    - stop the music
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a text log and in-domain text."""
    log = [f"{text} {number}" for number in range(10) for text in (MUSIC + WEATHER)]
    (tmp_path / "log.txt").write_text("".join(f"{line}\n" for line in log))
    (tmp_path / "seed.txt").write_text("".join(f"{line}\n" for line in MUSIC))
    return tmp_path


def is_music(text: str) -> bool:
    return text.rpartition(" ")[0] in MUSIC


def test_rasa_and_a_text_log_to_csv(folder: Path, inside: Inside) -> None:
    pytest.importorskip("yaml")
    (folder / "nlu.yml").write_text(RASA)
    inside(
        *("relevance", "--in-domain", "nlu.yml", "log.txt", "--top-k", "20"),
        *("-o", "kept.csv", "--rejects", "rest.txt", "-q"),
    ).silent()
    with (folder / "kept.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["text", "relevance"]
    assert len(rows) == 20
    assert sum(is_music(row["text"]) for row in rows) >= 18
    rest = (folder / "rest.txt").read_text().splitlines()
    assert sorted(rest + [row["text"] for row in rows]) == sorted(
        (folder / "log.txt").read_text().splitlines()
    )


def test_ten_hours_of_a_nemo_manifest(folder: Path, inside: Inside) -> None:
    """NeMo calls its JSONL `.json`, and so is it written."""
    records = [
        {"audio_filepath": f"{number}.wav", "duration": 1800.0, "text": text}
        for number, text in enumerate((folder / "log.txt").read_text().splitlines())
    ]
    (folder / "manifest.json").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in records))
    inside(
        *("relevance", "--in-domain", "seed.txt", "manifest.json"),
        *("--budget", "10h", "--cost", "duration", "-o", "ten_hours.json", "-q"),
    ).silent()
    kept = [json.loads(line) for line in (folder / "ten_hours.json").read_text().splitlines()]
    assert len(kept) == 20
    assert sum(is_music(each["text"]) for each in kept) >= 18
    assert all(
        {**records[int(each["audio_filepath"][:-4])]}.items() <= each.items() for each in kept
    )


def test_moses_pairs_back_into_moses_files(folder: Path, inside: Inside) -> None:
    source = (folder / "log.txt").read_text().splitlines()
    (folder / "corpus.en").write_text("".join(f"{line}\n" for line in source))
    (folder / "corpus.de").write_text("".join(f"de: {line}\r\n" for line in source))
    run = (
        *("bitext", "--from", "moses", "corpus.en", "corpus.de", "--in-domain", "seed.txt"),
        *("--side", "src", "--top-k", "20", "-q"),
    )
    inside(*run, "--to", "moses", "-o", "kept.en,kept.de").silent()
    english = (folder / "kept.en").read_text().splitlines()
    german = (folder / "kept.de").read_text().splitlines()
    assert german == [f"de: {line}" for line in english]
    assert len(english) == 20
    assert sum(map(is_music, english)) >= 18
    inside(*run, "--to", "moses", "-o", "one").refused(2, "moses is 2 files", "FILE,FILE")
    inside(*run, "-o", "kept.tsv").silent()
    assert (folder / "kept.tsv").read_text().startswith("src\ttgt\tdistance\n")


def test_a_table_of_pandas(folder: Path, inside: Inside) -> None:
    """`to_csv` leaves the name of the index empty; it comes back where it was."""
    rows = [(str(at), text, str(at / 4)) for at, text in enumerate(MUSIC + WEATHER)]
    lines = [",text,seconds", *[",".join(row) for row in rows]]
    (folder / "frame.csv").write_text("".join(f"{line}\n" for line in lines))
    inside("select", "--by", "seconds", "--threshold", "0.5", "frame.csv", "-o", "kept.csv", "-q")
    assert (folder / "kept.csv").read_text().splitlines() == [lines[0], *lines[3:]]
    inside("select", "--by", "text", "frame.csv").refused(
        1, "frame.csv:2: field 'text' is a string, not a number"
    )


def test_annotations_come_back_from_tables(folder: Path, inside: Inside) -> None:
    """Slots and lists are JSON in a cell, and nothing is an empty one."""
    slot = {"slot": "genre", "start": 10, "end": 14, "value": "jazz"}
    records = [
        {"text": "play some jazz", "intent": "play", "slots": [slot]},
        {"text": "stop", "intent": None, "slots": None},
    ]
    given = b"".join(orjson.dumps(each) + b"\n" for each in records)
    (folder / "given.jsonl").write_bytes(given)
    for suffix in ("csv", "tsv"):
        inside("convert", "given.jsonl", "-o", f"table.{suffix}", "-q").silent()
        inside("convert", f"table.{suffix}", "-o", "back.jsonl", "-q").silent()
        back = (folder / "back.jsonl").read_bytes()
        assert [{**each, "intent": each["intent"] or None} for each in loaded(back)] == records
        inside("check", f"table.{suffix}", "-o", "checked.jsonl", "-q").silent()
        checked = (folder / "checked.jsonl").read_bytes()
        assert [each["slots"] for each in loaded(checked)] == [[slot], None]
        fitted = inside("label", "--labelled", f"table.{suffix}", "--fit-only", "--save-model", "m")
        fitted.refused(1, f"table.{suffix}:3: field 'intent' is empty, not a label")


def loaded(lines: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in lines.splitlines()]


def test_frames_of_pandas_come_and_go_as_files(folder: Path) -> None:
    """With their index, whole numbers, times and values that are missing."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "text": MUSIC + WEATHER,
            "seconds": [0.5, 1.25, None, 3.0] * 2,
            "count": range(8),
            "at": pd.Timestamp("2026-01-02T03:04:05"),
        },
        index=[f"row {number}" for number in range(8)],
    )
    frame.to_parquet(folder / "frame.parquet")
    frame.to_json(folder / "frame.jsonl", orient="records", lines=True, date_format="iso")
    model = Relevance().fit(frame["text"][:4], frame["text"][4:])
    scores = pd.Series(model.score(frame["text"]), frame.index)
    best = frame.iloc[TopK(3).select(scores)]
    assert set(best["text"]) < set(MUSIC)
    for suffix, read in (".parquet", pd.read_parquet), (".jsonl", pd.read_json):
        kept = str(folder / f"kept{suffix}")
        select_file(str(folder / f"frame{suffix}"), model, TopK(3), output=kept)
        again = read(kept, **({"lines": True} if suffix == ".jsonl" else {}))
        assert again["text"].tolist() == best["text"].tolist()
        assert again["relevance"].tolist() == pytest.approx(scores[best.index].tolist(), abs=1e-6)
        assert again["seconds"].isna().tolist() == best["seconds"].isna().tolist()
        assert again["count"].tolist() == best["count"].tolist()
        assert pd.to_datetime(again["at"]).unique().tolist() == [frame["at"].iloc[0]]


def test_parquet_and_a_folder_of_it(folder: Path, inside: Inside) -> None:
    pytest.importorskip("pyarrow")
    (folder / "hub" / "data").mkdir(parents=True)
    for part in range(2):
        name = f"hub/data/train-0000{part}-of-00002.parquet"
        inside("convert", "log.txt", "--id", f"{part}-", "-o", name, "-q").silent()
    inside(
        *("relevance", "--in-domain", "seed.txt", "hub", "--share", "25%", "-j", "2"),
        *("-o", "kept.parquet", "-q", "--report", "report.json"),
    ).silent()
    inside("convert", "kept.parquet", "-o", "kept.jsonl", "-q").silent()
    kept = [json.loads(line) for line in (folder / "kept.jsonl").read_text().splitlines()]
    assert list(kept[0]) == ["id", "text", "relevance"]
    assert len(kept) == 40
    inputs = json.loads((folder / "report.json").read_text())["inputs"]
    assert [len(digest) for digest in inputs.values()] == [64, 64]
    (folder / "hub" / "data" / "test-00000-of-00001.parquet").write_bytes(b"")
    inside("select", "--by", "id", "hub").refused(1, "hub: has the splits test, train")


def test_what_cannot_be_written_is_refused_before_any_work(folder: Path, inside: Inside) -> None:
    run = ("relevance", "--in-domain", "seed.txt", "missing.txt")
    read_only = [
        each.suffixes[0] for each in FORMATS.values() if each.suffixes and not each.writers
    ]
    for suffix in (".xlsx", *read_only):
        done = inside("relevance", "--in-domain", "seed.txt", "log.txt", "-o", f"x{suffix}")
        done.refused(2, f"x{suffix}: {suffix} ")
        assert not (folder / f"x{suffix}").exists()
    inside(*run, "--to", "jsonlines").refused(1, "missing.txt: No such file")
    inside("relevance", "--in-domain", "seed.txt", "log.txt", "--to", "jsnl").refused(
        2, "--to jsnl: no such format; did you mean json"
    )


def test_bad_records_of_other_formats_are_told_and_counted(folder: Path, inside: Inside) -> None:
    weather = "".join(f"{at},{text}\n" for at, text in enumerate(WEATHER, start=4))
    (folder / "pool.csv").write_text('id,text\n1,"play\njazz"\n2\n3,\n' + weather)
    run = ("relevance", "--in-domain", "seed.txt", "pool.csv", "-o", "kept.csv", "-q")
    inside(*run).refused(1, "pool.csv:4: the number of cells is 1, of columns 2 (id,text)")
    inside(*run, "--on-error", "bad", "--report", "report.json").silent()
    bad = [json.loads(line) for line in (folder / "bad").read_text().splitlines()]
    assert [(each["file"], each["line"], each["raw"]) for each in bad] == [
        ("pool.csv", 4, "2"),
        ("pool.csv", 5, '{"id":"3","text":""}'),
    ]
    counts = json.loads((folder / "report.json").read_text())["counts"]
    assert counts == {"read": 7, "kept": 5, "dropped": 0, "errors": 2}
    again = ("--on-error", "skip", "-j", "2")
    before = (folder / "kept.csv").read_bytes()
    inside(*run, *again).silent()
    assert (folder / "kept.csv").read_bytes() == before


def test_a_record_that_an_output_cannot_hold_is_told_or_counted(
    folder: Path, inside: Inside
) -> None:
    (folder / "pool.jsonl").write_text('{"x":1,"text":"a"}\n{"x":2,"text":"b\\nc"}\n')
    run = ("select", "--by", "x", "pool.jsonl", "-o", "kept.txt", "-q")
    inside(*run).refused(1, "kept.txt:2: field 'text' holds a line feed")
    assert not (folder / "kept.txt").exists()
    inside(*run, "--on-error", "bad", "--report", "report.json").silent()
    assert (folder / "kept.txt").read_text() == "a\n"
    counts = json.loads((folder / "report.json").read_text())["counts"]
    assert counts == {"read": 2, "kept": 1, "dropped": 0, "errors": 1}
