"""Distance of texts to in-domain text.

After Punjabi et al. (2019): the in-domain text is embedded, and sentence pairs are kept whose side
in that language lies near its average.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.sampling import sample_items
from dataselect.documents import typed
from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.encoders.base import Encoder, described
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.fitted_model import FittedModel
from dataselect.models.text_sequences import as_texts
from dataselect.operations.bitext.distance_rule import Distance, checked
from dataselect.operations.bitext.fitting import Rule, fit

if TYPE_CHECKING:
    from dataselect.models.text_sequences import Texts
    from dataselect.operations.bitext.filters import PairFilters
    from dataselect.operations.bitext.scorer import BitextScorer
    from dataselect.selection.ranking import Direction

SIDES = ("src", "tgt")
DECIMALS = 6
FIT_SIZE = 10_000  # texts of each kind that are drawn to fit to, at most
FORMAT = archive.ArchiveFormat("bitext", 2)


OpenEncoder = Callable[[str, Mapping[str, Any]], Encoder]
"""Makes the encoder of a side that a model does not hold, from its description."""


@dataclass(frozen=True)
class Domain:
    """In-domain text in one language: an encoder, and the distance of its vectors to the text.

    `held_out` (h,): the distance of each in-domain text by a rule that was fitted without it, or
    nothing where that cannot be. `paired`: the texts are those of pairs, in the order of the other
    side's. `empty_distance`: of a text without words, or a vector of zeros.
    """

    encoder: Encoder
    distance: Distance
    held_out: NDArray[np.float64]
    empty_distance: float
    figures: dict[str, Any] = field(default_factory=dict)
    paired: bool = False

    def distances(self, items: Sequence[Any]) -> NDArray[np.float64]:
        """(n,) how far texts, or the vectors at positions, are from the in-domain text."""
        vectors = self.encoder.encode(items, unit=True)
        distances = self.distance(vectors)
        distances[~vectors.any(axis=1)] = self.empty_distance
        return distances

    @classmethod
    def fit(
        cls,
        in_domain: Sequence[str],
        corpus: Sequence[str],
        encoder: Encoder | None = None,
        rule: Rule = "discriminant",
        *,
        rng: np.random.Generator | None = None,
        report: Report = unreported,
    ) -> Domain:
        """Fit a distance, and the default encoder where none is given.

        `corpus`: a sample of the texts that are to be scored; in-domain text may hide in it.

        >>> near, far = ["play adele", "play some jazz"], ["it rained all day", "we left"]
        >>> low, high = Domain.fit(near, far).distances(["play the blues", "it rained"])
        >>> bool(low < high)
        True

        Raises InputError if a side has no text, OptionError for options that do not fit the data.
        """
        rng = rng or np.random.default_rng(0)
        advance = report("fitting an encoder", 1)
        encoder = encoder or Lexical.fit([*corpus, *in_domain], rng=rng)
        advance(1)
        own, others = (encoder.encode(texts, unit=True) for texts in (in_domain, corpus))
        return cls.of_vectors(own, others, encoder, rule, rng=rng)

    @classmethod
    def of_vectors(
        cls,
        in_domain: NDArray[np.float32],
        corpus: NDArray[np.float32],
        encoder: Encoder,
        rule: Rule,
        *,
        rng: np.random.Generator,
    ) -> Domain:
        """Fit to unit vectors that `encoder` made, or that were made as it makes them.

        Where there are no words, nothing speaks for the domain: as far as the corpus goes.
        """
        fitted = fit(in_domain, corpus, rule, rng)
        farthest = float(fitted.distance(corpus[corpus.any(axis=1)]).max(initial=0))
        figures = {**fitted.figures, "warnings": fitted.warnings()}
        return cls(encoder, fitted.distance, fitted.held_out, farthest, figures)


class Bitext(FittedModel):
    """Distance of one side of sentence pairs to in-domain text in its language, low for near ones.

    `side`: "src" or "tgt". `rule`: "discriminant", "centroid" (of the paper) or "logistic".
    `encoder`: of vectors, by default one that is fitted to the texts. At most 10,000 texts of
    each kind are used. After `fit`: `domain_`, with `held_out` distances of in-domain texts by
    rules that did not see them.

    >>> near, far = ["play adele", "play some jazz"], ["it rained all day", "we left"]
    >>> low, high = Bitext().fit(near, far).score(["play the blues", "it rained"])
    >>> bool(low < high)
    True
    """

    direction: ClassVar[Direction] = "low"

    domain_: Domain

    def __init__(
        self,
        *,
        side: Literal["src", "tgt"] = "tgt",
        rule: Rule = "discriminant",
        encoder: Encoder | None = None,
        seed: int = 0,
    ) -> None:
        self.side, self.rule = side, rule
        self.encoder, self.seed = encoder, seed

    def fit(self, in_domain: Texts, corpus: Texts) -> Bitext:
        """Learn from in-domain texts, and those that are to be scored. Returns self.

        Raises InputError if a side has no text, OptionError for options that do not fit the data.
        """
        rng = np.random.default_rng(self.seed)
        own = as_texts(in_domain, "in_domain")
        own = list(drawn({self.side: own}, rng)[self.side])
        others = sample_items(as_texts(corpus, "corpus"), FIT_SIZE, rng)
        self.domain_ = Domain.fit(own, others, self.encoder, self.rule, rng=rng)
        return self

    def score(self, texts: Texts) -> NDArray[np.float64]:
        """(n,) the distance of each text of the side."""
        found: NDArray[np.float64] = np.round(self.domain_.distances(as_texts(texts)), DECIMALS)
        return found

    def record_scorer(
        self,
        *,
        src_field: str = "src",
        tgt_field: str = "tgt",
        filters: PairFilters | None = None,
    ) -> BitextScorer:
        """What scores pairs of files: see `select_file`. What `filters` name is left out."""
        from dataselect.operations.bitext.scorer import BitextScorer

        return BitextScorer(
            {self.side: self.domain_}, filters=filters, src_field=src_field, tgt_field=tgt_field
        )

    def dumps(self) -> bytes:
        return dumps_domains({self.side: self.domain_})

    @classmethod
    def load(cls, path: str, open_encoder: OpenEncoder | None = None) -> Bitext:
        """Read a model of one side from a file. Raises InputError if it is not one.

        `open_encoder` makes the encoder that it was trained with, from side and description.
        """
        [(side, domain), *others] = load_domains(path, open_encoder or _neural).items()
        if others:
            raise InputError(f"{path}: a model of both sides; use it with BitextScorer")
        model = cls(side=cast("Literal['src', 'tgt']", side))
        model.domain_ = domain
        return model


def drawn(
    columns: Mapping[str, Sequence[Any]], rng: np.random.Generator
) -> dict[str, Sequence[Any]]:
    """The same `FIT_SIZE` rows of all columns, drawn without replacement, in order; or all rows."""
    lengths = {len(column) for column in columns.values()}
    total = max(lengths, default=0)
    if lengths - {total}:
        raise InputError(
            f"--in-domain-vectors of {min(lengths):,} texts and of {total:,}; rows of both sides "
            "must belong together"
        )
    if total <= FIT_SIZE:
        return dict(columns)
    chosen = sorted(rng.choice(total, FIT_SIZE, replace=False).tolist())
    return {side: [column[place] for place in chosen] for side, column in columns.items()}


def _neural(_side: str, described: Mapping[str, Any]) -> Encoder:
    from dataselect.models.encoders.sentence_transformer import Neural

    return Neural(described["model"])


def dumps_domains(domains: Mapping[str, Domain]) -> bytes:
    """The domains as bytes; of vectors and of neural encoders only how to know them again."""
    about: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for side, domain in domains.items():
        encoder, distance = domain.encoder, domain.distance
        arrays[f"{side}.held_out"] = domain.held_out
        arrays |= {f"{side}.distance.{name}": a for name, a in distance.arrays().items()}
        arrays |= {f"{side}.encoder.{name}": a for name, a in encoder.arrays().items()}
        about[side] = {
            "encoder": encoder.about(),
            "distance": distance.about(),
            "empty_distance": domain.empty_distance,
            "figures": domain.figures,
            "paired": domain.paired,
        }
    return archive.dumps(FORMAT, {"sides": about}, arrays)


def load_domains(path: str, open_encoder: OpenEncoder) -> dict[str, Domain]:
    """The domains of a saved model. Raises InputError if it is not one."""

    def restored(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Domain]:
        sides = typed(_About, about).sides
        if not set() < sides.keys() <= set(SIDES):
            raise ValueError(f"its sides are {', '.join(sides)[:40]}")
        return {
            side: _restored(side, own, _within(side, arrays), open_encoder)
            for side, own in sides.items()
        }

    return archive.load(path, FORMAT, restored)


class _Figures(TypedDict, total=False):
    warnings: list[str]


class _Kind(TypedDict):
    kind: str


class _Side(NamedTuple):
    encoder: _Kind
    distance: _Kind
    empty_distance: float
    figures: _Figures
    paired: bool


class _About(NamedTuple):
    """The part of a saved model that is JSON."""

    sides: dict[str, _Side]


def _restored(
    side: str, about: _Side, arrays: Mapping[str, NDArray[Any]], open_encoder: OpenEncoder
) -> Domain:
    told = cast("dict[str, Any]", about.encoder)
    encoder = (
        Lexical.restore(told, _within("encoder", arrays))
        if about.encoder["kind"] == Lexical.kind
        else open_encoder(side, described(told))
    )
    distance = Distance.restore(about.distance, _within("distance", arrays))
    if encoder.dimension != len(distance.weights):
        raise ValueError(
            f"vectors of {encoder.dimension} dimensions for a distance of {len(distance.weights)}"
        )
    held_out = arrays["held_out"]
    checked("held-out distances", held_out, (None,) if held_out.size else (0,))
    figures = cast("dict[str, Any]", about.figures)
    return Domain(encoder, distance, held_out, about.empty_distance, figures, about.paired)


def _within(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin so, under the rest of their names."""
    start = f"{name}."
    return {key.removeprefix(start): each for key, each in arrays.items() if key.startswith(start)}
