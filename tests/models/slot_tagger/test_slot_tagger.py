"""The slot tagger: what it learns of words, values, intents and a pool, and how it is saved."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.annotations import Slot
from dataselect.errors import InputError, OptionError
from dataselect.models import archive
from dataselect.models.archive import ArchiveFormat
from dataselect.models.slot_tagger import tagger_training
from dataselect.models.slot_tagger.gazetteers import Gazetteer, value_of
from dataselect.models.slot_tagger.slot_tagger import SlotTagger
from dataselect.models.slot_tagger.tagger_training import TaggedTexts
from dataselect.models.slot_tagger.word_classes import word_classes

ARTISTS = ["adele", "björk", "queen bee", "bach", "the beatles", "seal"]
PLACES = ["oslo", "new york", "rome", "quito"]


def annotated(frame: str, slot: str, value: str) -> tuple[str, list[Slot]]:
    start = frame.index("{")
    return frame.format(value), [Slot(slot, start, start + len(value), value)]


MUSIC = [annotated(f, "artist", v) for f in ("play {} now", "listen to {}") for v in ARTISTS]
WEATHER = [annotated(f, "city", v) for f in ("rain in {} now", "how warm is {}") for v in PLACES]
TEXTS = [text for text, _ in [*MUSIC, *WEATHER]]
SLOTS = [slots for _, slots in [*MUSIC, *WEATHER]]
INTENTS = ["music"] * len(MUSIC) + ["weather"] * len(WEATHER)
KNOWN = TEXTS, INTENTS, SLOTS


@pytest.fixture(scope="module")
def tagger() -> SlotTagger:
    return SlotTagger().fit(*KNOWN)


def found(tagger: SlotTagger, text: str, intent: str) -> list[tuple[str, str]]:
    [slots] = tagger.predict([text], [intent])
    assert all(text[each.start : each.end] == each.value for each in slots)
    return [(each.slot, each.value) for each in slots]


def test_values_that_no_annotated_text_has_are_found(tagger: SlotTagger) -> None:
    assert found(tagger, "play moby now", "music") == [("artist", "moby")]
    assert found(tagger, "Rain in Perth now", "weather") == [("city", "Perth")]
    assert found(tagger, "play it again sam", "chat") != []


def test_the_intent_says_which_slots_there_may_be() -> None:
    texts = [f"{name} please" for name in ("rome", "oslo", "lima")] * 2
    slots = [
        [Slot(kind, 0, len(text) - 7, text[:-7])]
        for kind, text in zip(["city"] * 3 + ["album"] * 3, texts, strict=True)
    ]
    intents = ["weather"] * 3 + ["music"] * 3
    fitted = SlotTagger(uncalibrated=True).fit(texts, intents, slots)
    assert found(fitted, "quito please", "weather") == [("city", "quito")]
    assert found(fitted, "quito please", "music") == [("album", "quito")]


SAID = st.lists(
    st.one_of(st.sampled_from(TEXTS), st.text("aé bQ1'が\u0301", max_size=12)), max_size=9
)


@given(SAID, st.integers(1, 4))
def test_the_slots_of_a_text_depend_on_it_alone(
    tagger: SlotTagger, texts: list[str], size: int
) -> None:
    together = tagger.tag(texts, ["music"] * len(texts))
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    apart = [tagged for part in parts for tagged in tagger.tag(part, ["music"] * len(part))]
    assert together == apart


def test_canonically_equal_texts_get_equal_slots(tagger: SlotTagger) -> None:
    composed, apart = (normalize(form, "play björk now") for form in ("NFC", "NFD"))
    [one], [other] = tagger.predict([composed], ["music"]), tagger.predict([apart], ["music"])
    assert [(s.slot, s.confidence) for s in one] == [(s.slot, s.confidence) for s in other]
    assert normalize("NFC", other[0].value) == one[0].value == "björk"


def test_text_without_tokens_has_no_slots(tagger: SlotTagger) -> None:
    assert tagger.predict(["", "\u200b "], ["music"] * 2) == [(), ()]
    assert tagger.predict([], []) == []


def test_given_slots_are_as_probable_as_found_ones(tagger: SlotTagger) -> None:
    texts = ["play moby now", "rain in new york now"]
    slots = tagger.predict(texts, ["music", "weather"])
    given_ = [[Slot(*each[:4]) for each in own] for own in slots]
    sure = tagger.probabilities(texts, ["music", "weather"], given_)
    assert sure == [[each.confidence for each in own] for own in slots]
    odd = [[Slot("artist", 0, 4, "play"), Slot("unknown", 5, 9, "moby")], []]
    [[low, none], nothing] = tagger.probabilities(texts, ["music", "weather"], odd)
    assert low < min(map(min, sure))
    assert (none, nothing) == (0, [])


def test_probabilities_of_tags_add_up(tagger: SlotTagger) -> None:
    [one] = tagger.tag_probabilities(["play moby now"], ["music"])
    assert [token.form for token in one.tokens] == ["play", "moby", "now"]
    np.testing.assert_allclose(one.tags.sum(axis=1), 1)
    assert one.tags[1].argmax() == 1 + tagger.names_.index("artist")


def test_confidence_is_learnt_from_texts_held_out() -> None:
    """Half of the annotations are missing, by chance, and so half of what is found is wrong."""
    rng = np.random.default_rng(0)
    letters = "ijklmnopqrst"
    texts = [f"play {name}{letter}" for name in ("ab", "cd", "ef", "gh") for letter in letters]
    half = [
        [Slot("artist", 5, len(text), text[5:])] if rng.random() < 0.5 else [] for text in texts
    ]
    intents = ["music"] * len(texts)
    new = [f"play moby{letter}" for letter in letters], ["music"] * len(letters)
    sure, plain = (
        np.mean([each.confidence for each in model.fit(texts, intents, half).tag(*new)])
        for model in (SlotTagger(), SlotTagger(uncalibrated=True))
    )
    assert 0.35 < sure < 0.65
    assert plain > sure


def test_a_value_of_one_text_alone_is_not_known_to_itself() -> None:
    values = [[value_of(["moby"], "artist")], [value_of(["the", "end"], "track")]]
    gazetteer = Gazetteer.of([*values, values[1]])
    assert gazetteer.features(["play", "moby"]) == [[], ["one=artist"]]
    assert gazetteer.features(["play", "moby"], values[0]) == [[], []]
    begin, inside = gazetteer.features(["the", "end"], values[1])
    assert (begin, inside) == (["begin=track"], ["inside=track"])


def test_annotation_inside_a_word_is_learnt_and_found() -> None:
    texts = [f"weck mich in {city}s mitte" for city in PLACES]
    slots = [[Slot("city", 13, 13 + len(city), city)] for city in PLACES]
    fitted = SlotTagger(uncalibrated=True).fit(texts, ["wake"] * 4, slots)
    assert found(fitted, "weck mich in perths mitte", "wake") == [("city", "perth")]


def test_tags_of_annotated_texts(tagger: SlotTagger) -> None:
    slots = [[Slot("artist", 5, 16, "the beatles")], []]
    known = TaggedTexts.annotated(
        ["play the beatles", "stop"], ["a", "b"], slots, ["artist"], tagger.tokenizer_
    )
    assert known.tags.tolist() == [0, 1, 2, 0]
    assert known.values(["artist"]) == [{value_of(["the", "beatles"], "artist")}, set()]
    assert known.subset(np.array([1])).tags.tolist() == [0]


FRAMES = ["play {} now", "put on {} please", "is {} any good", "louder {} again"]
UNKNOWN = [f"band{chr(97 + number)}" for number in range(26)]
TOWNS = [f"town{chr(97 + number)}" for number in range(26)]
POOL = [frame.format(name) for frame in FRAMES for name in [*ARTISTS, *UNKNOWN]]
POOL += [f"{way} {name} {when}" for way in ("fly to", "ride to") for name in TOWNS for when in "ab"]


def test_words_of_a_pool_that_stand_in_the_same_places_are_of_a_class(tagger: SlotTagger) -> None:
    pool = [[token.form for token in tagger.tokenizer_(text)] for text in POOL]
    classes = word_classes(pool, {"bach": {"artist"}, "seal": {"artist"}}, np.random.default_rng(0))
    assert not {classes[word][0] for word in UNKNOWN} & {classes[word][0] for word in TOWNS}
    assert "0.7~artist" in classes["banda"]
    assert "0.7~artist" in classes["bach"]  # as seal is one
    assert "0.5~artist" not in classes["towna"]


def test_a_large_pool_is_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagger_training, "POOL_SIZE", 20)
    fitted = SlotTagger(uncalibrated=True).fit(*KNOWN, pool=POOL)
    assert fitted.describe()["pool"] == 20


def test_a_pool_teaches_words_in_frames_that_nobody_annotated() -> None:
    fitted = SlotTagger(uncalibrated=True).fit(*KNOWN, pool=POOL)
    alone = SlotTagger(uncalibrated=True).fit(*KNOWN)
    texts = [f"louder {name} again" for name in UNKNOWN]
    slots = [[Slot("artist", 7, 12, text[7:12])] for text in texts]
    taught, untaught = (
        np.mean(model.probabilities(texts, ["music"] * 26, slots)) for model in (fitted, alone)
    )
    assert taught > untaught


def test_a_saved_model_is_the_model(tagger: SlotTagger, tmp_path: Path) -> None:
    path = str(tmp_path / "m")
    tagger.save(path)
    again = SlotTagger.load(path)
    assert again.tag(TEXTS, INTENTS) == tagger.tag(TEXTS, INTENTS)
    assert again.dumps() == tagger.dumps()


def test_fitting_twice_gives_the_same_model(tagger: SlotTagger) -> None:
    assert SlotTagger().fit(*KNOWN).dumps() == tagger.dumps()


def test_tagging_needs_no_package(
    tagger: SlotTagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "m")
    tagger.save(path)
    monkeypatch.setitem(sys.modules, "pycrfsuite", None)
    assert found(SlotTagger.load(path), "play moby now", "music") == [("artist", "moby")]
    with pytest.raises(OptionError, match="pip install python-crfsuite"):
        SlotTagger().fit(*KNOWN)


Changed = dict[str, Any]


@pytest.mark.parametrize(
    ("about", "arrays", "reason"),
    [
        ({"names": ["artist"]}, {}, "values"),
        ({"names": ["artist", "city", "x"]}, {}, "weights"),
        ({"names": ["city", "artist"]}, {}, "names"),
        ({"names": []}, {}, "names"),
        ({"features": ["1"]}, {}, "weights"),
        ({"features": 7}, {}, "features"),
        ({"values": {"x": {"nobody": 1}}}, {}, "values"),
        ({"classes": {"x": 1}}, {}, "classes"),
        ({"slot_scaling": {"slope": -1.0, "offset": 0.0}}, {}, "slope"),
        ({}, {"weights": np.full((1, 1), np.nan, np.float32)}, "weights"),
        ({}, {"enter": np.full((5, 3), 1e30, np.float32)}, "weights"),
        ({}, {"enter": np.full((5, 3), 1.0)}, "weights"),
        ({}, {"inside": np.zeros((3, 2), np.float32)}, "weights"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tagger: SlotTagger, tmp_path: Path, about: Changed, arrays: Changed, reason: str
) -> None:
    sound_about, sound_arrays = tagger.parts()
    data = archive.dumps(
        ArchiveFormat("slots", 1), {**sound_about, **about}, {**sound_arrays, **arrays}
    )
    path = tmp_path / "m"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"not a slots model .*{reason}") as raised:
        SlotTagger.load(str(path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("texts", "intents", "slots", "message"),
    [
        (["a"], ["b"], [[]], "no labelled record has slots"),
        (["a"], [], [[]], "1 texts, 0 intents, 1 lists of slots"),
        ("a", ["b"], [[]], "give a list of texts"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    texts: Sequence[str], intents: list[str], slots: list[list[Slot]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        SlotTagger().fit(texts, intents, slots)
