"""Neural encoders: their vectors, what tells models apart, what goes wrong, and their options."""

import importlib.util
import json
import os
import pickle
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataselect.command_line.encoder_options import EncoderOptions
from dataselect.errors import InputError, OptionError
from dataselect.models.encoders import loading
from dataselect.models.encoders.base import unit
from dataselect.models.encoders.sentence_transformer import Neural

neural = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="needs the extra 'neural'"
)
TEXTS = [
    "play some jazz",
    "will it rain in the north tomorrow",
    "play",
    "some blue band by the north will play some jazz tomorrow in the rain",
    "Über allen Gipfeln ist Ruh",
    "play some jazz",
    "7",
    "",
]


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> Neural:
    return Neural(str(tiny_model), device="cpu")


# -- vectors


@neural
def test_vectors_are_those_of_the_library(encoder: Neural, tiny_model: Path) -> None:
    with loading.quiet():
        from sentence_transformers import SentenceTransformer

        reference = SentenceTransformer(str(tiny_model), device="cpu")
        expected = np.stack([reference.encode(text) for text in TEXTS])
    found = encoder.encode(TEXTS)
    assert found.dtype == np.float32
    assert found.shape == (len(TEXTS), encoder.dimension) == (8, 32)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@neural
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_vector_hardly_depends_on_its_batch(
    encoder: Neural, tiny_model: Path, batch_size: int
) -> None:
    other = Neural(str(tiny_model), device="cpu", batch_size=batch_size)
    order = np.random.default_rng(batch_size).permutation(len(TEXTS))
    shuffled = other.encode([TEXTS[place] for place in order])
    np.testing.assert_allclose(shuffled, encoder.encode(TEXTS)[order], atol=1e-5)


@neural
def test_equal_texts_are_encoded_once(encoder: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    encode = encoder._model.encode

    def counted(texts: list[str], **options: Any) -> Any:
        sizes.append(len(texts))
        return encode(texts, **options)

    monkeypatch.setattr(encoder._model, "encode", counted)
    found = encoder.encode(TEXTS)
    assert sizes == [7]
    np.testing.assert_array_equal(found[0], found[5])


@neural
def test_unit_vectors_have_length_1_and_short_fractions(encoder: Neural) -> None:
    found = encoder.encode(TEXTS, unit=True)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    scaled = found.astype(np.float64) * 2**20
    np.testing.assert_array_equal(scaled, np.rint(scaled))


@neural
def test_no_text_gives_no_row(encoder: Neural) -> None:
    assert encoder.encode([]).shape == encoder.encode([], unit=True).shape == (0, 32)


@neural
def test_a_pickled_encoder_is_its_name_and_options(encoder: Neural) -> None:
    encoder.encode(TEXTS)
    pickled = pickle.dumps(encoder)
    assert len(pickled) < 1000
    np.testing.assert_array_equal(pickle.loads(pickled).encode(TEXTS), encoder.encode(TEXTS))


@neural
def test_the_library_stays_silent(tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Neural(str(tiny_model), device="cpu").encode(["play " * 100])
    assert capfd.readouterr() == ("", "")


# -- what tells models apart

Change = Callable[[Path], object]


def edited(path: Path, **changes: Any) -> None:
    found = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(found | changes))


def weights(folder: Path) -> Any:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def save_weights(folder: Path, changed: Any) -> None:
    from safetensors.numpy import save_file

    save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})


def one_weight_changed(folder: Path) -> None:
    changed = weights(folder)
    changed["encoder.layer.1.output.dense.bias"][3] += 0.001
    save_weights(folder, changed)


def one_word_changed(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace('"jazz"', '"folk"'))


@pytest.fixture
def copy_of(tiny_model: Path, tmp_path: Path) -> Callable[[Change], Path]:
    """Copy the model, and change the copy."""

    def changed(change: Change) -> Path:
        folder = tmp_path / "copy"
        shutil.copytree(tiny_model, folder)
        change(folder)
        return folder

    return changed


@neural
@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param(os.listdir, True, id="nothing"),
        pytest.param(lambda folder: (folder / "README.md").unlink(), True, id="its description"),
        pytest.param(
            lambda folder: edited(folder / "1_Pooling/config.json", pooling_mode="cls"),
            False,
            id="pooling",
        ),
        pytest.param(
            lambda folder: edited(folder / "tokenizer_config.json", model_max_length=16),
            False,
            id="longest text",
        ),
        pytest.param(
            lambda folder: edited(folder / "config.json", layer_norm_eps=1e-5),
            False,
            id="a setting of the network",
        ),
        pytest.param(
            lambda folder: edited(
                folder / "config_sentence_transformers.json",
                prompts={"query": "play "},
                default_prompt_name="query",
            ),
            False,
            id="prompt",
        ),
        pytest.param(one_weight_changed, False, id="a weight"),
        pytest.param(one_word_changed, False, id="a word"),
    ],
)
def test_a_digest_stands_for_a_models_vectors(
    encoder: Neural, copy_of: Callable[[Change], Path], change: Change, same: bool
) -> None:
    encoder.encode(TEXTS)  # tokenizers take notes while they work
    other = Neural(str(copy_of(change)), device="cpu")
    assert (other.digest == encoder.digest) == same
    assert np.allclose(other.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6) == same


@neural
def test_a_report_tells_name_digest_and_dimension(encoder: Neural, tiny_model: Path) -> None:
    assert encoder.describe() == {
        "kind": "neural",
        "model": str(tiny_model),
        "dimension": 32,
        "longest": 32,
        "device": "cpu",
        "sha256": encoder.digest,
    }


# -- vectors kept on disk


@neural
def test_the_cache_gives_what_was_encoded_before(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cached() -> Neural:
        return Neural(str(tiny_model), device="cpu", cache=str(tmp_path / "cache"))

    some = cached().encode(TEXTS[:3])
    later = cached()
    everything = later.encode(TEXTS)
    np.testing.assert_array_equal(everything[:3], some)
    monkeypatch.setattr(later._model, "encode", None)
    np.testing.assert_array_equal(later.encode(TEXTS[::-1]), everything[::-1])
    np.testing.assert_array_equal(later.encode(TEXTS, unit=True), unit(everything))


@neural
def test_two_models_share_a_cache_and_no_vectors(
    encoder: Neural, copy_of: Callable[[Change], Path], tmp_path: Path
) -> None:
    cache = str(tmp_path / "cache")
    other = str(copy_of(one_weight_changed))
    Neural(encoder.model, device="cpu", cache=cache).encode(TEXTS)
    np.testing.assert_array_equal(
        Neural(other, device="cpu", cache=cache).encode(TEXTS),
        Neural(other, device="cpu").encode(TEXTS),
    )


# -- what goes wrong


def without(part: str) -> Change:
    def change(folder: Path) -> None:
        kept = {name: value for name, value in weights(folder).items() if part not in name}
        save_weights(folder, kept)

    return change


def with_nan(folder: Path) -> None:
    changed = weights(folder)
    changed["embeddings.word_embeddings.weight"][31:] = np.nan
    save_weights(folder, changed)


def cut_short(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


@neural
@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda folder: (folder / "modules.json").unlink(),
            "not a sentence-transformers model, it has no modules.json",
            id="no modules.json",
        ),
        pytest.param(
            lambda folder: (folder / "modules.json").write_text("{"),
            "cannot load it (Expecting property name",
            id="broken modules.json",
        ),
        pytest.param(
            lambda folder: (folder / "model.safetensors").unlink(),
            "cannot load it (",
            id="no weights",
        ),
        pytest.param(cut_short, "cannot load it (", id="weights cut short"),
        pytest.param(without("layer.1"), "lacks weights (encoder.layer.1", id="a layer is missing"),
        pytest.param(without(".layer."), "lacks weights (encoder.layer.{0, 1}", id="no layers"),
        pytest.param(with_nan, "gives NaN for '", id="weights that are not numbers"),
        pytest.param(without_tokenizer, "every text the same vector", id="no tokenizer"),
    ],
)
def test_a_folder_that_is_no_sound_model_is_refused(
    copy_of: Callable[[Change], Path], change: Change, words: str
) -> None:
    folder = copy_of(change)
    with pytest.raises(InputError) as refusal:
        Neural(str(folder), device="cpu").encode(["play some jazz", "now"])
    message = str(refusal.value)
    assert message.startswith(f"{folder}: ")
    assert words in message
    assert "\n" not in message


LOG_OF_4 = (
    "Some weights of BertModel were not initialized from the model checkpoint at m and are newly "
    "initialized: ['encoder.layer.1.key', 'pooler.dense.bias']\nYou should TRAIN it."
)
LOG_OF_5_ON_A_TERMINAL = (
    "BertModel LOAD REPORT from: m\n"
    "encoder.layer.1.key | \x1b[31mMISSING\x1b[0m | \n"
    "pooler.dense.bias   | \x1b[31mMISSING\x1b[0m | \n\n"
    "- those params were newly initialized because missing from the checkpoint."
)


@pytest.mark.parametrize("said", [LOG_OF_4, LOG_OF_5_ON_A_TERMINAL], ids=["4", "5"])
def test_lacking_weights_are_known_from_the_log_of_each_transformers(said: str) -> None:
    assert loading.lacking_weights(["Welcome to 'bert'", said]) == ["encoder.layer.1.key"]


@neural
def test_a_pooler_may_be_missing(copy_of: Callable[[Change], Path], encoder: Neural) -> None:
    folder = str(copy_of(without("pooler")))
    first, second = Neural(folder, device="cpu"), Neural(folder, device="cpu")
    np.testing.assert_allclose(first.encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)
    assert first.digest == second.digest


@pytest.mark.parametrize("name", ["nope/", "./nope", "a/b/c", "/nope", "two words"])
def test_a_path_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no such folder; name one, or a model of the hub"):
        Neural(name).encode(["now"])


@neural
@pytest.mark.parametrize("device", ["nope", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(tiny_model: Path, device: str) -> None:
    with pytest.raises(InputError, match=f"device {device}: not there .*; leave it out") as told:
        Neural(str(tiny_model), device=device).encode(["now"])
    assert len(str(told.value)) < 300


@neural
def test_a_device_that_fails_says_what_to_try(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Neural(str(tiny_model), device="cpu")
    encoder.encode(["now"])

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory.\nTried to allocate 40 GiB.")

    monkeypatch.setattr(encoder._model, "encode", fail)
    with pytest.raises(InputError, match=r"fails on cpu \(out of memory\); try a smaller batch"):
        encoder.encode(["now"])


@pytest.mark.parametrize("name", ["acme/tiny", "."])
def test_without_the_library_the_error_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modules.json").write_text("[]")
    monkeypatch.chdir(tmp_path)
    for module in ("huggingface_hub", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(OptionError, match="pip install sentence-transformers faiss-cpu"):
        Neural(name).encode(["now"])


# -- models of the hub


@pytest.fixture
def hub(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache with the model in it as acme/tiny, and no network."""
    repository = tmp_path / "models--acme--tiny"
    commit = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(tiny_model, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(commit)
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    return repository


@neural
def test_a_model_in_the_hubs_cache_needs_no_network(
    hub: Path, encoder: Neural, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = Neural("acme/tiny", device="cpu")
    assert found.digest == encoder.digest
    np.testing.assert_allclose(found.encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)


@neural
@pytest.mark.parametrize(
    ("name", "repository"), [("acme/other", "acme/other"), ("x", "sentence-transformers/x")]
)
def test_a_model_that_is_not_fetched_says_how(
    hub: Path, name: str, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError) as refusal:
        Neural(name).encode(["now"])
    assert str(refusal.value) == (
        f"{name}: no such folder, and not fetched from the hub yet; run 'hf download {repository}' "
        "where there is a network, or name a local folder"
    )


# -- options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoder": "m", "vectors": ["v.npy"]}, "leave encoder out"),
        ({"in_domain_vectors": ["v.npy"]}, "give these too"),
        ({"device": "cpu"}, "device is for a neural model; give one with encoder"),
        ({"batch_size": 8, "vectors": ["v.npy"]}, "batch_size is for a neural model"),
        ({"cache": "c"}, "cache is for a neural model"),
    ],
    ids=str,
)
def test_options_without_a_use_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        EncoderOptions(**options).check(None)


def test_options_of_neural_models_may_be_for_another_than_the_encoder() -> None:
    EncoderOptions(device="cpu", cache="c").check("aligner")
    EncoderOptions(encoder="m", device="cpu", batch_size=3).check()


def test_options_build_encoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("v.npy", np.ones((2, 3)))
    np.save("a=b.npy", np.ones((2, 4)))
    options = EncoderOptions(
        vectors=["src=v.npy", "a=b.npy"], in_domain_vectors=["v.npy"], batch_size=3, cache="c"
    )
    opened = options.precomputed() + options.in_domain_precomputed()
    assert [(name, rows.dimension) for name, rows in opened] == [("src", 3), ("", 4), ("", 3)]
    made = options.neural("m")
    assert (made.model, made.device, made.batch_size, made.cache) == ("m", None, 3, "c")
