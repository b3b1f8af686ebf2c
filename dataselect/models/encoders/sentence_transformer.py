"""Vectors of texts by a sentence-transformers model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.models.encoders import base, loading
from dataselect.models.encoders.vector_cache import VectorCache
from dataselect.models.normalization import all_composed

# MiniLM on German text, texts a second of one core: 87, 92, 84, 79 by batches of 8, 16, 32, 64,
# longest first by characters, as the library sorts. By tokens 101, in any order 48, both by 16.
BATCH_SIZE = 32
_SHOWN = 40  # characters of a text in a message
# Single words of several scripts: a model that knows none of them finds them all the same.
_PROBES = ["rain", "7", "дождь", "बारिश", "مطر", "雨"]
_SAME = 1e-5


class Neural(base.Encoder):
    """Any sentence-transformers model, loaded when it first encodes; only its name is pickled.

    Texts are encoded `batch_size` at once, longest first: those that need the most memory come
    before much time is spent. A vector depends on its batch by less than 1e-5. What a model
    cannot read of a long text, it leaves out.

    >>> Neural("sentence-transformers/LaBSE").encode(["play some jazz"]).shape  # doctest: +SKIP
    (1, 768)
    """

    kind: ClassVar[str] = "neural"
    parallel: ClassVar[bool] = False
    ships_file: ClassVar[str] = "model"

    def __init__(
        self,
        model: str,
        *,
        device: str | None = None,
        batch_size: int | None = None,
        cache: str | None = None,
    ) -> None:
        """`model`: a folder or a name of the hub. `cache`: a folder to keep vectors in.

        The first use raises InputError for a model that cannot be used, OptionError where
        sentence-transformers is not installed, OutputError for a cache that cannot be written.
        """
        self.model = model
        self.device = device
        self.batch_size = batch_size or BATCH_SIZE
        self.cache = cache

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in ("model", "device", "batch_size", "cache")}

    @cached_property
    def _model(self) -> Any:
        return loading.load(self.model, self.device)

    @cached_property
    def _cache(self) -> VectorCache | None:
        if self.cache is None:
            return None
        return VectorCache(self.cache, self.digest, self.dimension)

    @cached_property
    def dimension(self) -> int:
        """Entries of a vector. Raises InputError for a model that gives all texts the same."""
        probes = self._computed(_PROBES)
        if np.abs(probes - probes[0]).max() <= _SAME * np.abs(probes).max():
            raise InputError(
                f"{self.model}: gives every text the same vector; check its tokenizer and weights"
            )
        return int(probes.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model, the same under any name and path."""
        return loading.digest(self._model)

    def encode(self, items: Sequence[str], *, unit: bool = False) -> NDArray[np.float32]:
        """Vectors of composed texts; equal ones are encoded once. Raises what `__init__` says."""
        items = all_composed(items)
        places = {text: place for place, text in enumerate(dict.fromkeys(items))}
        distinct = self._vectors(list(places))
        vectors = distinct[[places[text] for text in items]]
        return base.unit(vectors) if unit else vectors

    def _vectors(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        known = np.zeros(len(texts), np.bool_)
        if self._cache is not None:
            vectors, known = self._cache.find(texts)
        new = [text for text, is_known in zip(texts, known, strict=True) if not is_known]
        if new:
            vectors[~known] = self._computed(new)
        if new and self._cache is not None:
            self._cache.add(new, vectors[~known])
        return vectors

    def _computed(self, texts: list[str]) -> NDArray[np.float32]:
        """(n, d) from the model. Raises InputError where it fails, or gives NaN."""
        model = self._model
        try:
            with loading.quiet():
                found = model.encode(texts, batch_size=self.batch_size, show_progress_bar=False)
        except Exception as error:  # torch has one for each kind of device and fault
            raise InputError(
                f"{self.model}: fails on {model.device} ({loading.first_line(error)}); "
                "try a smaller --batch-size, or another --device"
            ) from None
        vectors: NDArray[np.float32] = np.asarray(found, np.float32)
        unsound = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(unsound):
            text = texts[unsound[0]]
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
            raise InputError(f"{self.model}: gives NaN for {shown!r}; use another model")
        return vectors

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "model": self.model, "sha256": self.digest}

    def describe(self) -> dict[str, Any]:
        return {
            **self.about(),
            "dimension": self.dimension,
            "longest": self._model.max_seq_length,
            "device": str(self._model.device),
        }
