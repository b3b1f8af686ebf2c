"""Fields of an earlier run: a command takes away all that it could have added, and `dropped`."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MUSIC_ARPA, Inside
from small_models import Overlap

from dataselect import operations
from dataselect.execution.scorer import Scorer
from dataselect.models.paraphrase_detector import detector as detectors

for _module in pkgutil.walk_packages(operations.__path__, "dataselect.operations."):
    if _module.name.endswith("scorer"):
        importlib.import_module(_module.name)


def _scorers(kind: type[Scorer] = Scorer) -> Iterator[type[Scorer]]:
    """Every kind of scorer, also those that are a kind of another."""
    for each in kind.__subclasses__():
        yield each
        yield from _scorers(each)


_SCORERS = [each for each in _scorers() if hasattr(each, "noun")]
_OWN = {
    "text": "play jazz now",
    "src": "oh play jazz now",
    "tgt": "play jazz now",
    "text1": "play jazz",
    "text2": "play jazz now",
    "nbest": [{"text": "play jazz", "score": -1.5}, {"text": "play", "score": -2}],
}
_NOT_OURS = {"note": 'a "dropped" one, and a \\ too', "x": 1.50, "inner": {"dropped": 1}}
# Every field that any command adds, as if all had been run before; lists that one reads stay lists.
_STALE = {
    name: "stale" for each in _SCORERS for name in (*each.may_add, "dropped") if name not in _OWN
}
_RUNS: dict[str, tuple[list[str], set[str]]] = {
    "relevance": (["relevance", "--model", "MODEL"], {"relevance"}),
    "relevance, explained": (
        ["relevance", "--model", "MODEL", "--explain", "1"],
        {"relevance", "relevance_ngrams"},
    ),
    "relevance, sorted": (["relevance", "--model", "MODEL", "--sort"], {"relevance"}),
    "winnow": (["winnow", "--lm", "music.arpa"], {"perplexity", "oov"}),
    "winnow, with buckets": (
        ["winnow", "--lm", "music.arpa", "--buckets", "50"],
        {"perplexity", "oov", "bucket"},
    ),
    "rescore": (["rescore", "--lm", "music.arpa", "--keep-nbest"], {"rescored"}),
    "bitext": (["bitext", "--max-length-ratio", "9"], set()),
    "label": (
        ["label", "--labelled", "known.jsonl", "--rounds", "0", "--uncalibrated"],
        {"intent", "confidence"},
    ),
    "diversity": (
        ["diversity", "--method", "features", "--top-k", "1"],
        {"novelty", "nearest", "round"},
    ),
    "discover": (["discover", "--keep-ungrouped"], {"group", "group_name", "typicality"}),
    "paraphrase score of pairs": (["paraphrase", "score", "--detector", "d"], {"paraphrase"}),
    "paraphrase score of texts": (
        ["paraphrase", "score", "--detector", "d", "--against", "known.jsonl"],
        {"paraphrase", "nearest"},
    ),
    "signals": (["signals"], {"signals"}),
    "select": (["select", "--by", "x"], set()),
}


@pytest.mark.parametrize(("arguments", "added"), _RUNS.values(), ids=_RUNS)
def test_a_command_takes_away_all_that_it_could_have_added(
    inside: Inside,
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    added: set[str],
) -> None:
    monkeypatch.setattr(detectors.Detector, "load", lambda *_, **__: Overlap())
    (tmp_path / "music.arpa").write_text(MUSIC_ARPA)
    known = [{"text": f"play {word}", "intent": word} for word in ("jazz", "rock") * 3]
    (tmp_path / "known.jsonl").write_text("".join(json.dumps(each) + "\n" for each in known))
    scorer = next(each for each in _SCORERS if each.noun == arguments[0])
    lines = [json.dumps({**_OWN, **stale, **_NOT_OURS}) for stale in (_STALE, {})]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    words = [str(model) if word == "MODEL" else word for word in arguments]
    run = inside(*words, "in.jsonl", "-o", "out.jsonl", "-q")
    assert (run.code, run.err) == (0, "")
    left = _STALE.keys() - {*scorer.may_add, "dropped"}
    kept = (tmp_path / "out.jsonl").read_text().splitlines()
    assert kept
    for line, other in zip(kept, [left, set()], strict=False):
        found = json.loads(line)
        assert found.keys() == {*_OWN, *_NOT_OURS, *other, *added}
        assert all(found[name] == "stale" for name in other - added)
        assert json.dumps(_NOT_OURS)[1:-1] in line  # not a byte of the rest is touched


def test_fields_that_this_run_reads_stay(inside: Inside, tmp_path: Path, model: Path) -> None:
    line = {"relevance_for": "play jazz", "dropped": 2, "relevance_ngrams": 1, "text": "rain"}
    (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n")
    inside(
        *("relevance", "--model", model, "--text-field", "relevance_for", "in.jsonl"),
        *("-o", "out.jsonl", "-q"),
    ).silent()
    found = json.loads((tmp_path / "out.jsonl").read_text())
    assert found.keys() == {"relevance_for", "text", "relevance"}
    inside("select", "--by", "dropped", "in.jsonl", "-o", "out.jsonl", "-q").silent()
    assert json.loads((tmp_path / "out.jsonl").read_text()) == line


def test_records_that_were_dropped_once_do_not_say_so_when_they_are_kept(
    inside: Inside, tmp_path: Path
) -> None:
    records = [{"text": f"t{x}", "x": x} for x in range(4)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    inside(
        *("select", "--by", "x", "--top-k", "1", "--rejects", "r.jsonl", "-q", "in.jsonl"),
        *("-o", "a.jsonl"),
    ).silent()
    run = ("select", "--by", "x", "--top-k", "1", "--rejects", "again.jsonl", "-q", "r.jsonl")
    inside(*run, "-o", "b.jsonl").silent()
    assert (tmp_path / "b.jsonl").read_text() == json.dumps(records[2]) + "\n"
    again = (tmp_path / "again.jsonl").read_text()
    assert again.count('"dropped":"not among the best by --top-k 1"') == 2
