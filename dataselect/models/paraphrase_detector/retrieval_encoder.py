"""A sentence-transformers model whose vectors find texts with words in common; imports torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from dataselect.models.encoders.loading import quiet
from dataselect.models.normalization import all_composed

DIMENSION = 256
_PIECES = 8_000
_SEED = 0


def bag_of_pieces(texts: Sequence[str], device: str | None = None) -> Any:
    """A model of word pieces, learnt from texts, each with a vector drawn at random.

    A text is the mean of its pieces' vectors, weighted by inverse document frequency, so that
    the cosine of two texts is about that of their weighted pieces. Any text has pieces: bytes, if
    nothing longer is known.
    """
    with quiet():
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.models import Normalize, StaticEmbedding

        texts = all_composed(texts)
        tokenizer = _tokenizer(texts)
        vectors = np.random.default_rng(_SEED).standard_normal(
            (tokenizer.get_vocab_size(), DIMENSION), np.float32
        )
        vectors *= _weights(tokenizer, texts)[:, None]
        embedding = StaticEmbedding(tokenizer, embedding_weights=vectors)
        return SentenceTransformer(modules=[embedding, Normalize()], device=device)


def _tokenizer(texts: Sequence[str]) -> Any:
    """Byte pairs (Sennrich et al. 2016) of lower-case text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=_PIECES,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    return tokenizer


def _weights(tokenizer: Any, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(pieces,) inverse document frequency of each piece."""
    distinct = sorted(set(texts))
    found = Counter(
        piece for encoding in tokenizer.encode_batch(distinct) for piece in set(encoding.ids)
    )
    return np.array(
        [
            math.log((1 + len(distinct)) / (1 + found[piece]))
            for piece in range(tokenizer.get_vocab_size())
        ],
        np.float32,
    )
