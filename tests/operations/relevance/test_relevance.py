"""Relevance: what it learns, what it promises about scores, and its command."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.cli import main
from dataselect.errors import InputError
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.relevance import discriminant_training
from dataselect.models.relevance.background_copies import near_copies
from dataselect.operations.relevance.relevance import Relevance

ARTISTS = ["adele", "seal", "queen", "bach", "björk", "abba", "moby", "sade", "beck", "prince"]
MUSIC = [f"{verb} {artist}" for verb in ("play", "put on some", "listen to") for artist in ARTISTS]
PLACES = ["oslo", "the harbour", "our street", "the old mill", "paris", "a small village"]
OTHER = [
    f"{start} {place}"
    for start in (
        "it rained all day in",
        "he walked to",
        "wake me up in",
        "the road to",
        "how far is",
    )
    for place in PLACES
]


@pytest.fixture(scope="module")
def model() -> Relevance:
    return Relevance().fit(MUSIC[::2], OTHER)


def test_unseen_in_domain_text_scores_above_other_text(model: Relevance) -> None:
    unseen = model.score(MUSIC[1::2])
    other = model.score(["she walked to the harbour", "it rained in paris"])
    assert unseen.min() > 0.5 > other.max()


def test_scores_are_probabilities(model: Relevance) -> None:
    scores = model.score([*MUSIC, *OTHER, "", "..."])
    assert ((scores > 0) & (scores < 1)).all()


TEXTS = st.lists(st.one_of(st.sampled_from(MUSIC + OTHER), st.text(max_size=30)), max_size=12)


@given(TEXTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_score_depends_on_its_text_alone(
    model: Relevance, texts: list[str], size: int, random: object
) -> None:
    together = model.score(texts)
    batches = [texts[i : i + size] for i in range(0, len(texts), size)]
    apart = [model.score(batch) for batch in batches]
    np.testing.assert_array_equal(together, np.concatenate([*apart, np.empty(0)]))
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = model.score([texts[i] for i in order])
    np.testing.assert_array_equal(shuffled, together[order])


def test_relevance_by_hand() -> None:
    """The explanation's weights, its parts, add up to the log-odds less the offset."""
    fitted = Relevance().fit(MUSIC, OTHER)
    scorer = fitted.record_scorer(explain=99)
    text = "please play queen in paris and play queen"
    spoken = json.loads(scorer.details([[text]])["relevance_ngrams"][0])
    evidence = sum(weight for side in spoken.values() for _, weight in side)
    probability = float(fitted.score([text])[0])
    log_odds = np.log(probability / (1 - probability))
    assert evidence == pytest.approx(log_odds - fitted.sigmoids_[0].offset, abs=0.01)
    assert [ngram for ngram, _ in spoken["for"][:2]] != []
    assert all(weight > 0 for _, weight in spoken["for"])
    assert all(weight < 0 for _, weight in spoken["against"])


def test_a_saved_model_scores_the_same(model: Relevance, tmp_path: Path) -> None:
    path = tmp_path / "music.model"
    path.write_bytes(model.dumps())
    loaded = Relevance.load(str(path))
    np.testing.assert_array_equal(loaded.score(MUSIC), model.score(MUSIC))
    assert loaded.digest() == model.digest()


def test_the_same_data_and_seed_give_the_same_model() -> None:
    models = [Relevance(seed=5).fit(MUSIC, OTHER).dumps() for _ in range(2)]
    assert models[0] == models[1]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_handful_of_in_domain_texts_is_enough(count: int) -> None:
    fitted = Relevance().fit(MUSIC[:count], OTHER)
    scores = fitted.score(["play bach", "he walked to oslo"])
    assert scores[0] > scores[1]
    assert any("hold out" in warning for warning in fitted.record_scorer().warnings()) == (
        count == 1
    )


def test_five_texts_do_not_lead_to_certainty() -> None:
    fitted = Relevance().fit(MUSIC[:5], OTHER)
    assert fitted.held_out_.max() < 0.999


@pytest.mark.parametrize(
    ("in_domain", "background", "near", "far"),
    [
        pytest.param(
            ["गाना बजाओ", "अडेल का गाना बजाओ", "कोई गाना सुनाओ", "नया गाना लगाओ"],
            ["आज बारिश होगी", "कल मौसम कैसा है", "मुझे सुबह जगाना", "बारिश कब होगी"],
            "पुराना गाना बजाओ",
            "आज मौसम कैसा है",
            id="Hindi by words",
        ),
        pytest.param(
            ["播放音乐", "播放一首歌", "我想听歌", "来一首歌"],
            ["明天下雨吗", "今天天气怎么样", "早上叫我起床", "天气预报"],
            "播放老歌",
            "明天天气",
            id="Chinese by characters",
        ),
    ],
)
def test_other_scripts(in_domain: list[str], background: list[str], near: str, far: str) -> None:
    fitted = Relevance().fit(in_domain, background)
    scores = fitted.score([near, far])
    assert scores[0] > scores[1]


CHINESE = [
    "请为我播放一首周杰伦的老歌谢谢你",
    "我想听一首邓丽君的歌可以吗",
    "来一首轻松一点的钢琴音乐吧",
]


@pytest.mark.parametrize(("texts", "analyzer"), [(CHINESE, "char"), (MUSIC, "word")])
def test_text_without_spaces_is_read_by_characters(texts: list[str], analyzer: str) -> None:
    assert Relevance().fit(texts, OTHER).weights_.ngrams.analyzer == analyzer


def test_words_of_text_without_spaces_are_warned_of() -> None:
    fitted = Relevance(analyzer="word").fit(CHINESE, OTHER)
    assert any("--analyzer char" in warning for warning in fitted.record_scorer().warnings())


def test_a_word_is_known_by_its_characters() -> None:
    """Two words that the background has once each, and one is like words of the in-domain text."""
    own = ["der lautsprecher", "den lautsprecher", "lautsprecher an", "leiser lautsprecher"]
    other = ["die lautsprechern", "die wetterkarten", "das fenster", "ein schirm", "am bahnhof"]
    fitted = Relevance(ngrams=1).fit(own, other)
    scores = fitted.score(["lautsprechern", "wetterkarten"])
    assert scores[0] > scores[1] + 0.01


def test_several_sets_name_the_best() -> None:
    weather = [
        f"will it {what} {when}" for what in ("rain", "snow") for when in ("today", "now", "soon")
    ]
    fitted = Relevance().fit({"music": MUSIC, "weather": weather}, OTHER)
    fields = fitted.record_scorer().score([["play sade", "will it snow tomorrow"]]).fields
    assert list(fields["relevance_for"]) == [b'"music"', b'"weather"']


def test_near_copies_by_hand() -> None:
    """Jaccard of {a, b, c, a b, b c, a b c} and the same without c's n-grams: 3 of 6."""
    ngrams = Ngrams()
    found = near_copies(ngrams.matrix(["A b, c!", "a b", "x"]), ngrams.matrix(["a b c", "z"]))
    assert found.tolist() == [True, False, False]


def test_near_copies_of_in_domain_text_leave_the_background() -> None:
    fitted = Relevance().fit(MUSIC, [*OTHER, MUSIC[0], MUSIC[1].upper()])
    assert fitted.figures_["background"] == {"texts": len(OTHER), "near_copies_left_out": 2}


def test_a_ranking_by_length_is_warned_of() -> None:
    long = [" ".join(np.random.default_rng(i).choice(PLACES, 9)) for i in range(20)]
    short = [" ".join(np.random.default_rng(i).choice(PLACES, 2)) for i in range(40)]
    fitted = Relevance().fit(long, short)
    assert any("length" in warning for warning in fitted.record_scorer().warnings())


def test_figures_of_the_fit(model: Relevance) -> None:
    figures = model.record_scorer().describe()["sets"][""]
    assert figures["auc"] > 0.9
    assert figures["precision_at"]["10"] > 0.8
    assert "play" in [ngram for ngram, _ in figures["ngrams_for"]]
    assert all(weight < 0 for _, weight in figures["ngrams_against"])


@pytest.mark.parametrize("sides", [({"": []}, OTHER), ({"": MUSIC}, []), ({"": MUSIC}, MUSIC)])
def test_a_side_without_text_is_refused(sides: tuple[dict[str, list[str]], list[str]]) -> None:
    with pytest.raises(InputError):
        Relevance().fit(*sides)


@pytest.mark.parametrize("left", [1, 2])
def test_background_of_a_text_or_two_beside_near_copies(left: int) -> None:
    """Some folds leave no background to learn from."""
    fitted = Relevance().fit(MUSIC[:2], [*OTHER[:left], *[text.upper() for text in MUSIC[:2]]])
    assert np.isfinite(fitted.score(["play bach", "he walked to oslo"])).all()
    assert fitted.figures_["background"] == {"texts": left, "near_copies_left_out": 2}


def test_sets_are_learnt_the_same_in_groups_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {str(number): MUSIC[number::3] for number in range(3)}
    together = Relevance().fit(sets, OTHER).log_odds([*MUSIC, *OTHER])
    monkeypatch.setattr(discriminant_training, "_MOST_TOGETHER", 1)
    apart = Relevance().fit(sets, OTHER).log_odds([*MUSIC, *OTHER])
    np.testing.assert_allclose(together, apart, atol=1e-3)


def test_a_fit_reports_each_set() -> None:
    told: list[int] = []

    def report(_label: str, total: int) -> Callable[[int], None]:
        told.append(-total)
        return told.append

    sets = {str(number): MUSIC[number::9] for number in range(9)}
    Relevance().fit_sampled(sets, OTHER, np.random.default_rng(0), report)
    assert told[0] == -9
    assert sum(told) == 0
    assert len(told) > 2  # in more than one piece


# The command.


def write(path: Path, texts: list[str], **fields: object) -> str:
    lines = [json.dumps({"text": text, **fields}) for text in texts]
    path.write_text("\n".join([*lines, ""]))
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return {
        "in_domain": write(tmp_path / "music.jsonl", MUSIC[::2], intent="music"),
        "pool": write(tmp_path / "pool.jsonl", [*OTHER, *MUSIC[1::2], *MUSIC[:3]]),
        "background": write(tmp_path / "background.jsonl", OTHER),
        "out": str(tmp_path / "out.jsonl"),
        "model": str(tmp_path / "music.model"),
        "report": str(tmp_path / "report.json"),
    }


def run(*arguments: str) -> int:
    return main(["relevance", "--quiet", *arguments])


def read(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_command_keeps_the_hidden_in_domain_records(files: dict[str, str]) -> None:
    assert (
        run("--in-domain", files["in_domain"], "--top-k", "15", "-o", files["out"], files["pool"])
        == 0
    )
    assert {record["text"] for record in read(files["out"])} <= set(MUSIC)


def test_a_model_gives_the_same_bytes_as_fitting(files: dict[str, str], tmp_path: Path) -> None:
    run(
        "--in-domain",
        files["in_domain"],
        "--save-model",
        files["model"],
        "-o",
        files["out"],
        files["pool"],
    )
    again = str(tmp_path / "again.jsonl")
    run("--model", files["model"], "-o", again, files["pool"])
    assert Path(again).read_bytes() == Path(files["out"]).read_bytes()


def test_fit_only_reads_no_input_where_there_is_a_background(files: dict[str, str]) -> None:
    options = ("--background", files["background"], "--fit-only", "--save-model", files["model"])
    assert run("--in-domain", files["in_domain"], *options) == 0
    assert Path(files["model"]).exists()
    assert not Path(files["out"]).exists()


def test_fit_only_reports_the_fit(files: dict[str, str]) -> None:
    options = ("--fit-only", "--save-model", files["model"], "--report", files["report"])
    assert run("--in-domain", files["in_domain"], *options, files["pool"]) == 0
    report = json.loads(Path(files["report"]).read_text())
    assert report["relevance"]["sets"][""]["auc"] > 0.5
    assert "cut" not in report


def test_calibrate_passes_that_share_of_held_out_text(files: dict[str, str]) -> None:
    run(
        "--in-domain",
        files["in_domain"],
        "--calibrate",
        "0.9",
        "--report",
        files["report"],
        "-o",
        files["out"],
        files["pool"],
    )
    report = json.loads(Path(files["report"]).read_text())
    assert report["cut"]["rule"].startswith("--threshold")
    assert report["options"]["calibrate"] == 0.9
    assert 0 < report["counts"]["kept"] < report["counts"]["read"]


def test_report_says_that_positives_may_hide_in_the_sample(files: dict[str, str]) -> None:
    run(
        "--in-domain",
        files["in_domain"],
        "--report",
        files["report"],
        "-o",
        files["out"],
        files["pool"],
    )
    background = json.loads(Path(files["report"]).read_text())["relevance"]["background"]
    assert "may hide" in background["source"]
    assert background["near_copies_left_out"] == 2  # of the three copies, one was not annotated


def test_sets_by_field_and_quota_for_each(files: dict[str, str], tmp_path: Path) -> None:
    alarms = [f"wake me up {when}" for when in ("now", "at six", "tomorrow", "early")]
    by = tmp_path / "by.jsonl"
    by.write_text(
        "".join(json.dumps({"text": t, "intent": "music"}) + "\n" for t in MUSIC)
        + "".join(json.dumps({"text": t, "intent": "alarm"}) + "\n" for t in alarms)
    )
    run(
        "--in-domain",
        str(by),
        "--in-domain-by",
        "intent",
        "--top-k",
        "2",
        "--per",
        "relevance_for",
        "-o",
        files["out"],
        files["pool"],
    )
    assert (
        sorted(str(r["relevance_for"]) for r in read(files["out"])) == ["alarm"] * 2 + ["music"] * 2
    )


def test_named_files_are_sets(files: dict[str, str]) -> None:
    run(
        "--in-domain",
        f"music={files['in_domain']}",
        "--in-domain",
        f"walk={files['background']}",
        "-o",
        files["out"],
        files["pool"],
    )
    assert {r["relevance_for"] for r in read(files["out"])} == {"music", "walk"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing to learn from"),
        pytest.param(["--in-domain", "{in_domain}", "--model", "{in_domain}"], id="two sources"),
        pytest.param(["--in-domain", "{in_domain}", "--fit-only"], id="a model that is lost"),
        pytest.param(
            ["--in-domain", "{in_domain}", "--fit-only", "--save-model", "{model}", "-o", "{out}"],
            id="an output of nothing",
        ),
        pytest.param(["--in-domain", "-", "-"], id="standard input twice"),
        pytest.param(
            ["--in-domain", "a={in_domain}", "--in-domain", "{in_domain}"], id="half named"
        ),
        pytest.param(
            ["--in-domain", "a={in_domain}", "--in-domain-by", "intent"], id="named twice"
        ),
        pytest.param(["--model", "{in_domain}", "--analyzer", "char"], id="an option of fitting"),
    ],
)
def test_contradictions_are_usage_errors(files: dict[str, str], arguments: list[str]) -> None:
    assert run(*[argument.format(**files) for argument in arguments], files["pool"]) == 2


def test_a_bad_in_domain_record_is_named(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(files["in_domain"]).write_text('{"text": "play"}\n{"text": 3}\n')
    assert run("--in-domain", files["in_domain"], "-o", files["out"], files["pool"]) == 1
    assert f"{files['in_domain']}:2: field 'text' is a number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("auc", "length_auc", "correlation", "said"),
    [
        (0.9, 0.89, 0.1, ["length alone tells"]),
        (0.9, 0.6, -0.85, ["follows length"]),
        (0.95, 0.85, -0.85, []),  # length is right, and the score knows more
        (0.9, 0.6, 0.5, []),
    ],
)
def test_length_is_a_doubt_where_it_does_not_tell_the_truth(
    auc: float, length_auc: float, correlation: float, said: list[str]
) -> None:
    figure = {"auc": auc, "length_auc": length_auc, "score_length_correlation": correlation}
    model = Relevance()
    model.figures_ = {"held_out": True, "word_length": 5.0, "sets": {"": figure}}
    warnings = model.record_scorer().warnings()
    assert len(warnings) == len(said)
    assert all(words in warning for words, warning in zip(said, warnings, strict=True))
