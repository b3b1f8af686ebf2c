"""Models of transformers; imports torch, and is imported where it is used."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.modeling_outputs import BaseModelOutput

from dataselect.errors import InputError, OptionError
from dataselect.models.encoders.loading import first_line, lacking_weights, quiet, require_device
from dataselect.models.system_errors import raise_if_of_machine
from dataselect.models.translator.engine import (
    Engine,
    Languages,
    RawHypothesis,
    Search,
    SourcePieces,
)
from dataselect.models.translator.gumbel_noise import GumbelNoise, seed_of
from dataselect.models.translator.language_codes import is_before_source, language_piece

_LONGEST = 512  # pieces, where a model does not tell
_NO_LIMIT = 10**6  # pieces; tokenizers without a limit tell a larger number
_LOGITS_AT_ONCE = 1 << 25  # 128 MiB
_POSITIONS = ("max_position_embeddings", "n_positions", "max_encoder_position_embeddings")

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it complains after each fork


class TransformersEngine(Engine):
    """A sequence-to-sequence model of transformers: Marian, NLLB, M2M, mBART, T5 and others.

    In single precision; on a processor one thread computes. Raises InputError, and OptionError for
    a language that is not there.
    """

    kind: ClassVar[str] = "transformers"

    def __init__(self, folder: str, shown: str, languages: Languages, device: str | None) -> None:
        self._shown = shown
        self._device = torch.device(_checked(device))
        self._tokenizer, self._model = load(folder, shown)
        self._model.to(self._device).float().eval()
        config = self._model.config
        told = [getattr(config, name, None) for name in _POSITIONS]
        told.append(getattr(self._tokenizer, "model_max_length", None))
        limits = [each for each in told if isinstance(each, int) and 0 < each < _NO_LIMIT]
        self.longest = min(limits, default=_LONGEST)
        vocabulary = _Vocabulary(self._tokenizer)
        source = language_piece(languages.source, vocabulary, "--source-lang", shown)
        target = language_piece(languages.target, vocabulary, "--target-lang", shown)
        if source is not None:
            self._tokenizer.src_lang = languages.source
        self._before = ""
        self._first: int | None = getattr(
            self._model.generation_config, "forced_bos_token_id", None
        )
        if target is not None and is_before_source(target):
            self._before = f"{target} "
        elif target is not None:
            self._first = self._tokenizer.convert_tokens_to_ids(target)
        if self._first is None and target is None and _is_of_many(self._tokenizer):
            raise OptionError(
                f"{shown}: translates into many languages; name one with --target-lang, and "
                "--source-lang"
            )
        self._end = config.eos_token_id
        self._pad = config.pad_token_id
        self._start = self._model.generation_config.decoder_start_token_id
        if self._start is None:
            self._start = config.decoder_start_token_id
        self._special = set(self._tokenizer.all_special_ids)

    def read(self, text: str) -> SourcePieces:
        numbers = self._tokenizer(self._before + text, truncation=False).input_ids
        cut = len(numbers) > self.longest
        if cut:
            numbers = self._tokenizer(
                self._before + text, truncation=True, max_length=self.longest
            ).input_ids
        return SourcePieces(text, tuple(numbers), cut)

    def _decoded(self, numbers: Sequence[int]) -> str:
        found = self._tokenizer.decode(
            list(numbers), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(found)

    def search(
        self, sources: Sequence[SourcePieces], search: Search, most: int
    ) -> list[list[RawHypothesis]]:
        try:
            with torch.inference_mode(), _one_thread(), quiet():
                return self._search(sources, search, most)
        except Exception as error:  # torch has one for each kind of device and fault
            raise InputError(
                f"{self._shown}: fails on {self._device} ({first_line(error)}); try a smaller "
                "--batch-size, or another --device"
            ) from None

    def _search(
        self, sources: Sequence[SourcePieces], search: Search, most: int
    ) -> list[list[RawHypothesis]]:
        longest = max(len(source.pieces) for source in sources)
        rows = [
            [*source.pieces, *[self._pad] * (longest - len(source.pieces))] for source in sources
        ]
        mask = torch.tensor(
            [[1] * len(s.pieces) + [0] * (longest - len(s.pieces)) for s in sources]
        ).to(self._device)
        hidden = self._model.get_encoder()(
            input_ids=torch.tensor(rows).to(self._device), attention_mask=mask
        ).last_hidden_state
        hidden, mask = (each.repeat_interleave(search.nbest, 0) for each in (hidden, mask))
        found = self._generated(sources, hidden, mask, search, most)
        outputs = [self._own(row) for row in found.tolist()]
        lists: list[list[RawHypothesis]] = [[] for _ in sources]
        scored = zip(outputs, self._scored(hidden, mask, outputs), strict=True)
        for place, (pieces, log_prob) in enumerate(scored):
            names = tuple(self._tokenizer.convert_ids_to_tokens(pieces))
            lists[place // search.nbest].append(
                RawHypothesis(self._decoded(pieces), names, log_prob)
            )
        return lists

    def _generated(
        self,
        sources: Sequence[SourcePieces],
        hidden: Tensor,
        mask: Tensor,
        search: Search,
        most: int,
    ) -> Tensor:
        """(sources * nbest, l) numbers of pieces, with the decoder's start before them."""
        options: dict[str, Any] = {
            "max_new_tokens": most,
            "max_length": None,
            "forced_bos_token_id": self._first,
            "forced_eos_token_id": None,
            "do_sample": False,
            "num_beams": 1,
        }
        if search.temperature is None:
            # The library repeats each source by itself, once a beam.
            hidden, mask = hidden[:: search.nbest], mask[:: search.nbest]
            options |= {
                "num_beams": search.beam,
                "num_return_sequences": search.nbest,
                "length_penalty": search.length_penalty,
                "early_stopping": False,
            }
        else:
            seeds = [
                seed_of(search.seed, source.text, number)
                for source in sources
                for number in range(search.nbest)
            ]
            options["logits_processor"] = [GumbelNoise(seeds, search.temperature)]
        states = BaseModelOutput(last_hidden_state=hidden)
        found: Tensor = self._model.generate(encoder_outputs=states, attention_mask=mask, **options)
        return found

    def _own(self, row: list[int]) -> list[int]:
        """The pieces of a hypothesis: without start and language, up to the end or padding."""
        row = row[1 if self._first is None else 2 :]
        ends = [place for place, piece in enumerate(row) if piece in (self._end, self._pad)]
        return row[: ends[0]] if ends else row

    def _scored(
        self, hidden: Tensor, mask: Tensor, outputs: Sequence[Sequence[int]]
    ) -> Iterator[float]:
        """Log-probability of each hypothesis: of its pieces given those before."""
        first = [] if self._first is None else [self._first]
        skipped = len(first)
        longest = max(map(len, outputs)) + 1 + skipped
        at_once = max(1, _LOGITS_AT_ONCE // (longest * self._model.config.vocab_size))
        for start in range(0, len(outputs), at_once):
            some = outputs[start : start + at_once]
            here = slice(start, start + len(some))
            wanted = torch.full((len(some), longest), self._end, device=self._device)
            counted = torch.zeros((len(some), longest), dtype=torch.bool, device=self._device)
            for place, pieces in enumerate(some):
                row = [*first, *pieces, self._end]
                wanted[place, : len(row)] = torch.tensor(row, device=self._device)
                counted[place, skipped : len(row)] = True
            begin = torch.full((len(some), 1), self._start, device=self._device)
            read = self._model(
                encoder_outputs=BaseModelOutput(last_hidden_state=hidden[here]),
                attention_mask=mask[here],
                decoder_input_ids=torch.cat((begin, wanted[:, :-1]), 1),
                use_cache=False,
            )
            chosen = read.logits.gather(2, wanted[:, :, None])[:, :, 0].double()
            log_probs = chosen - read.logits.logsumexp(2).double()
            yield from (log_probs * counted).sum(1).tolist()


class _Vocabulary:
    """The pieces that a tokenizer knows; of M2M, languages are not in what it lists."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __contains__(self, piece: object) -> bool:
        number = self._tokenizer.convert_tokens_to_ids(str(piece))
        return number not in (None, self._tokenizer.unk_token_id)


def load(folder: str, shown: str) -> tuple[Any, Any]:
    """Tokenizer and model; code that comes with a model is not run, nor a pickle read."""
    own = {"local_files_only": True, "trust_remote_code": False}
    try:
        with quiet() as said:
            tokenizer = AutoTokenizer.from_pretrained(folder, **own)
            model = AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True, **own)
    except Exception as error:  # each format has an exception of its own
        raise_if_of_machine(shown, error)
        raise InputError(
            f"{shown}: transformers cannot load it as a translation model ({first_line(error)}); "
            "name another, or fetch or save it again"
        ) from None
    if lacking := lacking_weights(said):
        raise InputError(
            f"{shown}: its file lacks weights ({lacking[0]} ...); fetch or save it again"
        )
    return tokenizer, model


def _checked(device: str | None) -> str:
    """A device that is there. Raises InputError."""
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    require_device(device)
    return device


def _is_of_many(tokenizer: Any) -> bool:
    """Whether a tokenizer has a setting for the language of its source."""
    return hasattr(tokenizer, "src_lang")


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let one thread compute, so that sums do not depend on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
