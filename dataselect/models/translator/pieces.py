"""Texts as word pieces and back, by the tokenizer files beside a CTranslate2 model."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from dataselect.errors import InputError
from dataselect.models.encoders.loading import first_line
from dataselect.models.translator.model_folder import not_installed

_PAIR = ("source.spm", "target.spm")
_JOINT = (
    *("sentencepiece.bpe.model", "sentencepiece.model", "spiece.model", "spm.model"),
    *("tokenizer.model", "joint.spm", "flores200_sacrebleu_tokenizer_spm.model"),
)
_FAST = "tokenizer.json"


class Pieces(ABC):
    """A tokenizer of each side."""

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """The pieces of a source text, without special ones."""

    @abstractmethod
    def joined(self, pieces: Sequence[str]) -> str:
        """The text of the pieces of a translation."""


def pieces_of(folder: str, shown: str) -> Pieces:
    """The tokenizer of a folder. Raises InputError, and OptionError for a missing package."""

    def path(name: str) -> str:
        return os.path.join(folder, name)

    pair = tuple(map(path, _PAIR))
    joint = next((path(name) for name in _JOINT if os.path.exists(path(name))), None)
    try:
        if all(map(os.path.exists, pair)):
            return _SentencePieces(*pair)
        if joint is not None:
            return _SentencePieces(joint, joint)
        if os.path.exists(path(_FAST)):
            return _Tokenizer(path(_FAST))
    except ImportError as error:
        raise not_installed(error, "ctranslate2") from None
    except Exception as error:  # both libraries raise RuntimeError and others
        raise InputError(
            f"{shown}: its tokenizer cannot be read ({first_line(error)}); fetch or copy it again"
        ) from None
    raise InputError(
        f"{shown}: has no tokenizer; copy it beside {', '.join(_PAIR)}, {_JOINT[0]} or {_FAST}, "
        "such as with ct2-transformers-converter --copy_files"
    )


class _SentencePieces(Pieces):
    """SentencePiece models of both sides."""

    def __init__(self, source: str, target: str) -> None:
        from sentencepiece import SentencePieceProcessor

        self._source = SentencePieceProcessor(model_file=source)
        self._target = SentencePieceProcessor(model_file=target)

    def split(self, text: str) -> list[str]:
        return list(self._source.encode(text, out_type=str))

    def joined(self, pieces: Sequence[str]) -> str:
        return str(self._target.decode(list(pieces)))


class _Tokenizer(Pieces):
    """A tokenizer of the library tokenizers, for both sides."""

    def __init__(self, path: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(path)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def split(self, text: str) -> list[str]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).tokens)

    def joined(self, pieces: Sequence[str]) -> str:
        numbers = [self._tokenizer.token_to_id(piece) for piece in pieces]
        return str(self._tokenizer.decode([each for each in numbers if each is not None]))
