"""A transformer that reads two texts as one; imports torch, and is imported where it is used."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dataselect.documents import Between, typed
from dataselect.models.paraphrase_detector.batching import TextPiece, text_of

_AT_ONCE = 32


class _Saved(NamedTuple):
    """What `about` tells."""

    longest: Annotated[int, Between(1, 1_000_000)] | None


class CrossEncoder(nn.Module):  # type: ignore[misc]  # torch is not checked
    """The transformer of a sentence-transformers model, and a verdict on what it has read.

    It takes both texts of a pair in one sequence (Devlin et al. 2019).
    """

    kind: ClassVar[str] = "cross-encoder"

    def __init__(self, encoder: Any, longest: int | None) -> None:
        """`encoder`: a SentenceTransformer, which is copied; `longest`: word pieces of a pair.

        Raises ValueError where it has no transformer, or none whose tokenizer takes pairs.
        """
        super().__init__()
        transformer = getattr(encoder[0], "auto_model", None)
        if transformer is None or not getattr(encoder.tokenizer, "is_fast", False):
            raise ValueError("has no transformer with a fast tokenizer, to read two texts as one")
        self.transformer = copy.deepcopy(transformer)
        self.verdict = nn.Linear(2 * transformer.config.hidden_size, 1)
        self._tokenizer = encoder.tokenizer
        self._longest = longest
        self.to(encoder.device)

    @classmethod
    def restored(cls, about: Mapping[str, Any], encoder: Any, _: str) -> CrossEncoder:
        """One to load weights into."""
        return cls(encoder, typed(_Saved, dict(about)).longest)

    def knowledge(self) -> dict[str, bytes]:
        return {}

    def adapted(self, _: Sequence[str]) -> CrossEncoder:
        return self

    def new_share(self, _: Sequence[str]) -> float:
        return 0.0

    def about(self) -> dict[str, Any]:
        return {"longest": self._longest}

    def forward(self, ones: Sequence[str], others: Sequence[str]) -> Tensor:
        """(n,) logits of pairs in this order."""
        read = self._tokenizer(
            list(ones),
            list(others),
            padding=True,
            truncation=True,
            max_length=self._longest,
            return_tensors="pt",
        ).to(self.verdict.weight.device)
        hidden = self.transformer(**read).last_hidden_state
        is_piece = read["attention_mask"][:, :, None]
        mean = (hidden * is_piece).sum(1) / is_piece.sum(1)
        return self.verdict(torch.cat((hidden[:, 0], mean), 1))[:, 0]

    def logits(self, sides: Sequence[Sequence[TextPiece]]) -> NDArray[np.float64]:
        """(n,) mean logit of both orders of each pair; sides `2 * i` and the next are pair i."""
        texts = [text_of(side) for side in sides]
        pairs = list(zip(texts[::2], texts[1::2], strict=True))
        found = np.empty(len(pairs))
        for places in by_length(pairs, _AT_ONCE):
            ones, others = zip(*(pairs[place] for place in places), strict=True)
            with torch.inference_mode():
                both = self(ones, others).double() + self(others, ones).double()
            found[places] = (both / 2).cpu().numpy()
        return found


def by_length(pairs: Sequence[tuple[str, str]], most: int) -> list[NDArray[np.intp]]:
    """Places of pairs of about one length, up to `most` at once, the shortest first."""
    order = np.argsort([len(one) + len(other) for one, other in pairs], kind="stable")
    return [order[start : start + most] for start in range(0, len(order), most)]
