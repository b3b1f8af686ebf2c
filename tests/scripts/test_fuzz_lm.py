"""Damaged ARPA files: each is refused in one line, or scores; see scripts/fuzz-lm for more."""

import random
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from dataselect.models.language_model import arpa
from dataselect.models.language_model.trainers import train

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz-lm"


def test_damaged_arpa_files_are_refused_in_one_line_or_score(tmp_path: Path) -> None:
    loader = SourceFileLoader("fuzz_lm", str(SCRIPT))
    spec = spec_from_loader("fuzz_lm", loader)
    assert spec is not None
    fuzz = module_from_spec(spec)
    loader.exec_module(fuzz)
    plain = b"".join(arpa.write(train(fuzz.TEXTS[:-1], order=3).model))
    path = tmp_path / "model.arpa"
    for kind, data in fuzz.damaged(plain, fuzz.ANY + fuzz.LINES, 120, random.Random(1)):
        path.write_bytes(data)
        assert fuzz.outcome(path) in ("refused", "scored"), (kind, data)
