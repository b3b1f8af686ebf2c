"""Translators: n-best lists and scores of both libraries, what they refuse, and the cache."""

import importlib.util
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataselect.errors import InputError, OptionError
from dataselect.models.translator.language_codes import language_piece
from dataselect.models.translator.translator import Translation, Translator, most_pieces

NEEDED = ("transformers", "sentencepiece", "ctranslate2")
neural = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extras 'neural' and 'ct2'"
)
TEXTS = [
    "spiel etwas jazz",
    "regnet es morgen im norden",
    "spiel",
    "",
    "spiel bitte etwas jazz und danach regnet es im norden und morgen spiel etwas jazz",
    "spiel etwas jazz",
    "wird es morgen regnen",
]
KINDS = ["transformers", "ctranslate2"]


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tiny_translator: Path, tiny_ct2: Path) -> Path:
    return {"transformers": tiny_translator, "ctranslate2": tiny_ct2}[request.param]


def translations(folder: Path, texts: list[str] = TEXTS, **options: Any) -> list[Translation]:
    return Translator(str(folder), **{"nbest": 4, "device": "cpu", **options}).translate(texts)


def texts_of(found: list[Translation]) -> list[list[str]]:
    return [[each.text for each in one.hypotheses] for one in found]


def scores_of(found: list[Translation]) -> list[list[float]]:
    return [[each.score for each in one.hypotheses] for one in found]


# -- lists


@neural
def test_lists_are_sorted_and_hold_nothing_twice(folder: Path) -> None:
    found = translations(folder)
    assert len(found) == len(TEXTS)
    for texts, scores in zip(texts_of(found), scores_of(found), strict=True):
        assert scores == sorted(scores, reverse=True)
        assert len(set(texts)) == len(texts) >= 1
    assert max(map(len, texts_of(found))) > 1
    assert found[0] == found[5]


@neural
def test_an_empty_text_has_an_empty_translation_that_is_certain(folder: Path) -> None:
    [first, blank] = translations(folder, ["", " \n"])
    assert first == blank
    assert [(each.text, each.score) for each in first.hypotheses] == [("", 0.0)]


@neural
@pytest.mark.parametrize("penalty", [0, 1, 0.5])
def test_scores_are_sums_of_log_probabilities_over_tokens(
    tiny_translator: Path, penalty: float
) -> None:
    """Teacher forcing by the library's own loss, a hypothesis at a time, without padding."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    translator = Translator(
        str(tiny_translator), nbest=4, length_penalty=penalty, device="cpu", batch_size=3
    )
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_translator).eval()
    engine = translator.engine
    checked = 0
    for text, found in zip(TEXTS, translator.translate(TEXTS), strict=True):
        if not text:
            continue
        source = engine.read(text)
        most = most_pieces(len(source.pieces))
        [own] = engine.search([source], translator.search, most)
        for each in found.hypotheses:
            same = [one for one in own if one.text == each.text]
            pieces = max(
                same, key=lambda one: one.log_prob / (len(one.pieces) + 1) ** penalty
            ).pieces
            names = [*pieces, "</s>"]
            labels = torch.tensor([engine._tokenizer.convert_tokens_to_ids(names)])  # type: ignore[attr-defined]
            given = torch.tensor([source.pieces])
            mean = -model(input_ids=given, labels=labels).loss.item()
            assert each.tokens == len(names)
            expected = mean * len(names) / len(names) ** penalty
            assert each.score == pytest.approx(expected, abs=2e-4)
            checked += 1
    assert checked > len(TEXTS)


@neural
@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_lists_do_not_depend_on_the_batch(folder: Path, batch_size: int) -> None:
    expected = translations(folder, batch_size=3)
    found = translations(folder, TEXTS[::-1], batch_size=batch_size)[::-1]
    assert texts_of(found) == texts_of(expected)
    for one, other in zip(scores_of(found), scores_of(expected), strict=True):
        assert one == pytest.approx(other, abs=2e-4)


@neural
def test_both_libraries_find_the_same(tiny_translator: Path, tiny_ct2: Path) -> None:
    ours, theirs = translations(tiny_translator), translations(tiny_ct2)
    assert texts_of(ours) == texts_of(theirs)
    for one, other in zip(scores_of(ours), scores_of(theirs), strict=True):
        assert one == pytest.approx(other, abs=2e-3)


@neural
def test_a_very_long_text_is_cut_and_says_so(folder: Path) -> None:
    [long, short] = translations(folder, ["spiel etwas jazz " * 500, "spiel etwas jazz"])
    assert (long.cut, short.cut) == (True, False)
    assert long.hypotheses


# -- samples


@neural
def test_samples_do_not_depend_on_the_batch(tiny_translator: Path) -> None:
    options: dict[str, Any] = {"temperature": 1.0, "nbest": 6}
    found = translations(tiny_translator, batch_size=1, **options)
    again = translations(tiny_translator, TEXTS[::-1], batch_size=5, **options)[::-1]
    assert texts_of(found) == texts_of(again)
    other = translations(tiny_translator, seed=1, **options)
    assert texts_of(found) != texts_of(other)


@neural
def test_samples_have_the_probabilities_of_the_model(tiny_translator: Path) -> None:
    """Most samples of low temperature are what a greedy search finds."""
    greedy = translations(tiny_translator, TEXTS[:3], nbest=1, beam=1)
    cold = translations(tiny_translator, TEXTS[:3], nbest=3, temperature=0.01)
    for one, other in zip(texts_of(greedy), texts_of(cold), strict=True):
        assert other == one


@neural
def test_ctranslate2_does_not_sample(tiny_ct2: Path) -> None:
    with pytest.raises(OptionError, match=r"^temperature: .*depends on the batch"):
        translations(tiny_ct2, temperature=1.0)


# -- what is refused


def change(folder: Path, tmp_path: Path, change: Callable[[Path], object]) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    change(copy)
    return copy


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_short(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])


def of_another_kind(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))


def of_own_code(folder: Path) -> None:
    path = folder / "config.json"
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    (folder / "own.py").write_text("raise SystemExit('code of a model was run')")


@neural
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (pickled, "has its weights as a pickle (pytorch_model.bin), which can run code"),
        (cut_short, "transformers cannot load it"),
        (of_another_kind, "transformers cannot load it"),
        (of_own_code, "transformers cannot load it"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no translation model"),
        (lambda folder: (folder / "config.json").unlink(), "no translation model"),
    ],
)
def test_a_folder_that_is_no_sound_model_is_refused_in_a_line(
    tiny_translator: Path, tmp_path: Path, damage: Callable[[Path], object], words: str
) -> None:
    path = change(tiny_translator, tmp_path, damage)
    with pytest.raises(InputError) as refusal:
        translations(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@neural
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: [each.unlink() for each in folder.glob("*.spm")], "has no tokenizer"),
        (lambda folder: (folder / "source.spm").write_bytes(b"no"), "tokenizer cannot be read"),
        (lambda folder: (folder / "model.bin").write_bytes(b"no"), "CTranslate2 cannot load it"),
        (
            lambda folder: (folder / "shared_vocabulary.json").write_bytes(b'["a'),
            "not a list of pieces",
        ),
    ],
)
def test_a_damaged_folder_of_ctranslate2_is_refused_in_a_line(
    tiny_ct2: Path, tmp_path: Path, damage: Callable[[Path], object], words: str
) -> None:
    path = change(tiny_ct2, tmp_path, damage)
    with pytest.raises(InputError, match=words) as refusal:
        translations(path)
    assert "\n" not in str(refusal.value)


@neural
def test_a_name_that_is_not_in_the_hubs_cache_says_how_to_fetch_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="run 'hf download nobody/none' where there is a network"):
        Translator("nobody/none").check()


def test_a_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no such folder"):
        Translator("/nowhere/model").check()


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(OptionError, match="beam 2 finds no 5 hypotheses"):
        Translator("model", nbest=5, beam=2)
    with pytest.raises(OptionError, match="leave one out"):
        Translator("model", temperature=1.0, beam=5)


# -- languages


@pytest.mark.parametrize(
    ("code", "piece"),
    [("de", "__de__"), ("deu", ">>deu<<"), ("deu_Latn", "deu_Latn"), (None, None)],
)
def test_a_language_is_found_as_a_model_spells_it(code: str | None, piece: str | None) -> None:
    vocabulary = {"__de__", "de", ">>deu<<", "deu", "deu_Latn"}
    assert language_piece(code, vocabulary, "--target-lang", "m") == piece


@neural
def test_a_language_that_a_model_has_not_is_refused(folder: Path) -> None:
    with pytest.raises(OptionError, match=r"target_lang jp: .* has no such language"):
        translations(folder, target_lang="jp")


@pytest.fixture(scope="module")
def of_many(tiny_translator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An M2M model of random weights with the word pieces of the tiny translator."""
    from dataselect.models.encoders.loading import quiet

    folder = tmp_path_factory.mktemp("m2m") / "model"
    with quiet():
        import torch
        from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

        pieces = json.loads((tiny_translator / "vocab.json").read_text())
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        names = [*special, *(each for each in pieces if each not in special)]
        vocabulary = tmp_path_factory.mktemp("m2m") / "vocab.json"
        vocabulary.write_text(json.dumps({name: number for number, name in enumerate(names)}))
        tokenizer = M2M100Tokenizer(str(vocabulary), str(tiny_translator / "source.spm"))
        torch.manual_seed(0)
        shape = {f"{side}_{part}": 2 for side in ("encoder", "decoder") for part in PARTS}
        config = M2M100Config(
            vocab_size=len(names) + 128,  # languages
            d_model=16,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_position_embeddings=64,
            **shape,
        )
        model = M2M100ForConditionalGeneration(config)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(4)
        used = {tokenizer.get_lang_id("en"), tokenizer.get_lang_id("fr")}
        nameless = set(range(len(names), config.vocab_size)) - used
        model.generation_config.suppress_tokens = sorted(nameless)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


PARTS = ("layers", "attention_heads")


@neural
def test_a_model_of_many_languages_is_told_which(of_many: Path) -> None:
    with pytest.raises(OptionError, match="many languages; name one with target_lang"):
        translations(of_many)
    english, french = (
        translations(of_many, source_lang="de", target_lang=target) for target in ("en", "fr")
    )
    assert texts_of(english) != texts_of(french)


@neural
def test_the_language_of_a_translation_is_no_part_of_its_score(of_many: Path) -> None:
    import torch
    from transformers import AutoModelForSeq2SeqLM

    options: dict[str, Any] = {"source_lang": "de", "target_lang": "en", "device": "cpu"}
    translator = Translator(str(of_many), nbest=2, length_penalty=0, **options)
    model = AutoModelForSeq2SeqLM.from_pretrained(of_many).eval()
    engine: Any = translator.engine
    source = engine.read("spiel etwas jazz")
    for each in engine.search([source], translator.search, 20)[0]:
        pieces = ["__en__", *each.pieces, "</s>"]
        labels = engine._tokenizer.convert_tokens_to_ids(pieces)
        start = torch.tensor([[model.config.decoder_start_token_id, *labels[:-1]]])
        logits = model(input_ids=torch.tensor([source.pieces]), decoder_input_ids=start).logits
        log_probs = logits[0].log_softmax(-1)[range(len(labels)), labels]
        assert each.log_prob == pytest.approx(log_probs[1:].sum().item(), abs=1e-3)


# -- the cache, and processes


@neural
def test_the_cache_gives_what_was_translated_before(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached: dict[str, Any] = {"cache": str(tmp_path / "cache")}

    def translator(**options: Any) -> Translator:
        return Translator(str(folder), nbest=4, device="cpu", **cached, **options)

    some = translator().translate(TEXTS[:2])
    everything = translator().translate(TEXTS)
    assert everything[:2] == some
    later = translator()
    monkeypatch.setattr(type(later.engine), "search", None)
    assert later.translate(TEXTS) == everything
    with pytest.raises(TypeError):  # of other options nothing is known
        translator(length_penalty=0.5).translate(TEXTS[:1])


@neural
def test_a_pickled_translator_is_its_name_and_options(folder: Path) -> None:
    translator = Translator(str(folder), nbest=4, device="cpu")
    expected = translator.translate(TEXTS)
    data = pickle.dumps(translator)
    assert len(data) < 1000
    assert pickle.loads(data).translate(TEXTS) == expected
