"""Bilingual filtering, end to end: distances, alignment, filters, and what goes wrong."""

import gzip
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Shell

from dataselect.errors import InputError, OptionError
from dataselect.models import archive
from dataselect.models.encoders.base import unit
from dataselect.operations.bitext.bitext import Domain
from dataselect.operations.bitext.scorer import BitextScorer

MUSIC = ("spiele", "musik", "von", "der", "band", "bitte", "etwas", "jazz", "lauter", "jetzt")
WEATHER = ("regen", "schnee", "morgen", "im", "norden", "wetter", "kalt", "wird", "es", "sonne")
PLAY = ("play", "music", "by", "the", "band", "please", "some", "jazz", "louder", "now")
RAIN = ("rain", "snow", "tomorrow", "in", "north", "weather", "cold", "will", "it", "sun")
ENGLISH = dict(zip((*MUSIC, *WEATHER), (*PLAY, *RAIN), strict=True))


def sentences(words: tuple[str, ...], number: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.sample(words, draw.randint(3, 7))) for _ in range(number)]


def pair(german: str) -> dict[str, str]:
    return {"src": " ".join(map(ENGLISH.__getitem__, german.split())), "tgt": german}


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return path


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def truths(path: Path) -> list[str]:
    return [record["truth"] for record in load(path)]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """In-domain music in German, and a corpus of 50 pairs of music among 150 of weather."""
    write(tmp_path / "music.jsonl", [{"text": text} for text in sentences(MUSIC, 40, 1)])
    pairs = [{**pair(text), "truth": "music"} for text in sentences(MUSIC, 50, 2)]
    pairs += [{**pair(text), "truth": "weather"} for text in sentences(WEATHER, 150, 3)]
    random.Random(4).shuffle(pairs)
    write(tmp_path / "pairs.jsonl", [{"id": i, **each} for i, each in enumerate(pairs)])
    return tmp_path


NEAR = ("bitext", "-q", "--in-domain", "music.jsonl")


# -- distance


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--rule", "centroid"),
        ("--rule", "logistic"),
    ],
    ids=" ".join,
)
def test_every_rule_finds_the_hidden_pairs(
    world: Path, inside: Inside, options: tuple[str, ...]
) -> None:
    inside(*NEAR, *options, "--top-k", 50, "-o", "near.jsonl", "pairs.jsonl").silent()
    assert truths(world / "near.jsonl").count("music") >= 48


def test_the_source_side_is_compared_with_text_in_its_language(world: Path, inside: Inside) -> None:
    english = [{"text": pair(text)["src"]} for text in sentences(MUSIC, 40, 1)]
    write(world / "english.jsonl", english)
    options = ("bitext", "-q", "--in-domain", "english.jsonl", "--side", "src")
    inside(*options, "--top-k", 50, "-o", "near.jsonl", "pairs.jsonl").silent()
    assert truths(world / "near.jsonl").count("music") >= 48


def test_both_sides_are_compared_with_pairs_or_with_a_file_each(
    world: Path, inside: Inside
) -> None:
    pairs = [pair(text) for text in sentences(MUSIC, 40, 1)]
    write(world / "both.jsonl", pairs)
    write(world / "english.jsonl", [{"text": each["src"]} for each in pairs])
    given = {
        "pairs": ("--in-domain", "both.jsonl"),
        "files": ("--in-domain", "src=english.jsonl", "--in-domain", "tgt=music.jsonl"),
        "tgt": ("--in-domain", "both.jsonl", "--side", "tgt"),
    }
    for name, options in given.items():
        side = () if name == "tgt" else ("--side", "both")
        output = ("-o", f"{name}.out", "pairs.jsonl")
        inside("bitext", "-q", *options, *side, *output).silent()
    assert (world / "pairs.out").read_bytes() == (world / "files.out").read_bytes()
    assert (world / "pairs.out").read_bytes() != (world / "tgt.out").read_bytes()
    assert [each["id"] for each in load(world / "tgt.out")] == list(range(200))


def test_in_domain_text_may_be_in_the_field_of_the_side(world: Path, inside: Inside) -> None:
    write(world / "pairs_of_music.jsonl", [pair(text) for text in sentences(MUSIC, 40, 1)])
    inside(*NEAR, "-o", "text.out", "pairs.jsonl").silent()
    options = ("bitext", "-q", "--in-domain", "pairs_of_music.jsonl")
    inside(*options, "-o", "tgt.out", "pairs.jsonl").silent()
    assert (world / "text.out").read_bytes() == (world / "tgt.out").read_bytes()


def test_fields_may_have_other_names(world: Path, inside: Inside) -> None:
    renamed = [
        {"id": each["id"], "pair": {"en": each["src"], "de": each["tgt"]}}
        for each in load(world / "pairs.jsonl")
    ]
    write(world / "renamed.jsonl", renamed)
    inside(*NEAR, "-o", "plain.out", "pairs.jsonl").silent()
    names = ("--src-field", "pair.en", "--tgt-field", "pair.de")
    inside(*NEAR, *names, "-o", "renamed.out", "renamed.jsonl").silent()
    distances = [
        [record["distance"] for record in load(world / f"{name}.out")]
        for name in ("plain", "renamed")
    ]
    assert distances[0] == distances[1]


def test_a_distance_depends_on_its_pair_alone(world: Path, inside: Inside) -> None:
    inside(*NEAR, "--fit-only", "--save-model", "model", "pairs.jsonl").silent()
    scored = ("bitext", "-q", "--model", "model")
    inside(*scored, "-o", "together.out", "pairs.jsonl").silent()
    lines = (world / "pairs.jsonl").read_bytes().splitlines(keepends=True)
    found = []
    for line in lines[:20]:
        (world / "alone.jsonl").write_bytes(line)
        inside(*scored, "-o", "alone.out", "alone.jsonl").silent()
        found.append((world / "alone.out").read_bytes())
    assert (world / "together.out").read_bytes().startswith(b"".join(found))


def test_a_saved_model_scores_as_the_run_that_made_it(world: Path, inside: Inside) -> None:
    options = ("--save-model", "model", "--calibrate", "0.9")
    inside(*NEAR, *options, "-o", "fitted.out", "pairs.jsonl").silent()
    again = ("bitext", "-q", "--model", "model", "--calibrate", "0.9")
    inside(*again, "-o", "loaded.out", "pairs.jsonl").silent()
    assert (world / "fitted.out").read_bytes() == (world / "loaded.out").read_bytes()
    assert 0 < len(load(world / "loaded.out")) < 200


def test_jobs_and_pipes_change_no_byte(world: Path, shell: Shell) -> None:
    command = "dataselect bitext -q --in-domain music.jsonl --share 30% --drop-copies"
    whole = shell(f"{command} pairs.jsonl").silent()
    assert shell(f"{command} --jobs 2 pairs.jsonl").silent() == whole
    assert shell(f"cat pairs.jsonl | {command}").silent() == whole


def test_calibrate_lets_the_share_of_held_out_text_pass(world: Path, inside: Inside) -> None:
    write(world / "music.jsonl", [{"text": text} for text in sentences(MUSIC, 400, 1)])
    hidden = [{**pair(text), "truth": "music"} for text in sentences(MUSIC, 400, 7)]
    write(world / "pairs.jsonl", [*load(world / "pairs.jsonl"), *hidden])
    inside(*NEAR, "--calibrate", "0.8", "-o", "near.out", "pairs.jsonl").silent()
    assert 0.7 * 450 < truths(world / "near.out").count("music") < 0.9 * 450


def test_a_model_is_used_for_the_side_it_was_fitted_to(world: Path, inside: Inside) -> None:
    write(
        world / "english.jsonl", [{"text": pair(text)["src"]} for text in sentences(MUSIC, 40, 1)]
    )
    fit = ("bitext", "-q", "--side", "src", "--in-domain", "english.jsonl")
    inside(*fit, "--fit-only", "--save-model", "model", "pairs.jsonl").silent()
    score = ("bitext", "-q", "--model", "model", "-o", "near.out", "pairs.jsonl")
    inside(*score, "--side", "src").silent()
    for side in "tgt", "both":
        inside(*score, "--side", side).refused(2, "model: ", "--side src")


@pytest.mark.parametrize("option", ["--encoder", "--vectors", "--device", "--cache"])
def test_a_model_that_holds_its_encoder_takes_no_other(
    aligned: Path, inside: Inside, option: str
) -> None:
    inside(*NEAR, "--fit-only", "--save-model", "model", "pairs.jsonl").silent()
    value = "src.npy" if option == "--vectors" else "cpu"
    inside("bitext", "--model", "model", option, value, "pairs.jsonl").refused(2, option)


def test_both_sides_are_calibrated_with_pairs(world: Path, inside: Inside) -> None:
    write(world / "both.jsonl", [pair(text) for text in sentences(MUSIC, 40, 1)])
    write(world / "english.jsonl", [{"text": pair(text)["src"]} for text in sentences(MUSIC, 9, 1)])
    both = ("bitext", "-q", "--side", "both", "--calibrate", "0.9")
    inside(*both, "--in-domain", "both.jsonl", "-o", "near.out", "pairs.jsonl").silent()
    assert truths(world / "near.out").count("music") > 30
    files = ("--in-domain", "src=english.jsonl", "--in-domain", "tgt=music.jsonl")
    inside(*both, *files, "pairs.jsonl").refused(2, "--calibrate", "pairs")


def test_a_budget_counts_the_words_of_the_side(world: Path, inside: Inside) -> None:
    inside(*NEAR, "--budget", 100, "--cost", "words", "-o", "near.out", "pairs.jsonl").silent()
    assert 90 < sum(len(each["tgt"].split()) for each in load(world / "near.out")) <= 100


def test_auto_keeps_the_share_that_predicts_a_development_text(world: Path, inside: Inside) -> None:
    write(world / "dev.jsonl", [pair(text) for text in sentences(MUSIC, 60, 9)])
    run = inside(*NEAR[:1], *NEAR[2:], "--auto", "dev.jsonl", "-o", "near.out", "pairs.jsonl")
    assert (run.code, "development perplexity" in run.err) == (0, True)
    assert 20 < len(load(world / "near.out")) < 120


@pytest.mark.parametrize("rule", ["discriminant", "centroid", "logistic"])
def test_a_side_without_words_is_far_from_everything(
    world: Path, inside: Inside, rule: str
) -> None:
    pairs = load(world / "pairs.jsonl")
    write(world / "odd.jsonl", [*pairs, {"src": "...", "tgt": "?!"}, {"src": "-", "tgt": "..."}])
    inside(*NEAR, "--rule", rule, "-o", "scored.out", "odd.jsonl").silent()
    *others, one, other = [each["distance"] for each in load(world / "scored.out")]
    assert one == other >= max(others)


def test_signatures_tell_fits_apart_and_not_folders(world: Path, inside: Inside) -> None:
    (world / "elsewhere").mkdir()
    rng = np.random.default_rng(0)
    for name, rows in ("pairs", 200), ("music", 30):
        vectors = rng.normal(size=(rows, 4))
        np.save(world / f"{name}.npy", vectors)
        np.save(world / "elsewhere" / f"{name}.npy", vectors)
    signatures = []
    for folder, rule in (".", "centroid"), ("elsewhere", "centroid"), (".", "discriminant"):
        files = (f"{folder}/pairs.npy", "--in-domain-vectors", f"{folder}/music.npy")
        options = ("--rule", rule, "--report", "report.json", "-o", "scored.out")
        inside("bitext", "-q", "--vectors", *files, *options, "pairs.jsonl").silent()
        signatures.append(json.loads((world / "report.json").read_bytes())["signature"])
    assert signatures[0] == signatures[1] != signatures[2]


def test_the_report_says_what_was_compared(world: Path, inside: Inside) -> None:
    inside(*NEAR, "--report", "report.json", "-o", "near.out", "pairs.jsonl").silent()
    report = json.loads((world / "report.json").read_bytes())
    side = report["bitext"]["sides"]["tgt"]
    assert (side["in_domain"], side["encoder"]["kind"]) == (40, "lexical")
    assert side["auc"] > 0.85  # a quarter of the corpus is in-domain
    assert report["options"]["in_domain"] == ["music.jsonl"]
    assert report["options"]["text_field"] == "text"
    assert "side:tgt" in report["signature"]


# -- filters


def test_filters_alone_leave_pairs_out_and_say_why(world: Path, inside: Inside) -> None:
    odd = {
        "copy": {"src": "Spiele Musik!", "tgt": "spiele musik"},
        "long": {"src": "rain", "tgt": "regen im norden wird es morgen"},
        "number": {"src": "play 20 songs", "tgt": "spiele 30 lieder"},
        "url": {"src": "see www.example.org", "tgt": "siehe www.example.com"},
        "script": {"src": "play jazz", "tgt": "играй джаз"},
        "good": {"src": "play 20 songs", "tgt": "spiele 20 lieder"},
    }
    write(world / "odd.jsonl", [{"id": name, **each} for name, each in odd.items()])
    filters = ("--drop-copies", "--same-numbers", "--same-urls", "--max-length-ratio", 3)
    files = ("--rejects", "out.jsonl", "-o", "in.jsonl", "odd.jsonl")
    inside("bitext", "-q", *filters, "--tgt-script", "Latin", *files).silent()
    assert load(world / "in.jsonl") == [{"id": "good", **odd["good"]}]
    reasons = {each["id"]: each["dropped"] for each in load(world / "out.jsonl")}
    told = {
        "copy": "--drop-copies",
        "long": "--max-length-ratio 3",
        "number": "--same-numbers",
        "url": "--same-urls",
        "script": "--tgt-script Latin",
    }
    assert reasons.keys() == told.keys()
    assert all(option in reasons[name] for name, option in told.items())


def test_filters_alone_need_no_copy_of_a_pipe(shell: Shell) -> None:
    pipe = """<(yes '{"src": "play", "tgt": "spiele"}' | head -20000)"""
    script = f"ulimit -f 1; dataselect bitext -q --drop-copies {pipe} | wc -l"  # no file over 1 KiB
    assert shell(script).silent().strip() == b"20000"


def test_what_a_filter_leaves_out_takes_no_place_among_the_best(
    world: Path, inside: Inside
) -> None:
    pairs = load(world / "pairs.jsonl")
    for each in pairs:
        if each["truth"] == "music" and each["id"] % 2:
            each["src"] = each["tgt"]
    write(world / "pairs.jsonl", pairs)
    inside(*NEAR, "--drop-copies", "--top-k", 20, "-o", "near.out", "pairs.jsonl").silent()
    kept = load(world / "near.out")
    assert len(kept) == 20
    assert all(each["src"] != each["tgt"] for each in kept)


# -- alignment


@pytest.fixture
def aligned(world: Path) -> Path:
    """Vectors of both sides: equal but for noise, and wrong in the pairs 3, 13, 23, ..."""
    rng = np.random.default_rng(0)
    meant = rng.normal(size=(200, 16)).astype(np.float32)
    np.save(world / "src.npy", meant)
    heard = meant + 0.1 * rng.normal(size=meant.shape).astype(np.float32)
    heard[3::10] = np.roll(heard[3::10], 1, axis=0)
    np.save(world / "tgt.npy", heard)
    # Every text once: texts that are the same share the vector of the first.
    pairs = load(world / "pairs.jsonl")
    for each in pairs:
        each["src"] += f" {each['id']}"
        each["tgt"] += f" {each['id']}"
    write(world / "pairs.jsonl", pairs)
    return world


ALIGN = (
    *("bitext", "-q", "--align", "vectors"),
    *("--vectors", "src=src.npy", "--vectors", "tgt=tgt.npy"),
)


@pytest.mark.parametrize("margin", ["ratio", "distance", "cosine"])
def test_pairs_that_do_not_translate_come_last(aligned: Path, inside: Inside, margin: str) -> None:
    options = ("--margin", margin, "--top-k", 180)
    inside(*ALIGN, *options, "--rejects", "bad.out", "-o", "good.out", "pairs.jsonl").silent()
    assert [each["id"] for each in load(aligned / "bad.out")] == list(range(3, 200, 10))
    assert all("alignment" in each for each in load(aligned / "good.out"))


def test_margins_are_those_of_all_pairs_side_by_side(aligned: Path, inside: Inside) -> None:
    inside(*ALIGN, "-o", "scored.out", "pairs.jsonl").silent()
    src, tgt = (unit(np.load(aligned / f"{side}.npy")).astype(float) for side in ("src", "tgt"))
    cosines = src @ tgt.T
    near = [np.sort(each, axis=1)[:, -4:].mean(axis=1) for each in (cosines, cosines.T)]
    expected = np.diag(cosines) / ((near[0] + near[1]) / 2)
    found = [each["alignment"] for each in load(aligned / "scored.out")]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_poorly_aligned_pairs_are_left_out_with_the_reason(aligned: Path, inside: Inside) -> None:
    inside(
        *ALIGN, "--min-alignment", 1, "--rejects", "bad.out", "pairs.jsonl", "-o", "ok.out"
    ).silent()
    assert [each["id"] for each in load(aligned / "bad.out")] == list(range(3, 200, 10))
    assert {each["dropped"] for each in load(aligned / "bad.out")} == {
        "alignment below --min-alignment 1"
    }


def test_cosines_alone_need_no_library_for_search(
    aligned: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr("dataselect.operations.bitext.alignment.margin.MOST_EXACT", 0)
    search = (*ALIGN, "-o", "scored.out", "pairs.jsonl")
    inside(*search, "--margin", "cosine").silent()
    inside(*search, "--margin", "ratio").refused(2, "faiss")


def test_the_signature_tells_margins_and_filters(aligned: Path, inside: Inside) -> None:
    signatures = set()
    for more in (), ("--margin", "distance"), ("--drop-copies",):
        inside(*ALIGN, *more, "--report", "report.json", "-o", "a.out", "pairs.jsonl").silent()
        signatures.add(json.loads((aligned / "report.json").read_bytes())["signature"])
    assert len(signatures) == 3
    assert all("|align:" in each and "|align:|" not in each for each in signatures)


def test_alignment_stands_beside_distance(aligned: Path, inside: Inside) -> None:
    np.save(aligned / "music.npy", np.load(aligned / "tgt.npy")[:20])
    near = ("--in-domain-vectors", "music.npy", "--min-alignment", 1, "--top-k", 50)
    inside(*ALIGN, *near, "-o", "near.out", "pairs.jsonl").silent()
    kept = load(aligned / "near.out")
    assert len(kept) == 50
    assert all(each["alignment"] >= 1 and "distance" in each for each in kept)
    texts = ("--in-domain", "music.jsonl", "--top-k", 50)
    inside(*ALIGN, *texts, "-o", "near.out", "pairs.jsonl").silent()
    assert truths(aligned / "near.out").count("music") >= 48


def test_vectors_stay_with_their_records_beside_bad_and_blank_lines(
    aligned: Path, inside: Inside
) -> None:
    inside(*ALIGN, "-o", "whole.out", "pairs.jsonl").silent()
    lines = (aligned / "pairs.jsonl").read_text().splitlines(keepends=True)
    lines[7] = '{"id": 7, "src": "no target"}\n'
    (aligned / "odd.jsonl").write_text(
        "".join([*lines[:5], "\n", *lines[5:150], " \n", *lines[150:]])
    )
    options = ("--margin", "cosine", "--on-error", "skip")
    inside(*ALIGN, "--margin", "cosine", "-o", "whole.out", "pairs.jsonl").silent()
    inside(*ALIGN, *options, "-o", "odd.out", "odd.jsonl").silent()
    expected = [each for each in load(aligned / "whole.out") if each["id"] != 7]
    assert load(aligned / "odd.out") == expected


def test_alignment_takes_a_pipe_and_several_jobs(aligned: Path, shell: Shell) -> None:
    command = " ".join(map(str, (*ALIGN, "--top-k", 50)))
    whole = shell(f"dataselect {command} pairs.jsonl").silent()
    assert shell(f"cat pairs.jsonl | dataselect {command} --jobs 2").silent() == whole


def test_texts_that_are_the_same_keep_vectors_of_their_own(aligned: Path, inside: Inside) -> None:
    """Vectors made elsewhere may know the context of a text."""
    pairs = load(aligned / "pairs.jsonl")
    for each in pairs[100:110]:
        each.update(src="thank you", tgt="danke")
    write(aligned / "same.jsonl", pairs)
    for name in "pairs", "same":
        inside(*ALIGN, "-o", f"{name}.out", f"{name}.jsonl").silent()
    margins = [[e["alignment"] for e in load(aligned / f"{n}.out")] for n in ("pairs", "same")]
    assert margins[0] == margins[1]
    assert len(set(margins[0][100:110])) == 10


def test_copies_of_a_text_do_not_crowd_out_its_neighbours(aligned: Path, inside: Inside) -> None:
    """A stock phrase that occurs ten times is a good pair each time."""
    pairs = load(aligned / "pairs.jsonl")
    vectors = {side: np.load(aligned / f"{side}.npy") for side in ("src", "tgt")}
    for place in range(100, 110):
        pairs[place].update(src="thank you", tgt="danke")
        for side in vectors.values():
            side[place] = side[100]
    for side, rows in vectors.items():
        np.save(aligned / f"{side}.npy", rows)
    write(aligned / "pairs.jsonl", pairs)
    inside(*ALIGN, "-o", "scored.out", "pairs.jsonl").silent()
    margins = [each["alignment"] for each in load(aligned / "scored.out")]
    assert len(set(margins[100:110])) == 1
    assert margins[100] > 1.2


# -- vectors made elsewhere


def test_vectors_of_a_file_take_the_place_of_an_encoder(world: Path, inside: Inside) -> None:
    rng = np.random.default_rng(0)
    is_music = np.array([each["truth"] == "music" for each in load(world / "pairs.jsonl")])
    rows = rng.normal(size=(200, 8)) + 3 * is_music[:, None] * np.eye(8)[0]
    np.save(world / "pairs.npy", rows)
    np.save(world / "music.npy", rng.normal(size=(30, 8)) + 3 * np.eye(8)[0])
    given = ("--vectors", "pairs.npy", "--in-domain-vectors", "music.npy")
    inside("bitext", "-q", *given, "--top-k", 50, "-o", "near.out", "pairs.jsonl").silent()
    assert truths(world / "near.out").count("music") > 40
    saving = ("--save-model", "model", "--fit-only")
    inside("bitext", "-q", *given, *saving, "pairs.jsonl").silent()
    again = ("bitext", "-q", "--model", "model", "--top-k", 50)
    inside(*again, "--vectors", "pairs.npy", "-o", "again.out", "pairs.jsonl").silent()
    assert (world / "again.out").read_bytes() == (world / "near.out").read_bytes()
    inside(*again, "pairs.jsonl").refused(1, "model: ", "--vectors tgt=FILE.npy")


def broken(rows: int, columns: int = 8, *, nan: bool = False) -> np.ndarray[Any, Any]:
    vectors = np.ones((rows, columns), np.float32)
    if nan:
        vectors[5, 0] = np.nan
    return vectors


@pytest.mark.parametrize(
    ("vectors", "own", "code", "words"),
    [
        (broken(199), broken(9), 1, ["pairs.npy: ", "199 rows for 200 records"]),
        (broken(201), broken(9), 1, ["pairs.npy: ", "201 rows for 200 records"]),
        (broken(200, 7), broken(9), 1, ["music.npy: ", "8 dimensions", "7"]),
        (broken(200, nan=True), broken(9), 1, ["pairs.npy: row 5", "not finite"]),
        (broken(200), broken(9, nan=True), 1, ["music.npy: row 5", "not finite"]),
        (broken(200), broken(0), 1, ["in-domain"]),
        (np.ones(200, np.float32), broken(9), 1, ["pairs.npy: ", "not a matrix"]),
    ],
    ids=["too few", "too many", "dimension", "NaN", "NaN in-domain", "no row", "no matrix"],
)
def test_wrong_vectors_are_refused(
    world: Path, inside: Inside, vectors: Any, own: Any, code: int, words: list[str]
) -> None:
    np.save(world / "pairs.npy", vectors)
    np.save(world / "music.npy", own)
    given = ("--vectors", "pairs.npy", "--in-domain-vectors", "music.npy")
    inside("bitext", *given, "-o", "never.out", "pairs.jsonl").refused(code, *words)
    assert not (world / "never.out").exists()


# -- neural encoders


def test_a_neural_model_encodes_both_the_domain_and_the_corpus(
    world: Path, inside: Inside, tiny_model: Path
) -> None:
    neural = (*NEAR, "--encoder", tiny_model, "--cache", "cache")
    inside(*neural, "--save-model", "model", "-o", "fitted.out", "pairs.jsonl").silent()
    inside("bitext", "-q", "--model", "model", "-o", "loaded.out", "pairs.jsonl").silent()
    inside(*neural, "--jobs", 2, "-o", "cached.out", "pairs.jsonl").silent()
    fitted = [each["distance"] for each in load(world / "fitted.out")]
    for name in ("loaded", "cached"):
        found = [each["distance"] for each in load(world / f"{name}.out")]
        np.testing.assert_allclose(found, fitted, rtol=1e-3, atol=1e-3)


def test_a_model_knows_the_encoder_it_was_fitted_with(
    world: Path, inside: Inside, tiny_model: Path, tmp_path: Path
) -> None:
    inside(
        *NEAR, "--encoder", tiny_model, "--save-model", "model", "-o", "a", "pairs.jsonl"
    ).silent()
    other = tmp_path / "other"
    copy(tiny_model, other)
    config = json.loads((other / "1_Pooling" / "config.json").read_text())
    assert config["pooling_mode"] == "mean"
    config["pooling_mode"] = "cls"
    (other / "1_Pooling" / "config.json").write_text(json.dumps(config))
    run = inside("bitext", "--model", "model", "--encoder", other, "-o", "b", "pairs.jsonl")
    run.refused(1, "model: fitted with another version")


def copy(folder: Path, target: Path) -> None:
    import shutil

    shutil.copytree(folder, target)


def test_alignment_by_a_neural_model(world: Path, inside: Inside, tiny_model: Path) -> None:
    inside("bitext", "-q", "--align", tiny_model, "-o", "scored.out", "pairs.jsonl").silent()
    margins = [each["alignment"] for each in load(world / "scored.out")]
    assert len(margins) == 200
    assert all(0 < margin < 3 for margin in margins)


# -- bad input


BAD = {
    "no target": ('{"src": "play"}', "field 'tgt' is missing; name another with --tgt-field"),
    "no source": ('{"tgt": "spiele"}', "field 'src' is missing; name another with --src-field"),
    "empty target": ('{"src": "play", "tgt": " "}', "field 'tgt' is empty"),
    "empty source": ('{"src": "", "tgt": "spiele"}', "field 'src' is empty"),
    "a number": ('{"src": "play", "tgt": 7}', "field 'tgt' is a number"),
    "no JSON": ('{"src": "play"', "not JSON"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("way", ["distance", "alignment", "filters"])
def test_a_bad_pair_stops_the_run_and_says_where(
    aligned: Path, inside: Inside, name: str, way: str
) -> None:
    bad, reason = BAD[name]
    lines = (aligned / "pairs.jsonl").read_text().splitlines(keepends=True)
    (aligned / "pairs.jsonl").write_text("".join([*lines[:120], bad + "\n", *lines[121:]]))
    command = {"distance": NEAR, "alignment": ALIGN, "filters": ("bitext", "-q", "--drop-copies")}
    run = inside(*command[way], "-o", "never.out", "pairs.jsonl")
    if (name, way) == ("empty source", "distance"):  # nothing is compared with it
        run.silent()
        return
    run.refused(1, "pairs.jsonl:121: ", reason)
    assert not (aligned / "never.out").exists()


def test_a_field_by_another_name_is_told(world: Path, inside: Inside) -> None:
    run = inside(*NEAR, "--tgt-field", "de", "pairs.jsonl")
    run.refused(1, "pairs.jsonl:1: ", "field 'de' is missing; name another with --tgt-field")


@pytest.mark.parametrize("way", ["distance", "alignment", "filters"])
def test_bad_pairs_are_collected_and_counted(aligned: Path, inside: Inside, way: str) -> None:
    lines = (aligned / "pairs.jsonl").read_text().splitlines(keepends=True)
    (aligned / "pairs.jsonl").write_text("".join([*lines[:120], "no JSON\n", *lines[121:]]))
    command = {"distance": NEAR, "alignment": ALIGN, "filters": ("bitext", "-q", "--drop-copies")}
    options = ("--on-error", "bad.out", "--report", "report.json", "-o", "good.out")
    inside(*command[way], *options, "pairs.jsonl").silent()
    counts = json.loads((aligned / "report.json").read_bytes())["counts"]
    assert (counts["read"], counts["errors"]) == (200, 1)
    assert [each["line"] for each in load(aligned / "bad.out")] == [121]


def test_one_in_domain_sentence_works_but_nothing_is_held_out(world: Path, inside: Inside) -> None:
    write(world / "music.jsonl", [{"text": "spiele etwas jazz"}])
    run = inside("bitext", *NEAR[2:], "--top-k", 10, "-o", "near.out", "pairs.jsonl")
    assert (run.code, "warning: a single in-domain text" in run.err) == (0, True)
    inside(*NEAR, "--calibrate", "0.9", "pairs.jsonl").refused(1, "single in-domain text")


USAGE = {
    "nothing to go by": ((), "--in-domain FILE"),
    "a rule but no domain": (("--rule", "logistic", "--drop-copies"), "--in-domain FILE"),
    "a selection of filters": (("--drop-copies", "--top-k", "3"), "--top-k 3"),
    "no margin without alignment": ((*NEAR[2:], "--margin", "cosine"), "--margin is for --align"),
    "no device without a model": ((*NEAR[2:], "--device", "cpu"), "--device"),
    "a model and a domain": ((*NEAR[2:], "--model", "music.jsonl"), "--in-domain is for fitting"),
    "another side": (("--in-domain", "src=music.jsonl"), "--in-domain src=music.jsonl"),
    "one side of both": (
        ("--in-domain", "tgt=music.jsonl", "--side", "both"),
        "give --in-domain src=FILE too",
    ),
    "an unknown script": (("--tgt-script", "Latain"), "Latin"),
    "vectors of no side": (
        ("--align", "vectors", "--vectors", "src.npy", "--side", "both"),
        "src=FILE or tgt=FILE",
    ),
    "vectors of one side": (("--align", "vectors", "--vectors", "src=src.npy"), "both sides"),
    "vectors beside text": (
        (*NEAR[2:], "--vectors", "tgt.npy"),
        "--vectors are compared with --in-domain-vectors",
    ),
    "vectors of another side": (
        ("--vectors", "tgt.npy", "--in-domain-vectors", "src=src.npy"),
        "--side tgt needs --vectors and --in-domain-vectors of tgt",
    ),
    "an encoder of nothing": (("--drop-copies", "--encoder", "x"), "--encoder is for --in-domain"),
    "no number of alignment": ((*ALIGN[2:], "--min-alignment", "nan"), "--min-alignment NaN"),
    "a fit that aligns": (
        (*ALIGN[2:], *NEAR[2:], "--fit-only", "--save-model", "m"),
        "--fit-only scores nothing; leave --align out",
    ),
    "a draw by negative distances": ((*NEAR[2:], "--sample", "5"), "--rule centroid"),
    "a saved model of nothing": (("--drop-copies", "--save-model", "m"), "--in-domain FILE"),
}


@pytest.mark.parametrize("name", USAGE)
def test_options_without_a_meaning_are_refused(aligned: Path, inside: Inside, name: str) -> None:
    options, word = USAGE[name]
    inside("bitext", *options, "pairs.jsonl").refused(2, word)


SIDES_ASTRAY = archive.dumps(archive.ArchiveFormat("bitext", 1), {"sides": ["tgt"]}, {})


@pytest.mark.parametrize(
    "content", [b"", b"no model", gzip.compress(b"no model", mtime=0), b"PK\3\4", SIDES_ASTRAY]
)
def test_a_file_that_is_no_model_is_refused(world: Path, inside: Inside, content: bytes) -> None:
    (world / "model").write_bytes(content)
    run = inside("bitext", "--model", "model", "pairs.jsonl")
    run.refused(1, "model: not a bitext model", "--save-model")


def test_a_model_of_another_command_is_refused(world: Path, inside: Inside, model: Path) -> None:
    run = inside("bitext", "--model", model, "pairs.jsonl")
    run.refused(1, "not a bitext model", "dataselect relevance")


@pytest.mark.parametrize("side", ["tgt", "both"])
def test_in_domain_files_without_records_are_told(world: Path, inside: Inside, side: str) -> None:
    (world / "music.jsonl").write_text("\n")
    run = inside(*NEAR, "--side", side, "pairs.jsonl")
    run.refused(1, "music.jsonl: no text to compare with")


def test_both_sides_need_no_text_to_be_filtered(world: Path, shell: Shell) -> None:
    """Nothing is waited for on standard input."""
    command = "dataselect bitext -q --side both --drop-copies pairs.jsonl"
    assert shell(f"{command} < /dev/null").silent() == (world / "pairs.jsonl").read_bytes()


def test_an_empty_pool_is_told(world: Path, inside: Inside) -> None:
    (world / "pairs.jsonl").write_text("")
    inside(*NEAR, "pairs.jsonl").refused(3, "no good record")
    inside("bitext", "--drop-copies", "pairs.jsonl").refused(3, "nothing was kept of 0 records")


# -- from Python


def test_the_library_needs_no_command_line() -> None:
    domain = Domain.fit(sentences(MUSIC, 20, 1), sentences((*MUSIC, *WEATHER), 100, 2))
    near, far = domain.distances(["spiele etwas jazz", "regen im norden"])
    assert near < far
    scorer = BitextScorer({"tgt": domain})
    scores = scorer.score([["play", "rain"], ["spiele etwas jazz", "regen im norden"]])
    np.testing.assert_allclose(scores.values, [near, far], atol=1e-6)


def test_text_that_cannot_be_fitted_to_is_refused() -> None:
    with pytest.raises(InputError, match="in-domain text holds no records"):
        Domain.fit([], ["regen im norden"])
    with pytest.raises(InputError, match="left to compare"):
        Domain.fit(["regen"], ["regen"])
    with pytest.raises(OptionError):
        BitextScorer({}).held_out()
