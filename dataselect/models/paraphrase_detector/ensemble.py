"""Pair networks that are averaged; imports torch, and is imported where it is used."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dataselect.data.files.chunks import read_whole
from dataselect.documents import Between, typed
from dataselect.models.archive import ArchiveFormat, dumps, loads
from dataselect.models.paraphrase_detector.batching import LONGEST, TextPiece, TokenizedPairs
from dataselect.models.paraphrase_detector.network import NetworkSize, PairNetwork
from dataselect.models.paraphrase_detector.words.word_alignment import Context, TensorBatch
from dataselect.models.paraphrase_detector.words.word_statistics import WordStatistics, new_share

_FORMAT = ArchiveFormat("word statistics", 1)
_STATISTICS = "statistics.zip"
_AT_ONCE = 256


class _Size(NamedTuple):
    """The fields of `NetworkSize`, with bounds: memory is taken by them before weights are read."""

    word: Annotated[int, Between(1, 1_024)]
    hidden: Annotated[int, Between(1, 4_096)]
    heads: Annotated[int, Between(1, 64)]
    layers: Annotated[int, Between(1, 24)]
    dropout: Annotated[float, Between(0, 1)]
    hidden_pairs: Annotated[float, Between(0, 1)]
    word_dropout: Annotated[float, Between(0, 1)]


class _Saved(NamedTuple):
    """What `about` tells."""

    size: _Size
    networks: Annotated[int, Between(1, 64)]
    longest: int


class Ensemble(nn.Module):  # type: ignore[misc]  # torch is not checked
    """Networks of one size, whose logits are averaged. Of a text, LONGEST words are read."""

    kind: ClassVar[str] = "networks"

    def __init__(
        self,
        size: NetworkSize,
        networks: Iterable[PairNetwork],
        statistics: WordStatistics,
        vocabulary: NDArray[np.uint64],
    ) -> None:
        """`statistics`: of texts like those that are to be compared; `vocabulary`: of training."""
        super().__init__()
        self._size = size
        self.statistics, self.vocabulary = statistics, vocabulary
        self.networks = nn.ModuleList(networks)

    @classmethod
    def restored(cls, about: Mapping[str, Any], encoder: Any, folder: str) -> Ensemble:
        """One to load weights into, as `about` tells, on the device of `encoder`."""
        saved = typed(_Saved, dict(about))
        size = NetworkSize(*saved.size)
        if size.hidden % size.heads:
            raise ValueError(f"size: {size.hidden} dimensions for {size.heads} heads")
        told, arrays = loads(read_whole(os.path.join(folder, _STATISTICS)), _FORMAT)
        vocabulary = arrays.pop("vocabulary")
        ascending = vocabulary.ndim == 1 and bool((vocabulary[1:] > vocabulary[:-1]).all())
        if vocabulary.dtype != np.uint64 or not ascending:
            raise ValueError("its vocabulary is not what a detector has")
        statistics = WordStatistics.restore(told, arrays)
        networks = (
            PairNetwork(size, statistics=told_statistics(number))
            for number in range(saved.networks)
        )
        found = cls(size, networks, statistics, vocabulary)
        found.to(encoder.device)
        return found

    def about(self) -> dict[str, Any]:
        return {"size": asdict(self._size), "networks": len(self.networks), "longest": LONGEST}

    def knowledge(self) -> dict[str, bytes]:
        arrays = {**self.statistics.arrays(), "vocabulary": self.vocabulary}
        return {_STATISTICS: dumps(_FORMAT, self.statistics.about(), arrays)}

    def adapted(self, texts: Sequence[str]) -> Ensemble:
        found = copy.copy(self)
        found.statistics = WordStatistics.fit(texts)
        return found

    def new_share(self, texts: Sequence[str]) -> float:
        return new_share(self.vocabulary, texts)

    def logits(self, sides: Sequence[Sequence[TextPiece]]) -> NDArray[np.float64]:
        """(n,) mean of the networks' logits for pairs; sides `2 * i` and the next are pair i.

        Each batch is computed by one thread, and several at once: threads that share the small sums
        of a batch mostly wait for each other.
        """
        pairs = TokenizedPairs(sides, self.statistics, self.vocabulary)
        device = next(self.parameters()).device

        def of_batch(places: NDArray[np.intp]) -> NDArray[np.float64]:
            with torch.inference_mode():
                context = Context.of(TensorBatch.of(pairs, places, device))
                found = [network(context)[0].double() for network in self.networks]
                mean: NDArray[np.float64] = torch.stack(found).mean(0).cpu().numpy()
            return mean

        batches = list(pairs.batches(_AT_ONCE))
        result = np.zeros(len(pairs))
        with alone() as threads, ThreadPoolExecutor(threads, initializer=_use_one_thread) as pool:
            for places, found in zip(batches, pool.map(of_batch, batches), strict=True):
                result[places] = found
        return result


def told_statistics(number: int) -> bool:
    """Whether a network is told what the texts at hand tell of their words: every other is.

    Those that are know best where texts are in another language, those that are not where they are
    of another domain; together they are as good as the better one, or better than both.
    """
    return number % 2 == 1


@contextlib.contextmanager
def alone() -> Iterator[int]:
    """Let torch compute with one thread, in one order. Gives the number that there was before."""
    threads = torch.get_num_threads()
    _use_one_thread()
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _use_one_thread() -> None:
    torch.set_num_threads(1)
