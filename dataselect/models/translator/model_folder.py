"""Folders of translation models: of which library they are, told by their files; and the hub."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Any, Literal, TypeAlias

from dataselect.data.files.raw_files import file_digest
from dataselect.errors import InputError, OptionError
from dataselect.models.encoders.loading import first_line

Kind: TypeAlias = Literal["transformers", "ctranslate2"]

_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_CT2_WEIGHTS = "model.bin"
_VOCABULARIES = ("shared_vocabulary", "source_vocabulary")
# Not .bin: of a model of transformers it would be a pickle. That of CTranslate2 is named in full.
_FETCHED = ("*.json", "*.safetensors", "*.model", "*.spm", "*.txt", _CT2_WEIGHTS)
_DIGESTED = (".json", ".safetensors", ".model", ".spm", ".txt", ".bin")

INSTALL = (
    "pip install sentence-transformers sentencepiece accelerate (6 GB with CUDA; for less, install "
    "PyTorch's CPU build first)"
)
"""How to get what models of transformers need."""
INSTALL_CT2 = "pip install ctranslate2 sentencepiece tokenizers"
"""How to get what models of CTranslate2 need."""


def not_installed(error: ImportError, kind: Kind) -> OptionError:
    """What to raise where the library of a model is missing."""
    how = INSTALL if kind == "transformers" else INSTALL_CT2
    return OptionError(f"a model of {kind} needs packages ({first_line(error)}); {how}")


def resolved(model: str) -> str:
    """The folder of a model: itself, or where the hub's cache has what is fetched of it.

    Raises InputError where there is none, OptionError where huggingface_hub is not installed.
    """
    if os.path.isdir(model):
        return model
    if os.path.exists(model) or not _HUB_NAME.fullmatch(model):
        raise InputError(
            f"{model}: no such folder; name one of transformers or CTranslate2, or a model of the "
            "hub, OWNER/NAME"
        )
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise not_installed(error, "transformers") from None
    try:
        found = snapshot_download(model, allow_patterns=list(_FETCHED), local_files_only=True)
        if _kind(found) is not None:
            return str(found)
    except LocalEntryNotFoundError:
        pass
    try:
        return str(snapshot_download(model, allow_patterns=list(_FETCHED)))
    except LocalEntryNotFoundError:
        raise InputError(
            f"{model}: no such folder, and not fetched from the hub yet; run 'hf download {model}' "
            "where there is a network, or name a local folder"
        ) from None
    except Exception as error:  # the network and the hub have many
        raise InputError(
            f"{model}: no such folder, and the hub does not give it ({first_line(error)}); check "
            "the name, or name a local folder"
        ) from None


def kind_of(folder: str, shown: str) -> Kind:
    """The library that a folder is for. Raises InputError for one that is no model.

    `shown`: what messages call the folder.
    """
    if (found := _kind(folder)) is not None:
        return found
    if any(map(_has(folder), _PICKLED)):
        raise InputError(
            f"{shown}: has its weights as a pickle ({_PICKLED[0]}), which can run code; where you "
            "trust it, load it with transformers and write model.safetensors with save_pretrained"
        )
    raise InputError(
        f"{shown}: no translation model: neither {_CONFIG} with {_WEIGHTS[0]} (transformers) nor "
        f"{_CT2_WEIGHTS} with a vocabulary (CTranslate2); name another folder"
    )


def _kind(folder: str) -> Kind | None:
    has = _has(folder)
    if has(_CT2_WEIGHTS) and vocabulary_file(folder, *_VOCABULARIES) is not None:
        return "ctranslate2"
    return "transformers" if has(_CONFIG) and any(map(has, _WEIGHTS)) else None


def _has(folder: str) -> Any:
    return lambda name: os.path.exists(os.path.join(folder, name))


def vocabulary_file(folder: str, *names: str) -> str | None:
    """The first file of a CTranslate2 vocabulary that is there, as JSON or as lines."""
    for name in names:
        for suffix in ".json", ".txt":
            if os.path.exists(found := os.path.join(folder, name + suffix)):
                return found
    return None


def settings_of(folder: str, name: str = _CONFIG) -> dict[str, Any]:
    """The object in a JSON file of a model, empty where there is no such file.

    Raises InputError for what is no JSON object.
    """
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({first_line(error)}); fetch it again") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: not an object; fetch or convert the model again")
    return found


def digest(folder: str) -> str:
    """SHA-256, in hexadecimal, of names and contents of a model's files; not of its card."""
    found = hashlib.sha256()
    for name in sorted(os.listdir(folder)):
        if name.endswith(_DIGESTED):
            found.update(f"{name}\n{file_digest(os.path.join(folder, name))}\n".encode())
    return found.hexdigest()
