"""The paraphrase detector: what it reads, what it learns, what it says, and its folder."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataselect.console import Steps
from dataselect.data.annotations import Slot, Utterance
from dataselect.errors import InputError
from dataselect.models.paraphrase_detector.batching import (
    LONGEST,
    TextPiece,
    TokenizedPairs,
    parts,
    text_of,
)
from dataselect.models.paraphrase_detector.calibration import at_prior, expected_calibration_error
from dataselect.models.paraphrase_detector.detector import Detector
from dataselect.models.paraphrase_detector.pairs.generation import TrainingPair
from dataselect.models.paraphrase_detector.pairs.value_substitution import Exchange
from dataselect.models.paraphrase_detector.training.detector_training import aucs, fit, hold_out
from dataselect.models.paraphrase_detector.words.tokenization import words_of
from dataselect.models.paraphrase_detector.words.word_statistics import WordStatistics
from dataselect.models.platt_scaling import PlattScaling

NAMES = ["adele", "seal", "bowie", "prince", "drake", "cher", "moby", "sade", "enya", "dido"]
WAYS = ["play {}", "i want to listen to {}", "put on {} please", "could you play some {}"]
OTHER = ["add {} to my list", "save {} for later", "who is {}"]


def utterance(template: str, name: str, intent: str = "play") -> Utterance:
    start = template.index("{")
    slot = Slot("artist", start, start + len(name), name)
    return Utterance(template.format(name), intent, (slot,))


def music_pairs(size: int, names: Sequence[str] = NAMES) -> list[TrainingPair]:
    draw = random.Random(0)
    found = []
    for _ in range(size):
        (one, other), (name, another) = draw.sample(WAYS, 2), draw.sample(names, 2)
        found.append(TrainingPair(utterance(one, name), utterance(other, name), 1, "template"))
        found.append(TrainingPair(utterance(one, name), utterance(one, another), 0, "value"))
        foreign = utterance(draw.choice(OTHER), name, "other")
        found.append(TrainingPair(utterance(other, name), foreign, 0, "intent"))
    return found


@pytest.fixture(scope="module")
def detector() -> Detector:
    from dataselect.models.paraphrase_detector.training.network_training import Schedule

    unseen = music_pairs(60, ["zappa", "queen", "korn", "wham"])
    with Steps(quiet=True) as steps:
        found, _ = fit(music_pairs(200), unseen, Schedule(10, networks=1), 0, steps, device="cpu")
    return found


TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(["play", "Adele", "seal", "雨", "please", "7"]), max_size=6).map(
        " ".join
    ),
)


def sides(*texts: str) -> list[list[TextPiece]]:
    return [[TextPiece(text)] for text in texts]


def tokenized(texts: list[list[TextPiece]]) -> TokenizedPairs:
    statistics = WordStatistics.fit([text_of(text) for text in texts])
    return TokenizedPairs(texts, statistics, statistics.words)


def test_words_are_the_same_without_case_and_punctuation() -> None:
    found = words_of(["Play Jazz!", "jazz, play"])
    assert found.distinct[:2].tolist() == found.distinct[2:][::-1].tolist()


def test_scripts_without_spaces_are_read_by_character() -> None:
    texts = ["雨が降る", "play 雨", "ฝนตก", "བདེ་ལེགས", "rain"]
    assert np.diff(words_of(texts).bounds).tolist() == [4, 2, 4, 5, 1]


def test_a_text_may_have_no_word() -> None:
    assert np.diff(words_of(["?!", "play"]).bounds).tolist() == [0, 1]


def test_rows_number_words_and_mark_values() -> None:
    one = parts(utterance("play {} now", "pink floyd"))
    pairs = tokenized([one, sides("now play")[0]])
    rows = pairs.rows(np.array([0]))
    numbers = rows.one[0].tolist()
    assert rows.other[0].tolist() == [numbers[3], numbers[0]]
    assert min(numbers) > 0
    assert rows.is_value[0].tolist() == [0, 1, 1, 0, 0, 0]


def test_long_texts_are_cut() -> None:
    rows = tokenized(sides("a " * 500, "b")).rows(np.array([0]))
    assert (rows.one.shape, rows.other.shape) == ((1, LONGEST), (1, 1))


@given(st.lists(TEXTS, min_size=2, max_size=20), st.integers(1, 7), st.booleans())
def test_every_pair_is_in_one_batch(texts: list[str], most: int, shuffled: bool) -> None:
    pairs = tokenized(sides(*texts[: len(texts) // 2 * 2]))
    rng = np.random.default_rng(0) if shuffled else None
    batches = list(pairs.batches(most, rng))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(pairs)))
    assert max(map(len, batches)) <= most


def test_features_say_what_stands_in_the_place_of_a_word() -> None:
    import torch

    from dataselect.models.paraphrase_detector.words.word_alignment import (
        TensorBatch,
        WordAlignment,
    )

    pairs = tokenized(sides("fly from boston today", "fly from new york today"))
    batch = TensorBatch.of(pairs, np.array([0]), torch.device("cpu"))
    places = (batch.one > 0).float(), (batch.other > 0).float()
    found = WordAlignment.of(batch).features(*places, torch.zeros(1, 4))[0]
    named = ["matched", "after", "before", "left", "right", "alike", "related", "share", "count"]
    columns = [*named, "none", "one", "two", "more", "crossed"]
    fly, start, boston, today = (
        {name for name, value in zip(columns, row, strict=True) if value == 1 and name != "related"}
        for row in found[:, : len(columns)].tolist()
    )
    assert fly == {"matched", "before", "left", "right", "alike"}
    assert start == {"matched", "after", "left", "alike"}
    assert boston == {"left", "right", "two"}
    assert today == {"matched", "right", "alike"}
    assert found[:, 7].tolist() == [0.25] * 4
    assert found[:, 8].tolist() == [0.125] * 4


def test_roles_tell_that_two_values_changed_places() -> None:
    import torch

    from dataselect.models.paraphrase_detector.words.word_alignment import (
        TensorBatch,
        WordAlignment,
    )
    from dataselect.models.paraphrase_detector.words.word_roles import roles

    pairs = tokenized(sides("from oslo to bergen", "from bergen to oslo"))
    batch = TensorBatch.of(pairs, np.array([0]), torch.device("cpu"))
    same = WordAlignment.of(batch).same
    words, rarity = torch.ones(1, 4), torch.tensor([[0.0, 1.0, 0.0, 1.0]])
    found = torch.stack(roles(same, words, words, rarity), 2)[0]
    # Before oslo stands "from", three words before in the other text; right after it, "to" there.
    assert found[1].tolist() == pytest.approx([1 / 4, 1 / 8, 3 / 4, 7 / 8, 2 - 3 / 8, 2 / 3])
    assert found[0].tolist() == [0] * 6  # common, and in its place
    as_it_was = torch.stack(roles(torch.eye(4)[None], words, words, rarity), 2)[0]
    assert as_it_was[[1, 3], 2:].tolist() == [[0] * 4] * 2


def test_calibration_error_by_hand() -> None:
    # Bin 0: half are ones, where 0.05 is said; bin 9: all are, where 0.95 is said.
    said, labels = np.array([0.05, 0.05, 0.95, 0.95]), np.array([0, 1, 1, 1])
    assert expected_calibration_error(said, labels) == pytest.approx((0.45 + 0.05) / 2)


def test_auc_by_kind_by_hand() -> None:
    kinds = [("template", 1), ("template", 1), ("value", 0), ("intent", 0)]
    pairs = [TrainingPair(Utterance("a"), Utterance("b"), label, kind) for kind, label in kinds]
    found = aucs(pairs, np.array([0.9, 0.4, 0.5, 0.1]))
    assert found == (0.75, {"value": 0.5, "intent": 1.0})


@given(st.integers(0, 2**32))
def test_values_are_exchanged_in_both_texts_alike(seed: int) -> None:
    pairs = music_pairs(2)
    for pair in pairs:
        label, (one, other) = Exchange(pairs)(pair, np.random.default_rng(seed))
        values = [[part.text for part in side if part.is_value] for side in (one, other)]
        assert label == pair.label
        if label:
            assert values[0] == values[1]
        for side, own in zip((one, other), pair[:2], strict=True):
            around = [part.text for part in side if not part.is_value]
            assert around == [part.text for part in parts(own) if not part.is_value]


def test_two_values_that_change_places_make_no_paraphrase() -> None:
    text, slots = "from rome to oslo", (Slot("from", 5, 9, "rome"), Slot("to", 13, 17, "oslo"))
    pair = TrainingPair(Utterance(text, "fly", slots), Utterance(f"fly {text}", "fly"), 1, "")
    pair = pair._replace(other=replace_slots(pair.other, slots, 4))
    found = set()
    for seed in range(300):
        label, (one, other) = Exchange([pair])(pair, np.random.default_rng(seed))
        values = [[part.text for part in side if part.is_value] for side in (one, other)]
        if label == 0:
            assert values[0] == values[1][::-1]
        found.add(label)
    assert found == {0, 1}


def test_some_pairs_become_a_text_and_the_same_with_values_swapped() -> None:
    rome, oslo = Slot("from", 0, 4, "rome"), Slot("to", 8, 12, "oslo")
    own = Utterance("rome to oslo", "fly", (rome, oslo))
    other = Utterance("rome to bern", "fly", (rome, oslo._replace(value="bern")))
    pair = TrainingPair(own, other, 0, "value")
    swapped = 0
    for seed in range(300):
        label, sides = Exchange([pair])(pair, np.random.default_rng(seed))
        one, another = ([part.text for part in side if part.is_value] for side in sides)
        assert label == 0
        swapped += one == another[::-1]
    assert 10 < swapped < 60  # a tenth


def replace_slots(own: Utterance, slots: Sequence[Slot], shift: int) -> Utterance:
    moved = (slot._replace(start=slot.start + shift, end=slot.end + shift) for slot in slots)
    return own._replace(slots=tuple(moved))


def test_pairs_held_out_share_no_text_with_the_others() -> None:
    texts = [f"text {number}" for number in range(300)]
    draw = random.Random(0)
    pairs = [
        TrainingPair(
            Utterance(texts[place]), Utterance(texts[place + draw.randint(0, 1)]), place % 2, ""
        )
        for place in range(299)
    ]
    rest, held_out = hold_out(pairs, np.random.default_rng(0))
    of_rest, of_held_out = (
        {side.text for pair in part for side in pair[:2]} for part in (rest, held_out)
    )
    assert len(held_out) == 30
    assert len(rest) > 260
    assert not of_rest & of_held_out


def test_pairs_that_are_all_linked_cannot_be_held_out() -> None:
    pairs = [
        TrainingPair(Utterance("hub"), Utterance(f"text {place}"), 1, "") for place in range(9)
    ]
    with pytest.raises(InputError, match="too few pairs"):
        hold_out(pairs, np.random.default_rng(0))


def test_it_learns_that_values_count_and_wording_does_not(detector: Detector) -> None:
    same, other_value, other_intent = detector.probabilities(
        [
            ("play korn", "i want to listen to korn"),
            ("play korn", "play wham"),
            ("could you play some zappa", "save zappa for later"),
        ]
    )
    assert same > 0.8
    assert max(other_value, other_intent) < 0.2


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_a_probability_knows_neither_order_nor_the_other_pairs(
    detector: Detector, pairs: list[tuple[str, str]]
) -> None:
    together = detector.probabilities(pairs)
    turned = detector.probabilities([(other, one) for one, other in pairs])
    alone = [detector.probabilities([pair])[0] for pair in pairs]
    assert np.isfinite(together).all()
    assert together.tolist() == turned.tolist()
    np.testing.assert_allclose(together, alone, atol=1e-5)


@given(TEXTS)
def test_a_text_is_its_own_paraphrase_in_any_case(detector: Detector, text: str) -> None:
    assert detector.probabilities([(text, f" {text}\t"), (text, text.casefold())]).tolist() == [
        1,
        1,
    ]


def test_no_pairs_have_no_probability(detector: Detector) -> None:
    assert detector.probabilities([]).shape == (0,)


def test_vectors_are_nearer_for_texts_with_words_in_common(detector: Detector) -> None:
    found = detector.vectors(["play adele", "adele, please play", "save seal for later", "?"])
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert found[0] @ found[1] > found[0] @ found[2]


def test_what_is_saved_is_loaded(detector: Detector, tmp_path: Path) -> None:
    detector.save(str(tmp_path), "# A card\n")
    loaded = Detector.load(str(tmp_path), device="cpu")
    pairs = [("play korn", "put on korn please"), ("play korn", "play cher"), ("a", "b")]
    assert loaded.digest == detector.digest
    assert loaded.describe() == detector.describe()
    assert loaded.probabilities(pairs).tolist() == detector.probabilities(pairs).tolist()
    assert (loaded.vectors(["play korn"]) == detector.vectors(["play korn"])).all()
    assert (tmp_path / "README.md").read_text() == "# A card\n"


@pytest.fixture(scope="module")
def fine_tuned(tiny_model: Path) -> Detector:
    from dataselect.models.paraphrase_detector.training.network_training import Schedule

    pairs = music_pairs(40)
    with Steps(quiet=True) as steps:
        found, figures = fit(
            pairs, pairs[:30], Schedule(epochs=1), 0, steps, base=str(tiny_model), device="cpu"
        )
    assert (figures.trained_on, figures.pairs) == (120, 30)
    return found


def test_fine_tuning_changes_the_reader_and_not_the_encoder(
    fine_tuned: Detector, tiny_model: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    base = SentenceTransformer(str(tiny_model), device="cpu")
    learnt = fine_tuned.reader.state_dict()
    before = base[0].auto_model.state_dict()
    changed = {
        name for name, each in before.items() if not each.equal(learnt[f"transformer.{name}"])
    }
    assert "embeddings.word_embeddings.weight" in changed
    assert "encoder.layer.0.attention.self.query.weight" in changed
    np.testing.assert_allclose(
        fine_tuned.vectors(["play korn"]),
        base.encode(["play korn"], normalize_embeddings=True),
        atol=1e-5,
    )


def test_a_fine_tuned_detector_is_loaded_as_it_was_saved(
    fine_tuned: Detector, tmp_path: Path
) -> None:
    fine_tuned.save(str(tmp_path), "")
    loaded = Detector.load(str(tmp_path), device="cpu")
    pairs = [("play korn", "put on korn please"), ("play korn", "play cher")]
    assert loaded.digest == fine_tuned.digest
    assert loaded.describe() == fine_tuned.describe()
    assert loaded.probabilities(pairs).tolist() == fine_tuned.probabilities(pairs).tolist()


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_a_fine_tuned_detector_knows_neither_order_nor_the_other_pairs(
    fine_tuned: Detector, pairs: list[tuple[str, str]]
) -> None:
    together = fine_tuned.probabilities(pairs)
    turned = fine_tuned.probabilities([(other, one) for one, other in pairs])
    alone = [fine_tuned.probabilities([pair])[0] for pair in pairs]
    assert together.tolist() == turned.tolist()
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_fine_tuning_takes_20000_pairs_unless_it_is_told() -> None:
    from dataselect.models.paraphrase_detector.training.network_training import Schedule

    pairs, rng = music_pairs(1) * 7_000, np.random.default_rng(0)
    assert len(Schedule().enough(pairs, rng)) == 20_000
    assert len(Schedule(epochs=1).enough(pairs, rng)) == 21_000
    assert len(Schedule().enough(pairs[:9], rng)) == 9


def test_a_base_without_a_transformer_is_refused(detector: Detector, tmp_path: Path) -> None:
    from dataselect.models.paraphrase_detector.training.network_training import Schedule

    detector.save(str(tmp_path), "")  # its encoder looks word pieces up in a table
    with Steps(quiet=True) as steps, pytest.raises(InputError, match="no transformer") as refusal:
        fit(music_pairs(20), [], Schedule(epochs=1), 0, steps, base=str(tmp_path), device="cpu")
    assert "\n" not in str(refusal.value)


def test_the_folder_is_a_sentence_transformers_model(detector: Detector, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    detector.save(str(tmp_path), "")
    model = SentenceTransformer(str(tmp_path), device="cpu")
    found = model.encode(["play korn"], show_progress_bar=False)
    np.testing.assert_allclose(found, detector.vectors(["play korn"]), atol=1e-4)


def test_a_folder_without_a_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a paraphrase detector"):
        Detector.load(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("detector.json", b"{"),
        ("detector.json", b'{"format": "another 1"}'),
        ("detector.safetensors", b"nothing"),
        ("detector.safetensors", None),
        ("model.safetensors", b"nothing"),
    ],
)
def test_a_damaged_detector_is_refused_in_one_line(
    detector: Detector, tmp_path: Path, name: str, damage: bytes | None
) -> None:
    detector.save(str(tmp_path), "")
    (tmp_path / name).unlink()
    if damage is not None:
        (tmp_path / name).write_bytes(damage)
    with pytest.raises(InputError) as refusal:
        Detector.load(str(tmp_path), device="cpu")
    assert "\n" not in str(refusal.value)
    assert str(tmp_path) in str(refusal.value)


def test_weights_of_another_size_are_refused(detector: Detector, tmp_path: Path) -> None:
    detector.save(str(tmp_path), "")
    about = json.loads((tmp_path / "detector.json").read_text())
    about["reader"]["size"]["hidden"] *= 2
    (tmp_path / "detector.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="damaged"):
        Detector.load(str(tmp_path), device="cpu")


def test_a_prior_is_the_mean_of_what_is_said() -> None:
    logits = np.array([-3.0, 0.5, 1.0, 7.0])
    for prior in (0.02, 0.5, 0.97):
        shifted = at_prior(PlattScaling(2, 1), logits, prior)
        assert shifted.slope == 2
        assert shifted(logits).mean() == pytest.approx(prior)


def test_statistics_of_words_by_hand() -> None:
    texts = ["play adele now", "play seal now", "play adele now", "stop"]
    found = WordStatistics.fit(texts)
    words = words_of(["play moby now"])
    play, moby, now = found.token_features(words)
    frequency = [np.log(4 / 3) / np.log(4), 1, np.log(4 / 3) / np.log(4)]  # of three distinct texts
    assert [play[0], moby[0], now[0]] == pytest.approx(frequency)
    assert play[2] == pytest.approx(np.log(2) / np.log(4))  # adele and seal come after it
    assert play[1] == 0  # nothing but the beginning before it
    assert moby[6:10] == pytest.approx([play[0], play[2], now[0], now[1]])
    assert [play[10], play[11], moby[10], now[11]] == [1, 0, 0, 1]
    assert moby[-2:] == pytest.approx([np.log(3), 1])  # two words between play and now


def test_texts_of_another_kind_are_not_calibrated_as_training(
    detector: Detector,
) -> None:
    draw = random.Random(0)
    names = ["".join(draw.sample("αβγδεζηθικλμ", 5)) for _ in range(300)]
    texts = [draw.choice(["παίξε {}", "θέλω να ακούσω {}"]).format(name) for name in names]
    adapted = detector.adapted(texts)
    assert adapted.calibration == PlattScaling()
    known = detector.adapted([way.format(name) for way in WAYS for name in NAMES] * 8)
    assert known is detector  # too few different ones
    said = f"παίξε {names[0]}"
    same, other = adapted.probabilities(
        [(said, f"θέλω να ακούσω {names[0]}"), (said, f"παίξε {names[1]}")]
    )
    assert same > other
