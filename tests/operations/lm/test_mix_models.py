"""`lm mix`: the mixture's probabilities, that they sum to one, weights by EM, the command."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Shell, kenlm_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.models.language_model import arpa
from dataselect.models.language_model.backoff import BackoffModel, NgramOrder
from dataselect.models.language_model.interpolation import (
    known_perplexity,
    mix,
    tune,
    word_log_probs,
)
from dataselect.models.language_model.kneser_ney import estimate
from dataselect.models.language_model.vocabulary import BEGIN, MARKERS, UNKNOWN, Vocabulary

Ngram = tuple[bytes, ...]
Tables = list[dict[Ngram, tuple[float, float]]]
Mixture = tuple[list[BackoffModel], list[float]]


def ngrams(model: BackoffModel) -> Tables:
    """For each order, n-grams to probability and back-off weight."""
    words, found = model.vocabulary.words, []
    histories: list[Ngram] = [()]
    for level in model.levels:
        spelled = [
            (*histories[history], words[word])
            for history, word in zip(level.histories.tolist(), level.words.tolist(), strict=True)
        ]
        weights = zip((10**level.log_probs).tolist(), (10**level.backoffs).tolist(), strict=True)
        found.append(dict(zip(spelled, weights, strict=True)))
        histories = spelled
    return found


def probability(tables: Tables, ngram: Ngram) -> float:
    """Of the last word, by the definition: the longest n-gram, or a shorter one and a back-off."""
    if len(ngram) <= len(tables) and ngram in tables[len(ngram) - 1]:
        return tables[len(ngram) - 1][ngram][0]
    history = ngram[:-1]
    known = len(history) <= len(tables) and history in tables[len(history) - 1]
    backoff = tables[len(history) - 1][history][1] if known else 1.0
    return backoff * probability(tables, ngram[1:])


def sums(model: BackoffModel) -> list[float]:
    """What the probabilities of all words but <s> sum to, after every history that is listed."""
    words, tables = (
        np.delete(np.arange(len(model.vocabulary), dtype=np.int32), BEGIN),
        ngrams(model),
    )
    found = [(10 ** model.levels[0].log_probs[words]).sum()]
    for order in range(1, model.order):
        for history in tables[order - 1]:
            tokens = np.array([model.vocabulary.number(word) for word in history], np.int32)
            before = [place[-1:].repeat(len(words)) for place in model.find(tokens)]
            scores = model.weigh(before, model.extend(before, words))
            found.append((10**scores.log_probs).sum())
    return found


def by_hand(*tables: dict[str, tuple[float, float]]) -> BackoffModel:
    """A model of n-grams, by order, to probability and back-off weight."""
    vocabulary = Vocabulary(word.encode() for word in tables[0] if word not in ("<unk>", "</s>"))
    levels: list[NgramOrder] = []
    places: dict[Ngram, int] = {(): 0}
    for table in [{"<s>": (1.0, 1.0), **tables[0]}, *tables[1:]]:
        rows = []
        for spelled, weights in table.items():
            *history, word = spelled.encode().split()
            number = MARKERS.index(word) if word in MARKERS else vocabulary.number(word)
            rows.append((places[tuple(history)], number, weights, (*history, word)))
        rows.sort()
        with np.errstate(divide="ignore"):
            log_weights = np.log10(np.array([row[2] for row in rows]))
        levels.append(
            NgramOrder(
                np.array([row[0] for row in rows], np.int64),
                np.array([row[1] for row in rows], np.int32),
                log_weights[:, 0],
                log_weights[:, 1],
            )
        )
        places = {row[3]: place for place, row in enumerate(rows)}
    return BackoffModel(vocabulary, tuple(levels))


JAZZ = by_hand(
    {"<unk>": (0.1, 1), "</s>": (0.3, 1), "play": (0.4, 5 / 6), "jazz": (0.2, 1)},
    {"play play": (0.5, 1)},
)
ROCK = by_hand(
    {"<unk>": (0.2, 1), "</s>": (0.2, 1), "play": (0.2, 0.5), "rock": (0.4, 1)},
    {"play rock": (0.7, 1)},
)


def test_mixture_by_hand() -> None:
    """Of <unk>, JAZZ gives half to 'rock', 0.05, and ROCK half to 'jazz', 0.1.

    'play play': JAZZ 0.5, ROCK 0.5 * 0.2; 'play rock': JAZZ 5/6 * 0.05, ROCK 0.7.
    """
    unigrams, bigrams = ngrams(mix([JAZZ, ROCK], [0.5, 0.5]))
    assert {word: weights[0] for (word,), weights in unigrams.items()} == pytest.approx(
        {
            b"<unk>": (0.05 + 0.1) / 2,
            b"<s>": 1,
            b"</s>": (0.3 + 0.2) / 2,
            b"play": (0.4 + 0.2) / 2,
            b"jazz": (0.2 + 0.1) / 2,
            b"rock": (0.05 + 0.4) / 2,
        }
    )
    after_play = (0.5 + 0.1) / 2 + (5 / 120 + 0.7) / 2
    assert {ngram: weights[0] for ngram, weights in bigrams.items()} == pytest.approx(
        {(b"play", b"play"): (0.5 + 0.1) / 2, (b"play", b"rock"): (5 / 120 + 0.7) / 2}
    )
    assert unigrams[b"play",][1] == pytest.approx((1 - after_play) / (1 - 0.3 - 0.225))
    assert unigrams[b"jazz",][1] == 1


SENTENCES = st.lists(
    st.lists(st.sampled_from("abcdefg"), max_size=7).map(" ".join), min_size=1, max_size=12
)


@st.composite
def models(draw: st.DrawFn) -> BackoffModel:
    """A model trained on a few sentences; with a fixed vocabulary, <unk> is in its n-grams."""
    texts = draw(SENTENCES)
    order = draw(st.integers(1, 4))
    vocabulary = Vocabulary(draw(st.sampled_from([[], [b"a", b"b", b"h"]])))
    tokens = vocabulary.encode(texts, grow=len(vocabulary) == len(MARKERS))
    prune = [0, draw(st.integers(0, 1))] if order > 1 else []
    return estimate(tokens, vocabulary, order=order, prune=prune).model


@st.composite
def gappy_models(draw: st.DrawFn) -> BackoffModel:
    """A model that may list 'a b c' without 'b c', and give an n-gram nothing."""
    model = draw(models())
    levels = list(model.levels)
    for order in range(model.order, 1, -1):
        level = levels[order - 1]
        drawn = draw(st.lists(st.booleans(), min_size=len(level), max_size=len(level)))
        stays = np.array(drawn, bool)
        if order < model.order:
            stays[levels[order].histories] = True
            moved = np.cumsum(stays) - 1
            levels[order] = replace(levels[order], histories=moved[levels[order].histories])
        kept = [column[stays] for column in vars(level).values()]
        levels[order - 1] = NgramOrder(*kept)
        levels[order - 1].log_probs[::3] = draw(st.sampled_from([-99.0, -np.inf, -1.0]))
    return mix([replace(model, levels=tuple(levels))], [1])


def mixtures(parts: st.SearchStrategy[BackoffModel]) -> st.SearchStrategy[Mixture]:
    """One to three models and their weights."""
    drawn = st.lists(st.tuples(parts, st.floats(0.01, 1)), min_size=1, max_size=3)
    return drawn.map(lambda pairs: ([part for part, _ in pairs], shares([w for _, w in pairs])))


def shares(weights: Sequence[float]) -> list[float]:
    return [weight / sum(weights) for weight in weights]


@given(mixtures(st.one_of(models(), gappy_models())))
def test_probabilities_sum_to_one_after_every_history(mixture: Mixture) -> None:
    np.testing.assert_allclose(sums(mix(*mixture)), 1, atol=1e-8)


def test_a_mixture_of_thousands_of_ngrams_sums_to_one() -> None:
    draw = random.Random(1)
    words = [f"w{number}" for number in range(80)]
    weights = [1 / (number + 1) for number in range(60)]
    parts = [
        trained([" ".join(draw.choices(own, weights, k=draw.randint(1, 9))) for _ in range(500)], n)
        for own, n in ((words[:60], 4), (words[20:], 3))
    ]
    mixed = mix(parts, [0.7, 0.3])
    assert len(mixed.levels[3]) > 1_000
    np.testing.assert_allclose(sums(mixed), 1, atol=1e-9)


@given(mixtures(st.one_of(models(), gappy_models())))
def test_a_listed_ngram_has_the_weighted_sum_of_what_each_model_gives_it(mixture: Mixture) -> None:
    parts, weights = mixture
    mixed = mix(parts, weights)
    tables, mixed_tables = [ngrams(part) for part in parts], ngrams(mixed)
    listed = {ngram for table in chain.from_iterable(tables) for ngram in table}
    assert {ngram for table in mixed_tables for ngram in table} == listed
    words = {word for (word,) in mixed_tables[0]}
    for ngram in listed:
        if ngram[-1] == b"<s>":
            continue
        total = 0.0
        for table, weight in zip(tables, weights, strict=True):
            lacking = words - {word for (word,) in table[0]}
            own = tuple(b"<unk>" if word in lacking else word for word in ngram)
            share = 1 / (len(lacking) + 1) if own[-1] == b"<unk>" else 1
            total += weight * share * probability(table, own)
        assert probability(mixed_tables, ngram) == pytest.approx(total, rel=1e-6)


@given(models(), st.floats(0.01, 0.99))
def test_mixing_a_model_with_itself_gives_the_model(model: BackoffModel, weight: float) -> None:
    mixed = mix([model, model], [weight, 1 - weight])
    assert mixed.vocabulary.words == model.vocabulary.words
    for level, own in zip(mixed.levels, model.levels, strict=True):
        np.testing.assert_array_equal(level.histories, own.histories)
        np.testing.assert_array_equal(level.words, own.words)
        np.testing.assert_allclose(level.log_probs, own.log_probs, atol=1e-9)
        weights = 10**level.backoffs, 10**own.backoffs
        np.testing.assert_allclose(*weights, rtol=1e-6, atol=2e-9)  # 1e-9 stands for zero


def kenlm_log_prob(model: Any, ngram: Ngram) -> float:
    """log10 probability of the last word, by KenLM."""
    kenlm = pytest.importorskip("kenlm")
    state, after = kenlm.State(), kenlm.State()
    begin = model.BeginSentenceWrite if ngram[0] == b"<s>" else model.NullContextWrite
    begin(state)
    for word in ngram[ngram[0] == b"<s>" : -1]:
        model.BaseScore(state, word.decode(), after)
        state, after = after, state
    return float(model.BaseScore(state, ngram[-1].decode(), after))


@settings(max_examples=40)
@given(mixtures(models().filter(lambda part: part.order > 1)))  # KenLM reads no order 1
def test_kenlm_loads_the_mixture_and_finds_the_weighted_sum_of_its_own_scores(
    tmp_path_factory: pytest.TempPathFactory, mixture: Mixture
) -> None:
    parts, weights = mixture
    folder = tmp_path_factory.mktemp("mix")
    mixed = mix(parts, weights)
    paths = [str(folder / f"{number}.arpa") for number in range(len(parts) + 1)]
    for path, model in zip(paths, [mixed, *parts], strict=True):
        arpa.save(model, path)
    whole, *loaded = map(kenlm_model, paths)
    for ngram in chain.from_iterable(ngrams(mixed)):
        if ngram[-1] == b"<s>":
            continue
        total = 0.0
        for part, own, weight in zip(parts, loaded, weights, strict=True):
            lacking = len(mixed.vocabulary) - len(part.vocabulary)
            is_known = part.vocabulary.number(ngram[-1]) != UNKNOWN
            share = 1 if is_known else 1 / (lacking + 1)
            total += weight * share * 10 ** kenlm_log_prob(own, ngram)
        assert 10 ** kenlm_log_prob(whole, ngram) == pytest.approx(total, rel=1e-4)


def trained(texts: Sequence[str], order: int = 3) -> BackoffModel:
    vocabulary = Vocabulary()
    return estimate(vocabulary.encode(texts, grow=True), vocabulary, order=order).model


@pytest.mark.parametrize("total", [0.9, 1.1])
def test_a_model_that_does_not_sum_to_one_is_mended(total: float) -> None:
    """As tools with bugs write them, or a person by hand."""
    wrong = by_hand(
        {"<unk>": (0.25, 1), "</s>": (0.25, 1), "play": (total / 2, 0.5)},
        {"play play": (0.3, 1), "play </s>": (0.5, 1), "play <unk>": (total / 2, 1)},
    )
    np.testing.assert_allclose(sums(mix([wrong], [1])), 1)


def test_weights_by_hand() -> None:
    """Where each word is possible in one model only, the weights are the shares of words."""
    log_probs = np.log10([[0.2, 1e-300], [0.01, 1e-300], [0.5, 1e-300], [1e-300, 0.1]])
    found = tune(log_probs)
    np.testing.assert_allclose(found.weights, [0.75, 0.25])
    assert found.iterations == 1


def test_words_that_no_model_can_say_do_not_move_the_weights() -> None:
    log_probs = np.array([[-1.0, -np.inf], [-np.inf, -np.inf], [-np.inf, -2.0]])
    np.testing.assert_allclose(tune(log_probs).weights, [0.5, 0.5])
    np.testing.assert_allclose(tune(log_probs[1:2]).weights, [0.5, 0.5])


@given(
    st.lists(st.lists(st.floats(-6, 0), min_size=3, max_size=3), min_size=1, max_size=20).map(
        np.array
    ),
    st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(shares),
)
def test_no_other_weights_make_the_text_more_probable(
    log_probs: NDArray[np.float64], others: list[float]
) -> None:
    found = tune(log_probs).weights
    assert found.sum() == pytest.approx(1)

    def likelihood(weights: Sequence[float] | NDArray[np.float64]) -> float:
        return float(np.log(10**log_probs @ weights).mean())

    assert likelihood(found) >= likelihood(others) - 2e-4


def test_perplexity_of_the_mixture_is_that_of_the_mixed_word_probabilities() -> None:
    """Where every n-gram of the text is listed, nothing is lost by writing one ARPA."""
    texts = ["play some jazz", "play rock", "some rock"]
    parts = [trained(texts[:2]), trained(texts[1:])]
    log_probs = word_log_probs(parts, texts[1:2])
    mixed = mix(parts, [0.3, 0.7])
    tokens = mixed.vocabulary.encode(texts[1:2])
    expected = np.log10(10**log_probs @ [0.3, 0.7])
    np.testing.assert_allclose(mixed.score(tokens).log_probs[1:], expected)


def test_a_word_that_a_model_lacks_has_its_share_of_the_unknown() -> None:
    """JAZZ shares the 0.1 of <unk> with 'rock'; 'punk' is left out, which both lack."""
    found = 10 ** word_log_probs([JAZZ, ROCK], ["rock punk"])
    np.testing.assert_allclose(found, [[0.05, 0.4], [0.3, 0.2]])


# The command.

MUSIC = ["play some jazz", "play the blues", "some jazz please", "play jazz"]
WEATHER = ["will it rain", "some rain please", "is it cold", "will it snow some"]
DEVELOPMENT = ["play some rain", "will it rain tomorrow", "some snow", "the blues"]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Two models, of different order, and a text to tune on, with words that neither knows."""
    arpa.save(trained(MUSIC), str(tmp_path / "music.arpa"))
    arpa.save(trained(WEATHER, 2), str(tmp_path / "weather.arpa.gz"))
    lines = [json.dumps({"text": text}) + "\n" for text in DEVELOPMENT]
    (tmp_path / "dev.jsonl").write_text("".join(lines))
    return tmp_path


MIX = ["lm", "mix", "music.arpa", "weather.arpa.gz"]


def test_given_weights(world: Path, inside: Inside) -> None:
    found = inside(*MIX, "--weights", "0.25,0.75", "-o", "mixed.arpa")
    said = "dataselect: mixed with weights 0.25,0.75 into 15 1-grams, 24 2-grams, 11 3-grams\n"
    assert (found.code, found.err) == (0, said)
    mixed = arpa.read(str(world / "mixed.arpa"))
    parts = [arpa.read(str(world / name)) for name in ("music.arpa", "weather.arpa.gz")]
    for level, expected in zip(mixed.levels, mix(parts, [0.25, 0.75]).levels, strict=True):
        np.testing.assert_allclose(level.log_probs, expected.log_probs, atol=1e-6)
        np.testing.assert_allclose(level.backoffs, expected.backoffs, atol=1e-6)
    np.testing.assert_allclose(sums(mixed), 1, atol=1e-6)


def test_the_same_models_give_the_same_bytes(world: Path, inside: Inside) -> None:
    for name in ("one.arpa.gz", "other.arpa.gz"):
        inside(*MIX, "--tune", "dev.jsonl", "-o", name, "-q").silent()
    assert (world / "one.arpa.gz").read_bytes() == (world / "other.arpa.gz").read_bytes()


def test_tuned_weights_predict_the_text_better_than_either_model(
    world: Path, inside: Inside
) -> None:
    options = ["--tune", "dev.jsonl", "-o", "mixed.arpa", "--report", "report.json"]
    said = inside(*MIX, *options).err
    found = json.loads((world / "report.json").read_text())["lm mix"]
    assert found["perplexity"] < min(found["perplexities"])
    assert found["oov"] == 1
    assert f"after {found['iterations']} iterations; 1 words that no model knows" in said
    for weights in ("0.2,0.8", "0.8,0.2"):
        inside(*MIX, "--weights", weights, "-o", "other.arpa", "-q").silent()
        other = arpa.read(str(world / "other.arpa"))
        assert found["perplexity"] < known_perplexity(other, DEVELOPMENT)[0]


def test_the_mixture_is_written_to_a_pipe(world: Path, shell: Shell) -> None:
    script = "dataselect lm mix music.arpa weather.arpa.gz --tune - -q < dev.jsonl"
    assert shell(f"{script} | head -2").silent() == b"\\data\\\nngram 1=15\n"


def test_bad_records_of_the_text_are_left_out_on_request(world: Path, inside: Inside) -> None:
    inside(*MIX, "--tune", "dev.jsonl", "-o", "good.arpa", "-q").silent()
    with (world / "dev.jsonl").open("a") as file:
        file.write("{\n")
    tuning = [*MIX, "--tune", "dev.jsonl", "-q", "-o"]
    inside(*tuning, "bad.arpa").refused(1, "dev.jsonl:5: not JSON")
    assert not (world / "bad.arpa").exists()
    inside(*tuning, "skipped.arpa", "--on-error", "skip").silent()
    assert (world / "skipped.arpa").read_bytes() == (world / "good.arpa").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["music.arpa", "--weights", "1"], 2, ["two or more"], id="one model"),
        pytest.param(MIX[2:], 2, ["--weights", "--tune"], id="nothing to weigh by"),
        pytest.param(
            [*MIX[2:], "--weights", "1,0", "--tune", "dev.jsonl"], 2, ["not both"], id="both"
        ),
        pytest.param([*MIX[2:], "--weights", "0.5"], 2, ["1 for 2 models"], id="a weight short"),
        pytest.param([*MIX[2:], "--weights", "0.5,x"], 2, ["not numbers"], id="no number"),
        pytest.param([*MIX[2:], "--weights", "1.5,-0.5"], 2, ["below 0"], id="negative"),
        pytest.param([*MIX[2:], "--weights", "nan,1"], 2, ["below 0"], id="not a number"),
        pytest.param([*MIX[2:], "--weights", "0.5,0.4"], 2, ["sum to 0.9"], id="a wrong sum"),
        pytest.param(
            [*MIX[2:], "--weights", "1,0", "--on-error", "skip"],
            2,
            ["--on-error is for --tune"],
            id="an option of tuning",
        ),
        pytest.param(
            [*MIX[2:], "--tune", "dev.jsonl", "--allow-empty"], 2, ["tunes nothing"], id="no text"
        ),
        pytest.param(["music.arpa", "-", "--tune", "-"], 2, ["files"], id="a model from a pipe"),
        pytest.param(
            ["music.arpa", "no.arpa", "--weights", "1,0"], 1, ["no.arpa: No such"], id="missing"
        ),
        pytest.param(
            ["music.arpa", "dev.jsonl", "--weights", "1,0"], 1, ["dev.jsonl:1: "], id="no model"
        ),
        pytest.param([*MIX[2:], "--tune", "empty"], 3, ["nothing was kept of 0"], id="no records"),
        pytest.param(
            [*MIX[2:], "--weights", "1,0", "-o", "music.arpa"], 2, ["also read"], id="over a model"
        ),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    world: Path, inside: Inside, arguments: list[str], code: int, words: list[str]
) -> None:
    (world / "empty").write_text("\n")
    inside("lm", "mix", *arguments).refused(code, *words)
