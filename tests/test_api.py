"""The Python API: what `dataselect` exports, and that it does what the command line does."""

import doctest
import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from conftest import Inside

import dataselect
from dataselect.command_line.option import spread
from dataselect.command_line.registry import COMMANDS
from dataselect.models.text_sequences import as_texts

MUSIC = ["play adele", "put on some jazz", "play the new album", "some jazz please", "play abba"]
OTHER = ["it rained all day", "wake me at six", "how far is the moon", "they left early", "go on"]
POOL = ["play some jazz", "it rained early", "put on abba", "the moon at six", "wake me", "abba"]


def write(name: str, texts: list[str], **fields: list[object]) -> str:
    columns = {"text": texts, **fields}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def read(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


@pytest.mark.parametrize("name", dir(dataselect))
def test_every_public_name_exists_and_says_what_it_is(name: str) -> None:
    assert getattr(dataselect, name).__doc__


@pytest.mark.parametrize("name", dataselect.__all__)
def test_examples_of_public_names_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {each: getattr(dataselect, each) for each in dataselect.__all__}
    found = doctest.DocTestFinder().find(
        getattr(dataselect, name), name, globs={**names, "Path": Path, "np": np}
    )
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for each in found:
        runner.run(each)
    assert runner.summarize().failed == 0


def test_importing_the_package_is_light() -> None:
    code = "import sys, dataselect; assert not {'numpy', 'typer', 'orjson'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "texts", [["a", "b"], ("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], object)]
)
def test_sequences_of_texts_are_taken(texts: object) -> None:
    assert as_texts(texts) == ["a", "b"]


def test_a_series_is_taken() -> None:
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    assert as_texts(pd.Series(["a", "b"], index=[5, 3])) == ["a", "b"]
    with pytest.raises(dataselect.DataselectError, match="one column"):
        as_texts(pd.DataFrame({"text": ["a"]}))


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("play", "texts: one str; give a list of texts"),
        (b"play", "texts: one bytes"),
        ({"play": 1}, "texts: a dict"),
        ((text for text in "ab"), "texts: a generator"),
        (["play", None], r"texts\[1\] is None"),
        (np.array(["play", np.nan], object), r"texts\[1\] is nan"),
        (np.array([["a"]]), "2 dimensions"),
    ],
)
def test_what_is_no_sequence_of_texts_is_refused(texts: object, words: str) -> None:
    with pytest.raises(dataselect.DataselectError, match=words):
        as_texts(texts)


@pytest.mark.parametrize(
    ("scores", "words"),
    [([1.0, float("nan")], r"scores\[1\] is nan"), ([[1.0]], "2 dimensions"), (["a"], "numbers")],
)
def test_scores_that_cannot_be_ranked_are_refused(scores: object, words: str) -> None:
    with pytest.raises(dataselect.DataselectError, match=words):
        dataselect.TopK(1).select(scores)


def test_messages_name_parameters_in_python_and_options_at_the_command_line(
    inside: Inside,
) -> None:
    with pytest.raises(dataselect.DataselectError) as refused:
        dataselect.TopK(0)
    assert str(refused.value) == "top_k 0 is under 1"
    inside("select", "--by", "x", "--top-k", "0").refused(2, "--top-k 0 is under 1")


def test_a_model_that_is_not_fitted_says_so() -> None:
    with pytest.raises(AttributeError, match="not fitted yet; call fit"):
        dataselect.Relevance().score(POOL)


def test_a_rule_for_the_other_end_of_the_score_is_refused(inside: Inside) -> None:
    model = dataselect.Relevance().fit(MUSIC, OTHER)
    with pytest.raises(dataselect.DataselectError, match="direction low: high scores"):
        dataselect.select_file(
            write("pool.jsonl", POOL), model, dataselect.TopK(1, direction="low"), output="kept"
        )


def test_relevance_is_that_of_the_command_line(inside: Inside) -> None:
    music, other = write("music.jsonl", MUSIC), write("other.jsonl", OTHER)
    pool = write("pool.jsonl", POOL)
    model = dataselect.Relevance(ngrams=2, seed=3).fit(np.array(MUSIC), tuple(OTHER))
    options = ["--in-domain", music, "--background", other, "--ngrams", "2", "--seed", "3"]
    done = inside("relevance", *options, "--top-k", "2", "-o", "by_command.jsonl", pool)
    assert done.code == 0
    rule = dataselect.TopK(2)
    dataselect.select_file(pool, model, rule, output="by_python.jsonl", jobs=2)
    assert Path("by_python.jsonl").read_bytes() == Path("by_command.jsonl").read_bytes()
    kept = rule.select(model.score(POOL)).tolist()
    assert [each["text"] for each in read("by_command.jsonl")] == [POOL[at] for at in kept]


def test_a_calibrated_threshold_is_that_of_the_command_line(inside: Inside) -> None:
    music, other = write("music.jsonl", MUSIC), write("other.jsonl", OTHER)
    pool = write("pool.jsonl", POOL)
    options = ["--in-domain", music, "--background", other, "--calibrate", "0.6"]
    done = inside("relevance", *options, "-o", "by_command.jsonl", pool)
    model = dataselect.Relevance().fit(MUSIC, OTHER)
    rule = dataselect.Calibrate(0.6, model.held_out_)
    result = dataselect.select_file(pool, model, rule, output="by_python.jsonl")
    assert 0 < result.counts.kept < len(POOL)
    assert Path("by_python.jsonl").read_bytes() == Path("by_command.jsonl").read_bytes()
    assert "--calibrate 0.6 rests on 5 held-out texts" in done.err
    assert "calibrate 0.6 rests on 5 held-out texts" in result.warnings[0]
    kept = rule.select(model.score(POOL))
    assert [each["text"] for each in read("by_command.jsonl")] == [POOL[at] for at in kept]
    with pytest.raises(dataselect.DataselectError, match="held_out: no score"):
        dataselect.Calibrate(0.6, [])


def test_formats_of_files_are_named_as_at_the_command_line(inside: Inside) -> None:
    model = dataselect.Relevance().fit(MUSIC, OTHER)
    model.save("model")
    Path("pool.dump").write_text("".join(f"{at};{text}\n" for at, text in enumerate(POOL)))
    options = ["--from", "csv", "--columns", "id,text", "--delimiter", ";"]
    assert (
        inside(
            "relevance",
            "--model",
            "model",
            *options,
            "--no-header",
            "--to",
            "tsv",
            "-o",
            "one",
            "pool.dump",
        ).code
        == 0
    )
    dataselect.select_file(
        "pool.dump",
        model,
        output="other",
        from_format="csv",
        columns=["id", "text"],
        no_header=True,
        delimiter=";",
        to_format="tsv",
    )
    assert Path("other").read_bytes() == Path("one").read_bytes()
    assert Path("one").read_text().startswith("id\ttext\trelevance\n0\tplay some jazz\t")
    with pytest.raises(dataselect.DataselectError, match="from_format csw"):
        dataselect.select_file("pool.dump", model, output="other", from_format="csw")


def test_a_background_that_is_sampled_is_that_of_the_command_line(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (dataselect.Relevance.__module__, "dataselect.models.relevance.log_odds"):
        monkeypatch.setattr(f"{module}.BACKGROUND_SIZE", 6)
    music, pool = write("music.jsonl", MUSIC), write("pool.jsonl", OTHER + POOL)
    options = ["--in-domain", music, "-o", "scored.jsonl", pool]
    assert inside("relevance", *options).code == 0
    model = dataselect.Relevance().fit({"": MUSIC}, OTHER + POOL)
    scored = [each["relevance"] for each in read("scored.jsonl")]
    assert model.score(OTHER + POOL).tolist() == pytest.approx(scored, abs=1e-6)
    model.save("saved")
    assert dataselect.Relevance.load("saved").score(POOL).tolist() == model.score(POOL).tolist()


RULES = {
    ("--threshold", "0.5"): dataselect.Threshold(0.5),
    ("--top-k", "2"): dataselect.TopK(2),
    ("--share", "50%"): dataselect.Share("50%"),
    ("--budget", "5", "--cost", "words"): dataselect.Budget(5, cost="words"),
    ("--budget", "1min", "--cost", "seconds"): dataselect.Budget("1min", cost="seconds"),
    ("--sample", "3"): dataselect.Sample(3),
    ("--top-k", "1", "--per", "speaker"): dataselect.TopK(1, per="speaker"),
}


@pytest.mark.parametrize("options", RULES, ids=" ".join)
def test_a_rule_keeps_what_its_option_keeps(options: tuple[str, ...], inside: Inside) -> None:
    scores = [0.5, 0.25, 0.75, 0.5, 0.125, 1.0]
    seconds, speakers = [10, 20, 30, 40, 50, 15], list("aabbab")
    pool = write("pool.jsonl", POOL, x=scores, seconds=seconds, speaker=speakers)  # type: ignore[arg-type]
    assert inside("select", "--by", "x", *options, "-o", "kept.jsonl", pool).code == 0
    costs = {"seconds": seconds, "words": [len(text.split()) for text in POOL]}
    kept = RULES[options].select(
        scores,
        costs=costs.get(options[-1]),
        groups=speakers if "--per" in options else None,
    )
    assert [each["text"] for each in read("kept.jsonl")] == [POOL[at] for at in kept]


def test_labels_are_those_of_the_command_line(inside: Inside) -> None:
    intents = ["music"] * len(MUSIC) + ["weather"] * 2
    texts = [*MUSIC, "it rained all day", "will it rain"]
    known, pool = write("known.jsonl", texts, intent=list(intents)), write("pool.jsonl", POOL)
    background = write("background.jsonl", OTHER[1:])
    options = ["--labelled", known, "--background", background, "--seed", "2", "--keep-other"]
    assert inside("label", *options, "-o", "by_command.jsonl", pool).code == 0
    model = dataselect.IntentClassifier(seed=2).fit(texts, intents, background=OTHER[1:], pool=POOL)
    dataselect.select_file(
        pool, dataselect.LabelScorer(model, keep_other=True), output="by_python.jsonl"
    )
    assert Path("by_python.jsonl").read_bytes() == Path("by_command.jsonl").read_bytes()
    labelled = read("by_command.jsonl")
    assert [each["intent"] for each in labelled] == model.predict(POOL).tolist()
    assert [each["confidence"] for each in labelled] == model.score(POOL).tolist()


@pytest.mark.parametrize("method", ["features", "facility", "kcenter"])
def test_diversity_picks_what_the_command_line_picks(method: str, inside: Inside) -> None:
    texts = [f"{verb} the {thing}" for verb in ("play", "find", "stop") for thing in "abcdef"]
    known, pool = write("known.jsonl", MUSIC), write("pool.jsonl", [*texts, *POOL])
    options = ["--labelled", known, "--method", method, "--top-k", "7", "--sort"]
    assert inside("diversity", *options, "-o", "picked.jsonl", pool).code == 0
    picked = dataselect.Diversity(method=method).fit(MUSIC).select([*texts, *POOL], 7)  # type: ignore[arg-type]
    assert [each["text"] for each in read("picked.jsonl")] == [[*texts, *POOL][at] for at in picked]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["--top-k", "7"], dataselect.TopK(7)),
        (["--share", "30%", "--per", "intent"], dataselect.Share("30%", per="intent")),
        (["--budget", "12", "--cost", "words"], dataselect.Budget(12, cost="words")),
    ],
)
def test_diversity_picks_from_files_what_the_command_line_picks(
    options: list[str], rule: dataselect.TopK, inside: Inside
) -> None:
    texts = [f"{verb} the {thing}" for verb in ("play", "find", "stop") for thing in "abcdef"]
    pool = write("pool.jsonl", texts, intent=list("ab" * 9), id=list(range(18)))
    known, test = write("known.jsonl", MUSIC), write("test.jsonl", texts[3:5])
    command = ["diversity", "--labelled", known, "--sort", "--exclude", test, *options]
    assert inside(*command, "-o", "by_command.jsonl", pool).code == 0
    model = dataselect.Diversity().fit(MUSIC)
    given = {"exclude": test, "sort": True, "output": "by_python.jsonl"}
    result = dataselect.select_file(pool, model, rule, **given)  # type: ignore[arg-type]
    expected = read("by_command.jsonl")
    for record in expected:
        source, _, line = str(record["nearest"]).partition(":")
        if source == known:
            record["nearest"] = f"labelled[{int(line) - 1}]"
    assert read("by_python.jsonl") == expected
    assert result.counts.kept == len(expected) > 0
    with pytest.raises(dataselect.DataselectError, match="threshold is not for picks"):
        dataselect.select_file(pool, model, dataselect.Threshold(0.5), output="none")


def test_winnowing_is_that_of_the_command_line(inside: Inside) -> None:
    music, other = write("music.jsonl", MUSIC), write("other.jsonl", OTHER)
    pool = write("pool.jsonl", POOL)
    options = ["--in-domain", music, "--background", other, "--order", "2", "--top-k", "3"]
    assert inside("winnow", *options, "-o", "by_command.jsonl", pool).code == 0
    model = dataselect.Winnow(background=OTHER, order=2).fit(MUSIC)
    rule = dataselect.TopK(3, direction="low")
    dataselect.select_file(pool, model, rule, output="by_python.jsonl", jobs=2)
    assert Path("by_python.jsonl").read_bytes() == Path("by_command.jsonl").read_bytes()
    kept = [POOL[at] for at in rule.select(model.score(POOL))]
    assert [each["text"] for each in read("by_command.jsonl")] == kept


def test_a_model_trained_in_python_is_that_of_lm_train(inside: Inside) -> None:
    music, pool = write("music.jsonl", MUSIC), write("pool.jsonl", POOL)
    assert inside("lm", "train", "--order", "2", "-o", "by_command.arpa", music).code == 0
    lm = dataselect.KneserNey(order=2).fit(MUSIC)
    lm.save("by_python.arpa")
    assert Path("by_python.arpa").read_bytes() == Path("by_command.arpa").read_bytes()
    assert inside("winnow", "--lm", "by_command.arpa", "-o", "scored.jsonl", pool).code == 0
    scored = [each["perplexity"] for each in read("scored.jsonl")]
    assert dataselect.Winnow(lm).score(POOL).tolist() == scored


@pytest.mark.parametrize("rule", ["discriminant", "centroid"])
def test_bitext_is_that_of_the_command_line(rule: str, inside: Inside) -> None:
    texts = [f"{verb} the {thing}" for verb in ("play", "find", "stop") for thing in "abcdef"]
    german = [f"{what} {where}" for what in ("spiel", "regen", "stop") for where in "abcdef"]
    pairs = write("pairs.jsonl", texts, src=list(texts), tgt=list(german))
    own = write("own.jsonl", ["spiel jazz", "spiel a", "spiel das album"])
    options = ["--in-domain", own, "--rule", rule, "--seed", "4"]
    done = inside("bitext", *options, "--top-k", "5", "-o", "by_command.jsonl", pairs)
    assert done.code == 0, done.err
    model = dataselect.Bitext(rule=rule, seed=4)  # type: ignore[arg-type]
    model.fit([each["text"] for each in read(own)], german)
    dataselect.select_file(pairs, model, dataselect.TopK(5), output="by_python.jsonl")
    assert Path("by_python.jsonl").read_bytes() == Path("by_command.jsonl").read_bytes()
    kept = dataselect.TopK(5, direction="low").select(model.score(german))
    assert [each["tgt"] for each in read("by_command.jsonl")] == [german[at] for at in kept]
    model.save("saved")
    assert dataselect.Bitext.load("saved").score(german).tolist() == model.score(german).tolist()


def test_rescoring_is_that_of_the_command_line(inside: Inside) -> None:
    lists = [
        [{"text": text, "score": -rank} for rank, text in enumerate(texts)]
        for texts in (["lay adele", "play adele"], ["some jazz"], ["it rained", "put on some jazz"])
    ]
    Path("lists.jsonl").write_text("".join(json.dumps({"nbest": own}) + "\n" for own in lists))
    lm = dataselect.KneserNey(order=2).fit(MUSIC)
    lm.save("music.arpa")
    options = ["--lm", "music.arpa", "--top-k", "2", "-o", "by_command.jsonl", "lists.jsonl"]
    assert inside("rescore", *options).code == 0
    model = dataselect.Rescore(lm)
    dataselect.select_file("lists.jsonl", model, dataselect.TopK(2), output="by_python.jsonl")
    assert Path("by_python.jsonl").read_bytes() == Path("by_command.jsonl").read_bytes()
    best = [own[at]["text"] for own, at in zip(lists, model.pick(lists), strict=True)]
    kept = dataselect.TopK(2, direction="low").select(model.score(lists))
    assert [each["text"] for each in read("by_command.jsonl")] == [best[at] for at in kept]
    with pytest.raises(dataselect.DataselectError, match=r"lists\[1\] is an empty list"):
        model.pick([lists[0], []])


ALONE = {"encoder", "weights", "texts", "costs", "groups", "pool"}
ALONE |= {"translator", "aligner"}
ALONE |= {"normalization", "flags", "domains", "margins", "filters", "tagger", "intents"}
"""Parameters that are objects or arrays in Python, and names or many options elsewhere."""


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("relevance", dataselect.Relevance),
        ("relevance", dataselect.Relevance.record_scorer),
        ("winnow", dataselect.Winnow),
        ("winnow", dataselect.Winnow.record_scorer),
        ("diversity", dataselect.Diversity),
        ("diversity", dataselect.Diversity.select),
        ("diversity", dataselect.select_file),
        ("discover", dataselect.Discover),
        ("label", dataselect.IntentClassifier),
        ("label", dataselect.LabelScorer),
        ("bitext", dataselect.Bitext),
        ("rescore", dataselect.Rescore),
        ("rescore", dataselect.Rescore.record_scorer),
        ("lm train", dataselect.KneserNey),
        ("audit", dataselect.audit),
        ("translate", dataselect.Translator),
        ("translate", dataselect.TranslateScorer),
        ("signals", dataselect.SignalScorer),
        ("mask", dataselect.MaskScorer),
        ("check", dataselect.Check),
        ("select", dataselect.Field),
        ("bitext", dataselect.BitextScorer),
        ("bitext", dataselect.PairFilters),
        ("relevance", dataselect.select_file),
    ],
)
def test_parameters_are_called_as_options_are(command: str, function: object) -> None:
    module = import_module(f"dataselect.{COMMANDS[command].module}")
    options = inspect.signature(spread(module.command)).parameters
    for own_name, parameter in inspect.signature(function).parameters.items():  # type: ignore[arg-type]
        name = {"from_format": "source", "to_format": "target"}.get(own_name, own_name)
        if name in ALONE | {"self", "classifier", "model", "rule"}:
            continue
        assert name in options, name
        own, other = parameter.default, options[name].default
        plain = isinstance(own, int | float | str) and isinstance(other, int | float | str)
        assert not plain or own == other, (name, own, other)
