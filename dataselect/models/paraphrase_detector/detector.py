"""The paraphrase detector: how probably two utterances say the same, after Cho et al. (2019)."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dataselect.data.files.chunks import read_whole
from dataselect.documents import Between, parsed, typed
from dataselect.errors import InputError
from dataselect.models.archive import ArchiveFormat
from dataselect.models.encoders import base, loading
from dataselect.models.paraphrase_detector.batching import TextPiece
from dataselect.models.paraphrase_detector.pairs.templates import canonical
from dataselect.models.platt_scaling import PlattScaling
from dataselect.models.system_errors import raise_if_of_machine

FORMAT = ArchiveFormat("paraphrase detector", 4)
_ABOUT, _WEIGHTS, _CARD = "detector.json", "detector.safetensors", "README.md"
FEWEST_TEXTS = 200  # distinct ones to learn statistics from; with fewer, those of training serve
MOST_TEXTS = 20_000  # more teach statistics no better
UNLIKE = 0.3  # share of words new to it, from which texts are unlike those that it was trained on
_PAIRS_AT_ONCE = 8_192


class Reader(Protocol):
    """What reads two texts together: an Ensemble or a CrossEncoder, both of torch."""

    @property
    def kind(self) -> str:
        """Which of them it is."""

    def adapted(self, texts: Sequence[str]) -> Reader:
        """The same for texts like these."""

    def new_share(self, texts: Sequence[str]) -> float:
        """Share of the words of some texts that training had none of; 0 where that is unknown."""

    def knowledge(self) -> dict[str, bytes]:
        """Files of a saved detector that are neither weights nor JSON, by name."""

    def about(self) -> dict[str, Any]:
        """What a saved detector holds of it beside its weights."""

    def logits(self, sides: Sequence[Sequence[TextPiece]]) -> NDArray[np.float64]:
        """(n,) that the texts of each pair say the same; sides `2 * i` and the next are pair i."""

    def state_dict(self) -> dict[str, Any]:
        """Its weights, as tensors."""


class _Calibration(NamedTuple):
    slope: Annotated[float, Between(-1e6, 1e6)]
    shift: Annotated[float, Between(-1e6, 1e6)]


class _Saved(NamedTuple):
    """What a saved detector says of itself."""

    format: str
    kind: str
    reader: dict[str, Any]
    calibration: _Calibration


@dataclass(frozen=True)
class Detector:
    """What reads two texts together, and an encoder whose vectors find candidates.

    `encoder`: a SentenceTransformer.

    >>> detector = Detector.load("detector")  # doctest: +SKIP
    >>> detector.probabilities([("play adele", "i want to listen to adele")])  # doctest: +SKIP
    array([0.97])
    """

    reader: Reader
    encoder: Any
    calibration: PlattScaling

    @classmethod
    def load(cls, path: str, *, device: str | None = None) -> Detector:
        """The detector that `save` wrote into a folder, on `device` or the library's choice.

        Raises InputError where there is none, OptionError where torch is not installed.
        """
        if not is_detector(path):
            raise InputError(
                f"{path}: not a paraphrase detector, it has no {_ABOUT}; make one with 'dataselect "
                "paraphrase train'"
            )
        encoder = loading.load(path, device)
        try:
            return cls._restored(path, encoder)
        except Exception as error:  # of JSON, of safetensors, and of torch for other shapes
            raise_if_of_machine(path, error)
            raise InputError(
                f"{path}: a damaged paraphrase detector ({loading.first_line(error)}); make it "
                "again with 'dataselect paraphrase train'"
            ) from None

    @classmethod
    def _restored(cls, path: str, encoder: Any) -> Detector:
        from safetensors.torch import load_file

        from dataselect.models.paraphrase_detector.cross_encoder import CrossEncoder
        from dataselect.models.paraphrase_detector.ensemble import Ensemble

        about = typed(_Saved, parsed(read_whole(os.path.join(path, _ABOUT))))
        if about.format != str(FORMAT):
            raise ValueError(f"its format is {about.format!r:.80}")
        kinds = {each.kind: each for each in (Ensemble, CrossEncoder)}
        if about.kind not in kinds:
            raise ValueError(f"its kind is {about.kind!r:.80}")
        reader = kinds[about.kind].restored(about.reader, encoder, path)
        weights = load_file(os.path.join(path, _WEIGHTS))
        if wrong := [name for name, each in weights.items() if not each.isfinite().all()]:
            raise ValueError(f"its weights {wrong[0]:.80} are not finite")
        reader.load_state_dict(weights)
        return cls(reader.eval(), encoder, PlattScaling(*about.calibration))

    def save(self, folder: str, card: str) -> None:
        """Write a sentence-transformers model, with what scores pairs beside it and a card.

        Raises whatever the libraries raise where they cannot write.
        """
        from safetensors.torch import save_file

        with loading.quiet():
            self.encoder.save(folder, create_model_card=False)
        # The library refuses weights that share memory, as those of some transformers do.
        weights = {name: each.clone() for name, each in self.reader.state_dict().items()}
        save_file(weights, os.path.join(folder, _WEIGHTS))
        for name, data in self.reader.knowledge().items():
            with open(os.path.join(folder, name), "wb") as known:
                known.write(data)
        with open(os.path.join(folder, _ABOUT), "w", encoding="utf-8") as file:
            json.dump(self._about(), file, indent=2)
        with open(os.path.join(folder, _CARD), "w", encoding="utf-8") as file:
            file.write(card)

    def _about(self) -> dict[str, Any]:
        return {
            "format": str(FORMAT),
            "kind": self.reader.kind,
            "reader": self.reader.about(),
            "calibration": {"slope": self.calibration.slope, "shift": self.calibration.offset},
        }

    def adapted(self, texts: Sequence[str]) -> Detector:
        """The detector for texts like these: it knows words by what such texts tell of them.

        With fewer than FEWEST_TEXTS distinct ones it stays as it is.
        """
        distinct = list({canonical(text): text for text in texts}.values())
        if len(distinct) < FEWEST_TEXTS:
            return self
        reader = self.reader.adapted(distinct)
        if self.new_share(distinct) < UNLIKE:
            return replace(self, reader=reader)
        # What was held out of training says nothing of other corpora: with its calibration, they
        # were off by 0.18 on average, and by 0.15 without.
        return replace(self, reader=reader, calibration=PlattScaling())

    def new_share(self, texts: Sequence[str]) -> float:
        """Share of the different words of some texts that training had none of."""
        return self.reader.new_share(texts)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """(n,) log-odds of each pair before calibration, in either order the same."""
        sides = [[TextPiece(text)] for pair in pairs for text in sorted(map(canonical, pair))]
        return self.reader.logits(sides)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """(n,) how probably the two texts of each pair say the same.

        In either order the same; 1 for texts that differ in case and white space only. It depends
        on the other pairs by less than 1e-5. Of long texts, the first words are read.
        """
        found = np.ones(len(pairs))
        ordered = [sorted(map(canonical, pair)) for pair in pairs]
        differ = np.flatnonzero([one != other for one, other in ordered])
        for start in range(0, len(differ), _PAIRS_AT_ONCE):
            places = differ[start : start + _PAIRS_AT_ONCE]
            found[places] = self.calibration(
                self.logits([(one, other) for one, other in map(ordered.__getitem__, places)])
            )
        return found

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) unit vectors, whose inner product is high for texts worth comparing."""
        with loading.quiet():
            found = self.encoder.encode(list(texts), show_progress_bar=False)
        return base.unit(np.asarray(found, np.float32))

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that probabilities and vectors depend on."""
        found = hashlib.sha256(json.dumps(self._about()).encode())
        found.update(loading.digest(self.encoder).encode())
        for data in self.reader.knowledge().values():
            found.update(data)
        for name, weights in sorted(self.reader.state_dict().items()):
            found.update(f"\n{name} {tuple(weights.shape)}\n".encode())
            found.update(weights.cpu().contiguous().numpy())
        return found.hexdigest()

    def describe(self) -> dict[str, Any]:
        return {**self._about(), "sha256": self.digest, "device": str(self.encoder.device)}


class SavedDetector:
    """A detector in a folder, loaded when it is first used, and adapted to `texts`.

    What is loaded is not pickled.
    """

    ships_file: ClassVar[str] = "path"

    def __init__(self, path: str, *, device: str | None = None) -> None:
        self.path, self.device = path, device
        self.texts: Sequence[str] = ()
        self.calibration: PlattScaling | None = None  # instead of the detector's own

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("path", "device", "texts", "calibration")}

    def adapted(self, texts: Sequence[str]) -> SavedDetector:
        """The same for texts like these, of which MOST_TEXTS are used; see `Detector.adapted`."""
        if len(texts) < FEWEST_TEXTS:
            return self
        return self._with(texts=texts[:: max(1, len(texts) // MOST_TEXTS)])

    def calibrated(self, calibration: PlattScaling) -> SavedDetector:
        """The same with another calibration."""
        return self._with(calibration=calibration)

    def _with(self, **changes: Any) -> SavedDetector:
        found = copy.copy(self)
        found.__dict__ |= changes
        if "as_saved" in self.__dict__:
            found.__dict__["as_saved"] = self.as_saved
        return found

    @cached_property
    def as_saved(self) -> Detector:
        """What the folder holds."""
        return Detector.load(self.path, device=self.device)

    @cached_property
    def loaded(self) -> Detector:
        found = self.as_saved
        if self.texts:
            found = found.adapted(self.texts)
        return found if self.calibration is None else replace(found, calibration=self.calibration)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return self.loaded.logits(pairs)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return self.loaded.probabilities(pairs)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.loaded.vectors(texts)

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        return int(self.vectors(["any text"]).shape[1])

    @property
    def digest(self) -> str:
        return self.loaded.digest

    def describe(self) -> dict[str, Any]:
        return self.loaded.describe()


def is_detector(path: str) -> bool:
    """Whether a folder holds a detector."""
    return os.path.isfile(os.path.join(path, _ABOUT))
