"""Models of CTranslate2: several times as fast on a processor, and in 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from dataselect.errors import InputError, OptionError
from dataselect.models.encoders.loading import first_line
from dataselect.models.system_errors import raise_if_of_machine
from dataselect.models.translator.engine import (
    Engine,
    Languages,
    RawHypothesis,
    Search,
    SourcePieces,
)
from dataselect.models.translator.language_codes import is_before_source, language_piece
from dataselect.models.translator.model_folder import not_installed, settings_of, vocabulary_file
from dataselect.models.translator.pieces import pieces_of

_LONGEST = 512  # pieces, where the folder does not tell
_NO_LIMIT = 10**6  # pieces; tokenizers without a limit tell a larger number
# How long it searches on, beside how long it does by itself. With a length penalty that ended too
# early: of a model of `translate train`, first translations of 44 of 60 texts were the most
# probable ones that transformers found, by 3 of 57, in a tenth more time.
_PATIENCE = 3
_NAMES = ("shared_vocabulary", "target_vocabulary", "source_vocabulary")


class CTranslate2Engine(Engine):
    """A model of CTranslate2 with the tokenizer in its folder.

    On a processor one thread computes. Raises InputError, and OptionError for a language that is
    not there, or a missing package.
    """

    kind: ClassVar[str] = "ctranslate2"

    def __init__(self, folder: str, shown: str, languages: Languages, device: str | None) -> None:
        self._shown = shown
        self._pieces = pieces_of(folder, shown)
        config = settings_of(folder)
        told = settings_of(folder, "tokenizer_config.json").get("model_max_length", _LONGEST)
        self.longest = told if isinstance(told, int) and told < _NO_LIMIT else _LONGEST
        self._end = str(config.get("eos_token", "</s>"))
        self._adds_end = bool(config.get("add_source_eos", False))
        vocabulary = _vocabulary(folder)
        source = language_piece(languages.source, vocabulary, "--source-lang", shown)
        target = language_piece(languages.target, vocabulary, "--target-lang", shown)
        in_source = target is not None and is_before_source(target)
        self._before = [piece for piece in (target if in_source else None, source) if piece]
        self._prefix = [target] if target and not in_source else []
        self._model = _loaded(folder, shown, device)

    def read(self, text: str) -> SourcePieces:
        pieces = [*self._before, *self._pieces.split(text)]
        most = self.longest - 1
        cut = len(pieces) > most
        end = [] if self._adds_end else [self._end]
        return SourcePieces(text, (*pieces[:most], *end), cut)

    def search(
        self, sources: Sequence[SourcePieces], search: Search, most: int
    ) -> list[list[RawHypothesis]]:
        if search.temperature is not None:
            raise OptionError(
                "--temperature: what CTranslate2 samples depends on the batch; use a model of "
                "transformers, or leave it out"
            )
        given = [list(map(str, source.pieces)) for source in sources]
        prefixes = [self._prefix] * len(given) if self._prefix else None
        try:
            found = self._model.translate_batch(
                given,
                target_prefix=prefixes,
                beam_size=search.beam,
                num_hypotheses=search.nbest,
                length_penalty=search.length_penalty,
                patience=_PATIENCE,
                max_input_length=0,
                max_decoding_length=most,
                batch_type="examples",
                max_batch_size=0,
            )
            outputs = [
                (place, self._own(pieces))
                for place, each in enumerate(found)
                for pieces in each.hypotheses
            ]
            scored = self._model.score_batch(
                [given[place] for place, _ in outputs],
                [[*self._prefix, *pieces] for _, pieces in outputs],
                max_input_length=0,
                batch_type="examples",
                max_batch_size=len(given),
            )
        except Exception as error:  # RuntimeError and ValueError, of any fault
            raise_if_of_machine(self._shown, error)
            raise InputError(f"{self._shown}: CTranslate2 fails ({first_line(error)})") from None
        lists: list[list[RawHypothesis]] = [[] for _ in sources]
        skipped = len(self._prefix)
        for (place, pieces), scores in zip(outputs, scored, strict=True):
            text = self._pieces.joined(pieces)
            log_prob = float(sum(scores.log_probs[skipped:]))
            lists[place].append(RawHypothesis(text, tuple(pieces), log_prob))
        return lists

    def _own(self, pieces: Sequence[str]) -> list[str]:
        """A hypothesis without the language before it."""
        return list(pieces[len(self._prefix) :])


def _vocabulary(folder: str) -> set[str]:
    """All pieces. Raises InputError for a file that does not list them."""
    import json

    path = vocabulary_file(folder, *_NAMES)
    assert path is not None
    try:
        with open(path, encoding="utf-8") as file:
            if path.endswith(".json"):
                return set(map(str, json.load(file)))
            return {line.rstrip("\n") for line in file}
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path}: not a list of pieces ({first_line(error)}); convert the model again"
        ) from None


def _loaded(folder: str, shown: str, device: str | None) -> Any:
    try:
        import ctranslate2
    except ImportError as error:
        raise not_installed(error, "ctranslate2") from None
    name, _, number = (device or "auto").partition(":")
    try:
        return ctranslate2.Translator(
            folder,
            device=name,
            device_index=int(number or 0),
            inter_threads=1,
            intra_threads=1,
        )
    except Exception as error:
        raise_if_of_machine(shown, error)
        raise InputError(
            f"{shown}: CTranslate2 cannot load it ({first_line(error)}); convert it again, or "
            "name another --device"
        ) from None
