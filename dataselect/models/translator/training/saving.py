"""Models that are trained: where they begin, and the folder that they become."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from dataselect.errors import InputError
from dataselect.models.encoders.loading import quiet
from dataselect.models.translator import model_folder
from dataselect.models.translator.training.translator_card import card

_CARD = "README.md"
_MARK = "dataselect translate train"  # in the card of a folder that may be written anew


def require_libraries() -> None:
    """Raise OptionError where a package that training needs is not installed."""
    try:
        import accelerate  # noqa: F401
        import sentencepiece  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise model_folder.not_installed(error, "transformers") from None


def beginning(
    base: str | None,
    texts: Sequence[str],
    size: str,
    *,
    vocabulary: int,
    seed: int,
    languages: tuple[str | None, str | None],
) -> tuple[Any, Any]:
    """Tokenizer and model: a base, or one made for the texts. Raises InputError, OptionError."""
    from dataselect.models.translator import transformers_engine
    from dataselect.models.translator.training import new_model

    if base is None:
        with quiet():
            return new_model.new_model(texts, size, vocabulary=vocabulary, seed=seed)
    folder = model_folder.resolved(base)
    if model_folder.kind_of(folder, base) != "transformers":
        raise InputError(f"{base}: a model of CTranslate2 does not learn; name its original")
    tokenizer, model = transformers_engine.load(folder, base)
    for name, code in zip(("src_lang", "tgt_lang"), languages, strict=True):
        if code is not None:
            setattr(tokenizer, name, code)
    return tokenizer, model


def save(folder: str, tokenizer: Any, model: Any) -> None:
    """Write a model into a folder, as safetensors."""
    with quiet():
        model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)


def save_card(
    folder: str, figures: Mapping[str, Any], data: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Write the card of a model into its folder."""
    with open(os.path.join(folder, _CARD), "w", encoding="utf-8") as file:
        file.write(card(figures, data, options))


def is_trained(path: str) -> bool:
    """Whether a folder is a model that was trained here."""
    try:
        with open(os.path.join(path, _CARD), encoding="utf-8") as file:
            return _MARK in file.read(1 << 12)
    except (OSError, UnicodeDecodeError):
        return False
