"""Slots found again in translations, on templates of two languages that change the order."""

import itertools

import pytest

from dataselect.data.annotations import Slot
from dataselect.models.translator.slot_projection import project
from dataselect.models.translator.word_aligner import TextWords, WordAligner

VALUES = {
    "genre": [("jazz", "jazz"), ("volksmusik", "folk music"), ("klassik", "classical music")],
    "city": [("köln", "cologne"), ("new york", "new york"), ("wien", "vienna")],
    "time": [("morgen früh", "tomorrow morning"), ("heute abend", "tonight"), ("jetzt", "now")],
}
TEMPLATES = [
    ("spiel {time} {genre}", "play {genre} {time}"),
    ("wird es {time} in {city} regnen", "will it rain in {city} {time}"),
    ("regnen {time}", "rain {time}"),
    ("gibt es {time} {genre} in {city}", "is there any {genre} in {city} {time}"),
]


def filled(template: str, values: dict[str, str]) -> tuple[str, list[Slot]]:
    text, slots = "", []
    for part in template.replace("{", "|{").replace("}", "}|").split("|"):
        name = part.strip("{}")
        value = values[name] if part.startswith("{") else part
        if part.startswith("{"):
            slots.append(Slot(name, len(text), len(text) + len(value), value))
        text += value
    return text, slots


def examples() -> list[tuple[str, list[Slot], str, list[Slot]]]:
    found = []
    for values in itertools.product(*VALUES.values()):
        chosen = dict(zip(VALUES, values, strict=True))
        for german, english in TEMPLATES:
            src = filled(german, {name: pair[0] for name, pair in chosen.items()})
            tgt = filled(english, {name: pair[1] for name, pair in chosen.items()})
            found.append((*src, *tgt))
    return found


@pytest.fixture(scope="module")
def aligner() -> WordAligner:
    return WordAligner([(src, tgt) for src, _, tgt, _ in examples()])


def test_nearly_all_slots_are_found_though_the_order_changes(aligner: WordAligner) -> None:
    right = sure = 0
    for src, slots, tgt, expected in examples():
        found = project(aligner, src, slots, tgt)
        right += list(found.slots) == expected
        sure += found.confidence > 0.5
        assert all(tgt[slot.start : slot.end] == slot.value for slot in found.slots)
        assert list(found.slots) == sorted(found.slots, key=lambda slot: slot.start)
    assert right > 0.9 * len(examples())
    assert sure > 0.9 * len(examples())


def test_a_slot_that_is_not_translated_has_no_confidence(aligner: WordAligner) -> None:
    slots = [Slot("genre", 6, 10, "jazz"), Slot("time", 11, 16, "jetzt")]
    found = project(aligner, "spiel jazz jetzt", slots, "play now")
    assert [slot.value for slot in found.slots] == ["now"]
    assert found.confidence == 0


def test_a_name_that_no_pair_has_stays_itself(aligner: WordAligner) -> None:
    slots = [Slot("genre", 6, 11, "Zydeco")]
    [slot] = project(aligner, "spiel Zydeco", slots, "play Zydeco now").slots
    assert slot == Slot("genre", 5, 11, "Zydeco")


@pytest.mark.parametrize("translation", ["", "..."])
def test_nothing_is_found_in_nothing(aligner: WordAligner, translation: str) -> None:
    found = project(aligner, "spiel jazz", [Slot("genre", 6, 10, "jazz")], translation)
    assert found.confidence < 0.5


def test_words_of_scripts_without_spaces_are_letters() -> None:
    assert TextWords.of("音楽 Jazz2, ja").words == ["音", "楽", "jazz2", ",", "ja"]
    assert TextWords.of("it's").spans == [(0, 2), (2, 3), (3, 4)]


def test_no_word_is_explained_more_than_in_full(aligner: WordAligner) -> None:
    shares = aligner.shares(["spiel", "jazz", "unbekannt"], ["play", "jazz", "zzz"])
    assert (shares.by_target.sum(0) <= 1).all()
    assert (shares.by_source.sum(1) <= 1).all()
    assert shares.joint[1].argmax() == 1


def test_one_pair_by_hand() -> None:
    """Of one pair of single words, nothing and the word explain a half of the other each."""
    shares = WordAligner([("haus", "house")]).shares(["haus"], ["house"])
    assert shares.by_target.tolist() == [[0.5]]
    assert shares.joint.tolist() == [[0.5]]
