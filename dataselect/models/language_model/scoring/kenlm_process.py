"""KenLM's binary models, read by a process of their own: one that is damaged can end no other.

The package `kenlm` maps such a file into memory and follows its pointers unchecked.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dataselect.errors import InputError, WorkerError
from dataselect.models.language_model.scoring.array_scorer import TokenPredictions, Totals
from dataselect.models.language_model.scoring.spelling import Spelling
from dataselect.models.language_model.scoring.vocabulary_lookup import KnownWords
from dataselect.models.language_model.vocabulary import composed_sentences

_KILLED = (-signal.SIGKILL, -signal.SIGTERM)  # by others: a damaged file does neither
_SCORE, _PREDICT = b"s", b"p"
_PATIENCE = 10.0  # seconds of processor for opening a model or scoring a block: one is enough
_LEAST_SPEED = 100_000  # bytes a second: a tenth of what long texts are scored at
_SIZE = struct.Struct("<q")
_START = (
    "import sys; sys.path[:] = sys.argv[3:]; from {} import serve; "
    "serve(sys.argv[1], float(sys.argv[2]))"
)
_REMEDY = "make it anew with build_binary, or name the ARPA file that it was made from"


class KenlmProcess:
    """A process that has a binary model open and scores texts; it ends with its owner.

    Raises InputError where the model cannot be opened or the process dies of it, WorkerError where
    it is killed.
    """

    def __init__(self, path: str) -> None:
        if find_spec("kenlm") is None:
            raise InputError(
                f"{path}: a KenLM binary; name the ARPA file that it was made from, or pip install "
                "kenlm (which needs a C++ compiler and Python 3.12 or older)"
            )
        self._path = path
        command = [sys.executable, "-c", _START.format(__name__), path, str(_PATIENCE), *sys.path]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        opened = self._received()
        if opened[:1] != b"\0":
            self.close()
            what = opened[1:].decode(errors="replace")
            raise InputError(f"{path}: KenLM cannot read it ({what}); {_REMEDY}")
        self.order = opened[1]

    def score(self, texts: Sequence[str]) -> Totals:
        """Score composed texts, each as a sentence."""
        log_probs, words, oov = self._asked(_SCORE, texts)
        return log_probs, words.astype(np.int64), oov.astype(np.int64)

    def predict(self, texts: Sequence[str]) -> TokenPredictions:
        """Score every word and sentence end of composed texts."""
        log_probs, lengths, unknown = self._asked(_PREDICT, texts)
        split = map(bytes.split, composed_sentences(texts))
        words = np.fromiter(map(len, split), np.int64, len(texts))
        return TokenPredictions(
            log_probs.astype(np.float32), lengths.astype(np.int8), unknown == 0, words
        )

    def _asked(self, what: bytes, texts: Sequence[str]) -> NDArray[np.float64]:
        """(3, m) figures of the texts, or of their words, by the process."""
        if not texts:
            return np.empty((3, 0))
        sentences = composed_sentences(texts)
        lines = b"\n".join(sentences)
        if lines.count(b"\n") >= len(texts):  # inside of a text it is a space
            lines = b"\n".join(text.translate(_SPACES) for text in sentences)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what is received tells why
            _send(self._process.stdin, what + lines)
        return np.frombuffer(self._received(), np.float64).reshape(3, -1)

    def _received(self) -> bytes:
        assert self._process.stdout is not None
        found = _receive(self._process.stdout)
        if found is not None:
            return found
        code = self._process.wait()
        self.close()
        if code in _KILLED:
            raise WorkerError(
                f"{self._path}: the process that reads it was killed, perhaps for want of memory; "
                "run again with fewer --jobs"
            )
        what = "it searches without end" if code == -signal.SIGVTALRM else "it crashed"
        raise InputError(f"{self._path}: KenLM cannot read it ({what}); {_REMEDY}")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __del__(self) -> None:
        if hasattr(self, "_process") and self._process.returncode is None:
            self.close()


_SPACES = bytes.maketrans(b"\n", b" ")


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(_SIZE.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """The next message, or None where there will be none."""
    head = pipe.read(_SIZE.size)
    if len(head) < _SIZE.size:
        return None
    [size] = _SIZE.unpack(head)
    message = pipe.read(size)
    return message if len(message) == size else None


def serve(path: str, patience: float) -> None:
    """Be the process: tell the order of the model, or what is wrong with it, and score texts.

    What takes more than `patience` seconds of processor ends the process: a hash table without an
    empty place is searched without end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides, and closes the pipe
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints
    requests = sys.stdin.buffer
    signal.setitimer(signal.ITIMER_VIRTUAL, patience)
    try:
        model = _opened(path)
    except Exception as error:  # whatever KenLM makes of a damaged file
        _send(answers, b"\1" + _complaint(error).encode())
        return
    _send(answers, bytes([0, model.order]))
    words, spelling = KnownWords(model.__contains__), Spelling(model.__contains__)
    while (request := _receive(requests)) is not None:
        signal.setitimer(signal.ITIMER_VIRTUAL, patience + len(request) / _LEAST_SPEED)
        texts = request[1:].split(b"\n")
        if not request.isascii():
            texts = spelling(texts)
        if request[:1] == _SCORE:
            counts, known = words.count(texts)
            scores = np.fromiter(map(model.score, texts), np.float64, len(texts))
            found = np.stack([scores, counts, counts - known])
        else:
            events = [event for text in texts for event in model.full_scores(text)]
            found = np.array(events, np.float64).T
        _send(answers, found.tobytes())


def _opened(path: str) -> Any:
    import kenlm

    config = kenlm.Config()
    config.load_method = kenlm.LoadMethod.LAZY
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    return kenlm.Model(path, config)


def _complaint(error: Exception) -> str:
    """What KenLM said: `Cannot read model '...' (file.cc:1 in ... threw Kind. What is wrong)`."""
    if isinstance(error, UnicodeError):
        return "its words for it are no text"
    whole = " ".join(str(error).split())
    return whole.partition("threw ")[2].partition(". ")[2].rstrip(")") or whole
