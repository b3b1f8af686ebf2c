"""What several test files share: ways to run the program, and a model to run it with."""

import contextlib
import io
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import pytest
from fork_server import fork_server
from hypothesis import HealthCheck, settings

from dataselect.cli import main
from dataselect.execution.processes import workers

# A shell starts jobs in the background deaf to SIGINT, and what we start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Timing is never asserted: the machine may be busy. `--hypothesis-profile thorough` looks further.
_BUSY = [HealthCheck.too_slow]
settings.register_profile(
    "quick", deadline=None, derandomize=True, max_examples=40, suppress_health_check=_BUSY
)
settings.register_profile("thorough", deadline=None, max_examples=300, suppress_health_check=_BUSY)
settings.load_profile("quick")

# Log10 probabilities and back-offs that are easy to add up.
MUSIC_ARPA = r"""
\data\
ngram 1=6
ngram 2=1

\1-grams:
-2	<unk>
0	<s>	-0.5
-1	</s>
-0.5	play	-0.25
-0.75	jazz	-0.125
-0.75	now

\2-grams:
-0.25	play jazz

\end\
"""
_LONGEST_RUN = 120  # seconds, for a program that hangs


# The longest files begin first, so that no worker of pytest-xdist ends with one alone.
_FIRST = (
    *("test_demo", "test_help_topics", "test_faults", "test_bench", "test_ray", "test_hard_inputs"),
    *("test_distributed_run", "test_page", "test_help", "test_workers", "test_cli"),
    *("test_partitioned_command", "test_detector", "test_sentence_transformer", "test_convert"),
    *("test_train_detector", "test_resume", "test_bitext", "test_speech", "test_check_page"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort files for `--dist loadfile --no-loadscope-reorder`; the order in a file stays."""
    rank = {name: number for number, name in enumerate(_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `code` is minus the signal's number where a signal ended it."""

    code: int
    out: bytes
    err: str

    def refused(self, code: int, *words: str) -> None:
        """Assert that it failed with `code` and said why in one line with all of `words`."""
        assert (self.code, self.err.count("\n")) == (code, 1), self.err
        assert self.err.startswith("dataselect: "), self.err
        for word in words:
            assert word in self.err, self.err

    def silent(self) -> bytes:
        """Assert that it worked and said nothing. Returns standard output."""
        assert (self.code, self.err) == (0, "")
        return self.out


class Shell(Protocol):
    """Runs a line of bash; `installed`: with the program itself, which takes longer to start."""

    def __call__(self, script: str, *, installed: bool = False) -> Outcome: ...


Inside = Callable[..., Outcome]


def environment(*folders: object) -> dict[str, str]:
    """The environment with the program under test first on the path, but for some folders."""
    path = [*map(str, folders), str(Path(sys.executable).parent), os.environ["PATH"]]
    return os.environ | {"PATH": os.pathsep.join(path)}


@pytest.fixture(scope="session")
def forking() -> Iterator[dict[str, str]]:
    """An environment where `dataselect` is forked by a server, ready to work."""
    with fork_server() as folder:
        yield environment(folder)


@pytest.fixture
def shell(tmp_path: Path, forking: dict[str, str]) -> Shell:
    """Run a line of bash in the test's folder; a pipe fails if any part of it does."""

    def run(script: str, *, installed: bool = False) -> Outcome:
        process = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment() | ({} if installed else {"PATH": forking["PATH"]}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with process:
            try:
                out, err = process.communicate(timeout=_LONGEST_RUN)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # all of a pipeline, or it would live on
                raise
        return Outcome(process.returncode, out, err.decode())

    return run


NEEDS_KENLM = pytest.mark.skipif(
    find_spec("kenlm") is None, reason="the package kenlm, an extra, is not installed"
)


def kenlm_model(path: object) -> Any:
    """A model as KenLM itself loads it; skips the test where the package is missing."""
    kenlm = pytest.importorskip("kenlm", reason="the package kenlm, an extra, is not installed")
    config = kenlm.Config()
    config.show_progress, config.arpa_complain = False, kenlm.ARPALoadComplain.NONE
    return kenlm.Model(str(path), config)


@contextlib.contextmanager
def own_signals() -> Iterator[None]:
    """Give the signal handlers back that the program sets."""
    handlers = {each: signal.getsignal(each) for each in (2, 15, 1)}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def forked_workers() -> contextlib.AbstractContextManager[object]:
    """Start workers as the program does, by forking, although pytest has threads.

    These wait, for messages and for time to pass. Those of numerical libraries would not bear it.
    """
    if os.environ.get("OMP_NUM_THREADS") != "1":
        return contextlib.nullcontext()
    return patch.object(workers, "can_fork", lambda: True)


def run_inside(*arguments: object) -> Outcome:
    """Run the program in this process: fast, but its standard output is not caught."""
    err = io.StringIO()
    with own_signals(), contextlib.redirect_stderr(err), forked_workers():
        code = main(
            [os.fspath(each) if isinstance(each, Path) else str(each) for each in arguments]
        )
    return Outcome(code, b"", err.getvalue())


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """`run_inside`, with the test's folder as the working directory."""
    monkeypatch.chdir(tmp_path)
    return run_inside


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A relevance model of music against the weather."""
    folder = tmp_path_factory.mktemp("model")
    draw = random.Random(0)
    for name, words in {
        "music": "play some jazz by the blue band please now",
        "weather": "will it rain in the north tomorrow or snow",
    }.items():
        texts = [" ".join(draw.sample(words.split(), draw.randint(2, 8))) for _ in range(60)]
        lines = [json.dumps({"text": text}) for text in texts]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    fitted = run_inside(
        "relevance",
        "--in-domain",
        folder / "music.jsonl",
        "--background",
        folder / "weather.jsonl",
        "--save-model",
        folder / "model",
        "--fit-only",
        "-q",
    )
    fitted.silent()
    return folder / "model"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model, made here: letters and a few words, weights at random."""
    from dataselect.models.encoders.loading import quiet

    folder = tmp_path_factory.mktemp("encoder")
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = [
        *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        *letters,
        *(f"##{letter}" for letter in letters),
        *("play", "some", "jazz", "by", "the", "blue", "band", "will", "rain", "north", "tomorrow"),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    with quiet():
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers import BertConfig, BertModel, BertTokenizerFast

        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        BertModel(config).save_pretrained(folder / "bert")
        BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
        model = SentenceTransformer(str(folder / "bert"), device="cpu")  # puts mean pooling on it
        model.max_seq_length = 32
        model.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="session")
def tiny_translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model of transformers, made here: word pieces of toy German, weights at random."""
    from dataselect.models.encoders.loading import quiet
    from dataselect.models.translator.training.new_model import new_model

    folder = tmp_path_factory.mktemp("translator") / "model"
    german = ["spiel", "bitte", "etwas", "jazz", "regnet", "es", "im", "norden", "morgen", "wird"]
    english = ["play", "please", "some", "jazz", "it", "rains", "in", "the", "north", "tomorrow"]
    rng = random.Random(0)
    texts = [" ".join(rng.choices(words, k=5)) for words in (german, english) for _ in range(100)]
    with quiet():
        import torch

        tokenizer, model = new_model(texts, "tiny", vocabulary=80, seed=0)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(3)  # probabilities that differ
            model.final_logits_bias[0, model.config.eos_token_id] += 3  # hypotheses that end
            model.final_logits_bias[0, model.config.pad_token_id] = -100
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_ct2(tiny_translator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model for CTranslate2."""
    from ctranslate2.converters import TransformersConverter

    from dataselect.models.encoders.loading import quiet

    folder = tmp_path_factory.mktemp("translator") / "ct2"
    files = ["source.spm", "target.spm", "tokenizer_config.json"]
    with quiet():
        TransformersConverter(str(tiny_translator), copy_files=files).convert(str(folder))
    return folder
