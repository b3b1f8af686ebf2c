"""Small Marian models to train from scratch; imports torch, and is imported where it is used."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

from dataselect.errors import InputError
from dataselect.models.encoders.loading import first_line

Size: TypeAlias = Literal["tiny", "small", "base"]
_END, _UNKNOWN, _PAD = "</s>", "<unk>", "<pad>"
_RESERVED = ("<s>", _END, _UNKNOWN)
_LONGEST = 256
_NEVER = -1e4  # a logit
_SENTENCES = 500_000  # to learn word pieces of


class _Shape(NamedTuple):
    """Of one size: entries of a vector, layers of each side, attention heads, dropout."""

    entries: int
    layers: int
    heads: int
    dropout: float


SHAPES: dict[str, _Shape] = {
    "tiny": _Shape(64, 2, 2, 0.0),
    "mini": _Shape(128, 3, 4, 0.1),
    "small": _Shape(256, 3, 4, 0.1),
    "base": _Shape(512, 6, 8, 0.1),
}


def new_model(texts: Sequence[str], size: str, *, vocabulary: int, seed: int) -> tuple[Any, Any]:
    """Tokenizer and model, weights at random: word pieces of the texts of both sides in common.

    Raises InputError where the texts have too few words for word pieces.
    """
    tokenizer = _tokenizer(texts, vocabulary)
    pad, end = tokenizer.pad_token_id, tokenizer.eos_token_id
    shape = SHAPES[size]
    config = MarianConfig(
        vocab_size=len(tokenizer),
        d_model=shape.entries,
        encoder_layers=shape.layers,
        decoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.entries,
        decoder_ffn_dim=4 * shape.entries,
        dropout=shape.dropout,
        activation_function="swish",
        max_position_embeddings=_LONGEST,
        static_position_embeddings=True,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        pad_token_id=pad,
        eos_token_id=end,
        bos_token_id=end,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MarianMTModel(config)
    # As Marian's own models: padding begins the translation, as a vector of zeros, and is never
    # said. CTranslate2 takes that for granted.
    with torch.no_grad():
        model.get_input_embeddings().weight[pad] = 0
    model.final_logits_bias[0, pad] = _NEVER
    return tokenizer, model


def _tokenizer(texts: Sequence[str], vocabulary: int) -> Any:
    written = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=written,
            vocab_size=vocabulary,
            hard_vocab_limit=False,
            character_coverage=0.9998,
            input_sentence_size=_SENTENCES,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise InputError(
            f"no word pieces can be learnt of the pairs ({first_line(error)}); give more pairs, or "
            "a smaller --vocabulary"
        ) from None
    processor = SentencePieceProcessor(model_proto=written.getvalue())
    learnt = [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
    pieces = [_END, _UNKNOWN, *(each for each in learnt if each not in _RESERVED), _PAD]
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("source.spm", "target.spm", "vocab.json")]
        for name in names[:2]:
            with open(name, "wb") as spm:
                spm.write(written.getvalue())
        with open(names[2], "w", encoding="utf-8") as file:
            json.dump({piece: number for number, piece in enumerate(pieces)}, file)
        return MarianTokenizer(
            source_spm=names[0], target_spm=names[1], vocab=names[2], model_max_length=_LONGEST
        )
