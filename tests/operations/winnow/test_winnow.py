"""Winnowing: its scores against KenLM and by hand, and its command."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from conftest import Inside, Shell, kenlm_model
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import OptionError
from dataselect.models.language_model.scoring.language_model import LanguageModel, perplexity
from dataselect.models.relevance.log_odds import log_odds
from dataselect.operations.winnow.scorer import Band
from dataselect.operations.winnow.winnow import Winnow

# Log10 probabilities and back-offs that are easy to add up.
ARPA = r"""
\data\
ngram 1=6
ngram 2=4

\1-grams:
-2	<unk>
0	<s>	-0.5
-1	</s>
-0.5	play	-0.25
-0.75	jazz	-0.125
-1.5	rock

\2-grams:
-0.125	<s> play
-0.25	play jazz
-0.0625	jazz </s>
-0.5	play </s>

\end\
"""
PLAY_JAZZ = -0.125 - 0.25 - 0.0625
PLAY_POLKA = -0.125 + (-0.25 - 2) - 1  # the back-off of "play", <unk>, and the end
IN_DOMAIN = ["play some jazz", "play the blues", "play some rock now", "stop the music"]
GENERAL = ["it rained in the north", "the train to oslo was late", "play was stopped by rain"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = tmp_path_factory.mktemp("lm") / "music.arpa"
    found.write_text(ARPA)
    return str(found)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with a model, in-domain text, a general text and a pool that mixes both."""
    (tmp_path / "music.arpa").write_text(ARPA)
    for name, texts in {
        "in_domain": IN_DOMAIN,
        "general": GENERAL,
        "pool": ["play jazz", "play polka", "rain in oslo", "play the rock", "jazz jazz jazz"],
    }.items():
        lines = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def rows(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def scored(winnow: Winnow, texts: list[str]) -> tuple[list[float], dict[str, list[float]]]:
    scores = winnow.record_scorer().score([texts])
    return scores.values.tolist(), {
        name: [json.loads(value) for value in values] for name, values in scores.fields.items()
    }


def test_perplexity_by_hand(path: str) -> None:
    values, fields = scored(Winnow(LanguageModel(path)), ["play jazz", "play polka"])
    assert values == pytest.approx([10 ** (-PLAY_JAZZ / 3), 10 ** (-PLAY_POLKA / 3)])
    assert fields == {"perplexity": values, "oov": [0, 1]}


WORDS = st.lists(st.sampled_from(["play", "jazz", "rock", "polka", "<", "é", "b>"]), max_size=6)


@given(st.lists(WORDS.map(" ".join), max_size=8))
def test_perplexity_is_that_of_kenlm(path: str, texts: list[str]) -> None:
    model = kenlm_model(path)
    values, fields = scored(Winnow(LanguageModel(path)), texts)
    assert values == pytest.approx([model.perplexity(text) for text in texts])
    assert fields["oov"] == [sum(oov for _, _, oov in model.full_scores(text)) for text in texts]


@given(st.lists(WORDS.map(" ".join), max_size=8), st.integers(1, 3))
def test_a_score_depends_on_its_text_alone(path: str, texts: list[str], size: int) -> None:
    winnow = Winnow(LanguageModel(path))
    together = scored(winnow, texts)[0]
    batches = [texts[first : first + size] for first in range(0, len(texts), size)]
    assert [value for batch in batches for value in scored(winnow, batch)[0]] == together


def test_markers_in_text_are_words_that_nobody_knows(path: str) -> None:
    """KenLM's Python module would take them for the end or the begin of a sentence."""
    _, fields = scored(
        Winnow(LanguageModel(path)), ["play </s>", "<s> play", "play <unk>", "play\0jazz"]
    )
    assert fields["oov"] == [1, 1, 1, 0]
    values, _ = scored(Winnow(LanguageModel(path)), ["play\0jazz", "play jazz"])
    assert values[0] == values[1]


def test_cross_entropy_difference_by_hand(path: str, tmp_path: Path) -> None:
    general = tmp_path / "general.arpa"
    general.write_text(ARPA.replace("-0.25\tplay jazz", "-1.75\tplay jazz"))
    winnow = Winnow(LanguageModel(path), LanguageModel(str(general)))
    values, fields = scored(winnow, ["play jazz"])
    assert values == pytest.approx([-1.5 / 3 * math.log2(10)])
    assert fields["cross_entropy_difference"] == values
    assert fields["perplexity"] == pytest.approx([10 ** (-PLAY_JAZZ / 3)])


def test_perplexity_beyond_a_double_stays_finite() -> None:
    assert perplexity(np.array([-1e6]), np.array([2])).tolist() == [1e300]


def test_held_out_text_is_not_scored_by_a_model_that_saw_it() -> None:
    texts = [f"word{number} other{number} more{number}" for number in range(20)]
    winnow = Winnow(order=2)
    held_out = winnow.held_out([*texts, texts[0]], np.random.default_rng(0))
    seen = winnow.fit([*texts, texts[0]]).score([*texts, texts[0]])
    assert (held_out > seen).all()
    assert held_out[0] == held_out[-1]  # copies are held out together


def test_keeps_the_most_probable(world: Path, shell: Shell) -> None:
    kept = shell("cat pool.jsonl | dataselect winnow -q --lm music.arpa --top-k 2").silent()
    assert [row["text"] for row in rows(kept)] == ["play jazz", "jazz jazz jazz"]


def test_an_lm_can_be_trained_on_the_spot(world: Path, shell: Shell) -> None:
    done = shell("dataselect winnow --in-domain in_domain.jsonl pool.jsonl --top-k 2")
    assert [row["text"] for row in rows(done.out)] == ["play jazz", "play the rock"]
    assert "to estimate the discounts" in done.err


def test_relevance_needs_a_background() -> None:
    with pytest.raises(OptionError, match="give texts as background"):
        Winnow(relevance=True)


@pytest.mark.parametrize("background", ["general.jsonl", "general.arpa", "auto"])
def test_background_ranks_by_the_difference(world: Path, shell: Shell, background: str) -> None:
    shell("dataselect lm train -q --order 3 general.jsonl -o general.arpa").silent()
    found = rows(
        shell(
            "dataselect winnow -q --in-domain in_domain.jsonl --sort --top-k 5"
            f" --background {background} pool.jsonl"
        ).silent()
    )
    assert list(found[0])[-3:] == ["cross_entropy_difference", "perplexity", "oov"]
    differences = [row["cross_entropy_difference"] for row in found]
    assert differences == sorted(differences, key=lambda found: float(str(found)))
    if background == "general.jsonl":
        assert found[-1]["text"] == "rain in oslo"


def test_the_band_drops_with_a_reason(world: Path, inside: Inside) -> None:
    inside(
        *("winnow", "-q", "--lm", "music.arpa", "pool.jsonl", "-o", "kept.jsonl"),
        *("--max-perplexity", 12, "--min-perplexity", 2, "--rejects", "rejects.jsonl"),
    ).silent()
    kept, dropped = (rows((world / name).read_bytes()) for name in ("kept.jsonl", "rejects.jsonl"))
    assert [row["text"] for row in kept] == ["jazz jazz jazz"]
    assert {row["text"]: row["dropped"] for row in dropped} == {
        "play jazz": "below --min-perplexity 2.0",
        "play polka": "above --max-perplexity 12.0",
        "rain in oslo": "above --max-perplexity 12.0",
        "play the rock": "above --max-perplexity 12.0",
    }


def test_what_is_outside_the_band_is_never_among_the_best(world: Path, inside: Inside) -> None:
    inside(
        *("winnow", "-q", "--lm", "music.arpa", "pool.jsonl", "-o", "kept.jsonl"),
        *("--min-perplexity", 2, "--top-k", 1),
    ).silent()
    assert [row["text"] for row in rows((world / "kept.jsonl").read_bytes())] == ["jazz jazz jazz"]


@pytest.mark.parametrize("sort", [[], ["--sort"]])
def test_buckets_label_shares_of_the_ranking(world: Path, inside: Inside, sort: list[str]) -> None:
    arguments = ["winnow", "-q", "--lm", "music.arpa", "pool.jsonl", "-o", "all.jsonl"]
    inside(*arguments, "--buckets", "20,60", *sort).silent()
    found = rows((world / "all.jsonl").read_bytes())
    ranked = sorted(found, key=lambda row: float(str(row["perplexity"])))
    assert [row["bucket"] for row in ranked] == [1, 2, 2, 3, 3]
    assert (found == ranked) == bool(sort)


def test_calibrate_takes_the_threshold_of_held_out_in_domain_text(
    world: Path, inside: Inside
) -> None:
    texts = [f"play some {name} by {name}" for name in "abcdefghijklmnopqrst"]
    lines = [json.dumps({"text": text}) for text in texts]
    (world / "songs.jsonl").write_text("\n".join(lines))
    arguments = ["winnow", "-q", "--in-domain", "songs.jsonl", "pool.jsonl", "-o", "kept.jsonl"]
    inside(*arguments, "--calibrate", 0.9, "--report", "report.json", "--allow-empty").silent()
    rule = json.loads((world / "report.json").read_text())["cut"]["rule"]
    held_out = Winnow().held_out(texts, np.random.default_rng(0))
    assert float(rule.removeprefix("--threshold ")) == pytest.approx(np.sort(held_out)[17])


def test_workers_write_the_same_bytes(world: Path, shell: Shell) -> None:
    command = "dataselect winnow -q --lm music.arpa pool.jsonl pool.jsonl --share 60%"
    assert shell(f"{command} --jobs 2").silent() == shell(command).silent()


def test_the_model_is_in_the_signature(world: Path, inside: Inside) -> None:
    arguments = ["winnow", "-q", "--lm", "music.arpa", "pool.jsonl", "-o", "kept.jsonl"]
    inside(*arguments, "--report", "report.json").silent()
    report = json.loads((world / "report.json").read_text())
    digest = LanguageModel(str(world / "music.arpa")).digest
    assert report["signature"].startswith(f"winnow|lm:{digest[:12]}|order:2|")


@pytest.mark.parametrize(
    ("band", "message"),
    [((None, 0.5), "under 1"), ((math.nan, None), "under 1"), ((5.0, 4.0), "is above")],
)
def test_a_band_that_lets_nothing_through_is_refused(
    band: tuple[float | None, float | None], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        Band(*band)


REFUSED = {
    "": (2, ["--lm FILE"]),
    "--lm music.arpa --in-domain in_domain.jsonl": (2, ["--lm FILE"]),
    "--lm music.arpa --background auto": (2, ["--in-domain"]),
    "--lm music.arpa --calibrate 0.9": (2, ["--in-domain"]),
    "--lm music.arpa --relevance": (2, ["--in-domain"]),
    "--in-domain in_domain.jsonl --relevance --background music.arpa": (2, ["learns from text"]),
    "--lm music.arpa --buckets 60,30": (2, ["--buckets"]),
    "--lm music.arpa --buckets a,b": (2, ["--buckets"]),
    "--lm music.arpa --max-perplexity 0": (2, ["--max-perplexity"]),
    "--lm missing.arpa": (1, ["missing.arpa", "No such file"]),
    "--lm pool.jsonl": (1, ["pool.jsonl:1"]),
    "--lm . ": (1, ["Is a directory"]),
    "--lm /dev/null": (1, ["not a file"]),
    "--in-domain /dev/null": (1, ["no text to train on"]),
    "--in-domain in_domain.jsonl --background /dev/null": (1, ["no background text"]),
    "--in-domain in_domain.jsonl --background missing": (1, ["missing"]),
    "--in-domain - ": (2, ["standard input can be read once"]),
    "--lm music.arpa -o music.arpa": (2, ["music.arpa is also read"]),
    "--lm music.arpa --background general.jsonl -o general.jsonl": (2, ["is also read"]),
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refuses_with_one_line(world: Path, inside: Inside, arguments: str) -> None:
    code, words = REFUSED[arguments]
    source = [] if " - " in arguments else ["pool.jsonl"]
    output = [] if "-o" in arguments else ["-o", "kept.jsonl"]
    outcome = inside("winnow", *source, *arguments.split(), *output)
    outcome.refused(code, *words)
    assert not (world / "kept.jsonl").exists()


def truncated(text: str) -> str:
    return text[: len(text) // 2]


BROKEN = {
    "truncated": truncated(ARPA),
    "counts too high": ARPA.replace("ngram 2=4", "ngram 2=5"),
    "counts too low": ARPA.replace("ngram 2=4", "ngram 2=3"),
    "no end": ARPA.replace("\\end\\", ""),
    "a number that is none": ARPA.replace("-0.75", "zero"),
    "NaN": ARPA.replace("-0.75", "nan"),
    "no unigrams": ARPA.replace("ngram 1=6\n", ""),
    "a binary that is cut off": "mmap lm http://kheafield.com/code format version 5\n\0",
    "nothing": "",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_model_is_refused_with_a_reason(world: Path, inside: Inside, fault: str) -> None:
    (world / "broken.arpa").write_text(BROKEN[fault])
    outcome = inside("winnow", "pool.jsonl", "--lm", "broken.arpa", "-o", "kept.jsonl")
    outcome.refused(1, "broken.arpa", ";")
    assert not (world / "kept.jsonl").exists()


def test_models_that_are_trained_here_read_normalised_text(world: Path, shell: Shell) -> None:
    (world / "loud.jsonl").write_text('{"text": "PLAY the ROCK!"}\n{"text": "Play? The: rock."}\n')
    command = "dataselect winnow -q --in-domain in_domain.jsonl loud.jsonl"
    assert [row["oov"] for row in rows(shell(command).silent())] == [2, 3]
    normalised = rows(shell(f"{command} --lowercase --remove-punctuation").silent())
    assert [row["oov"] for row in normalised] == [0, 0]
    assert [row["text"] for row in normalised] == ["PLAY the ROCK!", "Play? The: rock."]


def test_a_model_that_is_there_reads_normalised_text(world: Path, shell: Shell) -> None:
    (world / "loud.jsonl").write_text('{"text": "PLAY, jazz"}\n')
    loud = rows(shell("dataselect winnow -q --lm music.arpa --lowercase loud.jsonl").silent())
    assert [row["oov"] for row in loud] == [1]
    options = "--lowercase --remove-punctuation --report report.json"
    plain = rows(shell(f"dataselect winnow -q --lm music.arpa {options} loud.jsonl").silent())
    assert [row["perplexity"] for row in plain] == [pytest.approx(10 ** (-PLAY_JAZZ / 3))]
    assert "|norm:lower+nopunct|" in json.loads((world / "report.json").read_text())["signature"]


@pytest.mark.parametrize("background", [["--background", "auto"], ["--relevance"]])
def test_an_empty_pool_leaves_no_background(
    world: Path, inside: Inside, background: list[str]
) -> None:
    (world / "empty.jsonl").write_text("")
    arguments = ["winnow", "--in-domain", "in_domain.jsonl", *background, "empty.jsonl"]
    inside(*arguments, "-o", "kept.jsonl").refused(
        3, "no good record to train a background model on"
    )
    assert inside(*arguments, "-q", "-o", "kept.jsonl", "--allow-empty").code == 0
    assert (world / "kept.jsonl").read_bytes() == b""


def test_a_text_that_would_be_replaced_is_refused(world: Path, inside: Inside) -> None:
    (world / "odd.jsonl").write_text('{"oov": "play jazz"}\n')
    arguments = ["winnow", "--lm", "music.arpa", "odd.jsonl", "--text-field", "oov"]
    inside(*arguments, "-o", "kept.jsonl").refused(2, "'oov' has two uses")


def test_says_that_all_records_are_bad(world: Path, inside: Inside) -> None:
    arguments = ["winnow", "--lm", "music.arpa", "pool.jsonl", "--text-field", "none"]
    inside(*arguments, "--on-error", "skip", "-o", "kept.jsonl").refused(3, "all of them are bad")


def test_a_model_without_unk_is_read_in_silence(world: Path, shell: Shell) -> None:
    """KenLM would say on standard error that it puts -100 in its place."""
    text = ARPA.replace("-2\t<unk>\n", "").replace("ngram 1=6", "ngram 1=5")
    (world / "nounk.arpa").write_text(text)
    kept = shell("dataselect winnow -q --lm nounk.arpa pool.jsonl --top-k 1").silent()
    assert [row["text"] for row in rows(kept)] == ["play jazz"]


SONGS = [f"{verb} {name}" for verb in ("play", "put on", "sing") for name in ("jazz", "abba", "it")]
NEWS = [f"the {what} in {place}" for what in ("rain", "vote") for place in ("oslo", "rome", "bonn")]


def test_relevance_and_perplexity_by_hand() -> None:
    """Both in standard deviations over the background, perplexity by half."""
    with Winnow(background=NEWS, relevance=True, order=2).fit(SONGS) as winnow:
        texts = ["play abba in rome", "sing jazz", "the vote"]
        found = winnow.scores(texts)
        assert winnow.relevance_ is not None
        weights = winnow.relevance_.weights
        columns = [
            (log_odds(weights, part)[0], np.log(winnow.lm_.text_scores(part).perplexities))
            for part in (texts, NEWS)
        ]
        (odds, surprise), (other_odds, other_surprise) = columns
        expected = (odds - other_odds.mean()) / other_odds.std()
        expected -= 0.5 * (surprise - other_surprise.mean()) / other_surprise.std()
        assert found.values == pytest.approx(expected, abs=1e-5)
        assert found.values.argsort().tolist() == [2, 0, 1]
        assert winnow.direction == "high"


def test_relevance_ranks_by_its_score(world: Path, shell: Shell) -> None:
    command = "dataselect winnow -q --relevance --in-domain in_domain.jsonl --top-k 3 --sort"
    plain = shell(f"{command} pool.jsonl pool.jsonl").silent()
    found = rows(plain)
    assert list(found[0])[-3:] == ["in_domain_score", "perplexity", "oov"]
    scores = [float(str(row["in_domain_score"])) for row in found]
    assert scores == sorted(scores, reverse=True)
    assert {row["text"] for row in found} <= {"play jazz", "play the rock"}
    assert shell(f"{command} --jobs 2 pool.jsonl pool.jsonl").silent() == plain
    best = shell(f"{command} pool.jsonl | dataselect select -q --by in_domain_score --top-k 1")
    assert [row["text"] for row in rows(best.silent())] == ["play the rock"]


def test_relevance_against_a_background_of_its_own(world: Path, inside: Inside) -> None:
    learnt = ("winnow", "-q", "--relevance", "--in-domain", "in_domain.jsonl")
    other = ("--background", "general.jsonl", "--calibrate", 0.5, "--report", "report.json")
    inside(*learnt, *other, "pool.jsonl", "-o", "kept.jsonl").silent()
    report = json.loads((world / "report.json").read_text())
    assert report["winnow"]["relevance"]["background"]["texts"] == len(GENERAL)
    assert "|relevance:True|" in report["signature"]
    assert report["cut"]["direction"] == "high"
    kept = [row["text"] for row in rows((world / "kept.jsonl").read_bytes())]
    assert "play the rock" in kept
    assert "rain in oslo" not in kept
