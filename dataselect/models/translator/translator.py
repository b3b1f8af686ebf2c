"""n-best translations of texts by a sequence-to-sequence model."""

from __future__ import annotations

import importlib.util
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dataselect.content_keys import content_key
from dataselect.data.files.content_cache import ContentCache
from dataselect.errors import OptionError
from dataselect.models.text_sequences import as_texts
from dataselect.models.translator import model_folder
from dataselect.models.translator.engine import (
    Engine,
    Languages,
    RawHypothesis,
    Search,
    SourcePieces,
)

if TYPE_CHECKING:
    from dataselect.models.text_sequences import Texts

NBEST = 5
BATCH_SIZE = 32
DECIMALS = 4
_NVIDIA = "/dev/nvidiactl"  # where there is a driver
_BUCKET = 8  # pieces: texts of one batch differ by less
_SPECIAL = 2  # the start, and the language or the end
_USUAL_LONGEST = 64  # pieces; of longer texts, fewer are translated at once
_APPLICATION = 0x64734354  # "dsCT", in the header of caches


class ScoredTranslation(NamedTuple):
    """A translation. `score`: its log-probability over `tokens`, see Translator.

    `tokens`: how many word pieces it has, with the end of the sentence.
    """

    text: str
    score: float
    tokens: int


class Translation(NamedTuple):
    """n-best list of a text, best first. `cut`: the model did not read all of the text."""

    hypotheses: tuple[ScoredTranslation, ...]
    cut: bool = False


class Translator:
    """A model that translates: of transformers or of CTranslate2, loaded when it is first used.

    The score of a hypothesis is the natural log-probability of its word pieces and the end of the
    sentence after them, given the source, divided by their number to the power of `length_penalty`:
    by 0 it is the log-probability itself, by 1 its mean. Lists are sorted by it, highest first; of
    hypotheses of the same text the best stays, so that a list may be shorter than `nbest`.

    Texts of about one length are translated together, `batch_size` at once. Padding is masked, but
    the sums of single precision depend on the batch: scores by less than 1e-4 of themselves (in 8
    bits by 1e-3), and the order of hypotheses where theirs differ by less.

    >>> translator = Translator("Helsinki-NLP/opus-mt-de-en", nbest=2)  # doctest: +SKIP
    >>> translator.translate(["spiel etwas Jazz"])[0].hypotheses[0].text  # doctest: +SKIP
    'play some jazz'
    """

    ships_file: ClassVar[str] = "model"
    _OPTIONS = ("model", "search", "languages", "device", "batch_size", "cache")

    def __init__(
        self,
        model: str,
        *,
        nbest: int = NBEST,
        beam: int | None = None,
        length_penalty: float = 1.0,
        temperature: float | None = None,
        source_lang: str | None = None,
        target_lang: str | None = None,
        device: str | None = None,
        batch_size: int | None = None,
        cache: str | None = None,
        seed: int = 0,
    ) -> None:
        """`model`: a folder, or a name of the Hugging Face hub; pickles and code are not loaded.

        `beam`: hypotheses kept while searching [default: nbest, at least 5]. `temperature`: sample
        instead; a text has the same samples by any batch. `cache`: a folder to keep translations
        in. Raises OptionError. The first use raises InputError for a model that cannot be used,
        OptionError for a missing package or language, OutputError for the cache.
        """
        if beam is not None and beam < nbest:
            raise OptionError(f"--beam {beam} finds no {nbest} hypotheses; give at least --nbest")
        if temperature is not None and beam is not None:
            raise OptionError("--temperature samples, and --beam searches; leave one out")
        self.model = model
        self.search = Search(nbest, beam or max(nbest, NBEST), length_penalty, temperature, seed)
        self.languages = Languages(source_lang, target_lang)
        self.device = device
        self.batch_size = batch_size or BATCH_SIZE
        self.cache = cache

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in self._OPTIONS}

    def translate(self, texts: Texts) -> list[Translation]:
        """The n-best list of each text; of an empty one the empty hypothesis, with the score 0.

        Raises what `__init__` says.
        """
        texts = as_texts(texts)
        found: dict[str, Translation] = {}
        for some in self._new(list(dict.fromkeys(texts)), found):
            batch = self._translated(some)
            found |= {each.text: own for each, own in zip(some, batch, strict=True)}
            if self._cache is not None:
                values = [json.dumps(each).encode() for each in batch]
                self._cache.add([each.text for each in some], values)
        return [found[each] for each in texts]

    def _new(self, texts: list[str], found: dict[str, Translation]) -> Iterator[list[SourcePieces]]:
        """Batches of what has to be translated; what is known already goes to `found`."""
        if self._cache is not None:
            for text, value in zip(texts, self._cache.find(texts), strict=True):
                if value is not None:
                    found[text] = _restored(value)
        buckets: dict[int, list[SourcePieces]] = defaultdict(list)
        for text in texts:
            if not text.strip():
                found[text] = Translation((ScoredTranslation("", 0.0, 0),))
            elif text not in found:
                source = self.engine.read(text)
                buckets[-(-len(source.pieces) // _BUCKET) * _BUCKET].append(source)
        for longest in sorted(buckets, reverse=True):  # what needs the most memory comes first
            size = max(1, self.batch_size * _USUAL_LONGEST // max(longest, _USUAL_LONGEST))
            own = sorted(buckets[longest], key=lambda each: len(each.pieces))
            for start in range(0, len(own), size):
                yield own[start : start + size]

    def _translated(self, sources: list[SourcePieces]) -> list[Translation]:
        """A batch."""
        longest = max(len(source.pieces) for source in sources)
        most = min(most_pieces(longest), self.engine.longest - _SPECIAL)
        lists = self.engine.search(sources, self.search, most)
        return [
            Translation(self._ranked(own), source.cut)
            for own, source in zip(lists, sources, strict=True)
        ]

    def _ranked(self, found: list[RawHypothesis]) -> tuple[ScoredTranslation, ...]:
        """Hypotheses with different texts, best first."""
        scored: dict[str, tuple[float, int]] = {}
        for each in found:
            tokens = len(each.pieces) + 1
            score = round(each.log_prob / tokens**self.search.length_penalty, DECIMALS)
            if each.text not in scored or score > scored[each.text][0]:
                scored[each.text] = score, tokens
        ranked = sorted(scored.items(), key=lambda item: (-item[1][0], item[0]))
        return tuple(ScoredTranslation(text, score, tokens) for text, (score, tokens) in ranked)

    @cached_property
    def folder(self) -> str:
        """Where the model is. Raises what the first use raises."""
        return model_folder.resolved(self.model)

    @cached_property
    def kind(self) -> model_folder.Kind:
        """The library that the model is for. Raises what the first use raises."""
        return model_folder.kind_of(self.folder, self.model)

    @cached_property
    def engine(self) -> Engine:
        """The loaded model."""
        if self.kind == "ctranslate2":
            from dataselect.models.translator.ctranslate2_engine import CTranslate2Engine

            return CTranslate2Engine(self.folder, self.model, self.languages, self.device)
        try:
            from dataselect.models.translator.transformers_engine import TransformersEngine
        except ImportError as error:
            raise model_folder.not_installed(error, "transformers") from None
        return TransformersEngine(self.folder, self.model, self.languages, self.device)

    def check(self) -> None:
        """Raise what the first use raises of a model that is none, a cache or a missing package."""
        self._cache  # noqa: B018
        required = "ctranslate2" if self.kind == "ctranslate2" else "transformers"
        if importlib.util.find_spec(required) is None:
            raise model_folder.not_installed(
                ImportError(f"No module named '{required}'"), self.kind
            )

    @property
    def on_gpu(self) -> bool:
        """Whether the model runs on a GPU, as far as can be told without loading a library."""
        if self.device is None:
            return os.path.exists(_NVIDIA)
        return not self.device.startswith("cpu")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model's files, the same under any name and path."""
        return model_folder.digest(self.folder)

    @cached_property
    def _cache(self) -> ContentCache | None:
        if self.cache is None:
            return None
        return ContentCache(self.cache, self._options_key, "translations", _APPLICATION)

    @cached_property
    def _options_key(self) -> str:
        """What a file of the cache is called: of a model, and of all that changes translations."""
        options = [self.digest, asdict(self.search), asdict(self.languages)]
        return content_key(json.dumps(options).encode(), 16).hex()

    def describe(self) -> dict[str, Any]:
        """What a report tells of the model and the search."""
        return {
            "model": self.model,
            "sha256": self.digest,
            "kind": self.kind,
            **asdict(self.search),
            "source_lang": self.languages.source,
            "target_lang": self.languages.target,
        }


def most_pieces(longest: int) -> int:
    """How many pieces a hypothesis may have, by those of the longest source of its batch.

    The same for all sources of a bucket, so that it does not depend on the others of the batch.
    """
    return 2 * (-(-longest // _BUCKET) * _BUCKET) + 16


def _restored(value: bytes) -> Translation:
    rows, cut = json.loads(value)
    return Translation(tuple(ScoredTranslation(*row) for row in rows), cut)
