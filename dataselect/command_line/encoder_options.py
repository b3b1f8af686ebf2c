"""The options of commands that compare texts by their vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.command_line.option import option
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.models.encoders.precomputed import Precomputed
    from dataselect.models.encoders.sentence_transformer import Neural

_ENCODER = "Encoder"


@dataclass(frozen=True)
class NeuralOptions:
    """A neural encoder, if that is wanted instead of the one that is fitted on the spot."""

    encoder: str | None = option(
        "MODEL",
        _ENCODER,
        "A sentence-transformers model: a folder, or a name of the Hugging Face hub; "
        "needs pip install sentence-transformers faiss-cpu [default: none, but words and "
        "characters of the texts].",
    )
    device: str | None = option(
        "NAME",
        _ENCODER,
        "Where a neural model runs: cpu, cuda, cuda:1, mps [default: the library's choice].",
    )
    cache: str | None = option(
        "DIR",
        _ENCODER,
        "Keep the vectors of neural models in this folder, and take them from there.",
    )

    def check(self, *others: str | None) -> None:
        """Raise OptionError for options without a use; `others` may name a neural model, too."""
        unused = [name for name, value in self._for_neural().items() if value is not None]
        if unused and not any((self.encoder, *others)):
            raise OptionError(f"{unused[0]} is for a neural model; give one with --encoder MODEL")

    def _for_neural(self) -> dict[str, Any]:
        return {"--device": self.device, "--cache": self.cache}

    @property
    def _texts_at_once(self) -> int | None:
        return None  # the encoder's own number

    def neural(self, model: str) -> Neural:
        """An encoder by a neural model, which is loaded when it first encodes."""
        from dataselect.models.encoders.sentence_transformer import Neural

        return Neural(model, device=self.device, batch_size=self._texts_at_once, cache=self.cache)


@dataclass(frozen=True)
class EncoderOptions(NeuralOptions):
    """Where vectors come from, if not from the encoder that is fitted on the spot."""

    batch_size: int | None = option(
        "N",
        _ENCODER,
        "Texts that a neural model encodes at once [default: 32; on a processor, 8 to 64 "
        "differ by a seventh].",
        min=1,
    )
    vectors: list[str] | None = option(
        "[SIDE=]FILE.npy",
        _ENCODER,
        "Vectors of the input made elsewhere: a NumPy matrix with a row for each record, "
        "good or bad, blank lines not counted.",
    )
    in_domain_vectors: list[str] | None = option(
        "[SIDE=]FILE.npy", _ENCODER, "The same of the in-domain text, beside --vectors."
    )

    def check(self, *others: str | None) -> None:
        """Raise OptionError for options without a use; `others` may name a neural model, too."""
        if self.encoder is not None and self.vectors:
            raise OptionError("--vectors are there already; leave --encoder out")
        if self.in_domain_vectors and not self.vectors:
            raise OptionError("--in-domain-vectors are compared with --vectors; give these too")
        super().check(*others)

    def _for_neural(self) -> dict[str, Any]:
        return {**super()._for_neural(), "--batch-size": self.batch_size}

    @property
    def _texts_at_once(self) -> int | None:
        return self.batch_size

    def reads(self) -> list[Inputs]:
        """The files of vectors."""
        from dataselect.data.files.input_names import named
        from dataselect.data.input_files import Inputs

        files = [*(self.vectors or []), *(self.in_domain_vectors or [])]
        return [Inputs([path]) for _, path in map(named, files)]

    def precomputed(self) -> list[tuple[str, Precomputed]]:
        """Name, or nothing, and rows of each file of `--vectors`. Raises InputError."""
        return _opened(self.vectors or [])

    def in_domain_precomputed(self) -> list[tuple[str, Precomputed]]:
        """Name, or nothing, and rows of each file of `--in-domain-vectors`. Raises InputError."""
        return _opened(self.in_domain_vectors or [])


def check_version(
    encoder: Neural, described: Mapping[str, Any], model: str | None, *, done: str, again: str
) -> None:
    """Raise InputError for another encoder than the one that a saved model was made with."""
    if encoder.digest != described["sha256"]:
        raise InputError(
            f"{model}: {done} with another version of {described['model']} than {encoder.model}; "
            f"give the right one with --encoder, or {again} again"
        )


def _opened(files: Sequence[str]) -> list[tuple[str, Precomputed]]:
    from dataselect.data.files.input_names import named
    from dataselect.models.encoders.precomputed import Precomputed

    return [(name, Precomputed(path)) for name, path in map(named, files)]
