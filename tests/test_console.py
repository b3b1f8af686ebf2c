"""The progress bar: on a terminal only, and never where it was asked not to be."""

import fcntl
import os
import pty
import struct
import sys
import termios
from pathlib import Path

import numpy as np
import pytest


def on_a_terminal(*arguments: str) -> str:
    """What the program writes to a terminal of 100 columns."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        os.execv(sys.executable, [sys.executable, "-m", "dataselect", *arguments])
    written = b""
    try:
        while chunk := os.read(terminal, 1 << 16):
            written += chunk
    except OSError:  # how a terminal says that nobody is there any more
        pass
    assert os.waitpid(child, 0)[1] == 0
    return written.decode()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
@pytest.mark.parametrize("quiet", [False, True])
def test_bar_on_a_terminal(tmp_path: Path, *, quiet: bool) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"score": 1}\n' * 1_000)
    options = ["--quiet"] if quiet else []
    out = str(tmp_path / "out.jsonl")
    written = on_a_terminal("select", *options, "--by", "score", "-o", out, str(pool))
    assert ("select:" in written) != quiet
    assert ("kept 1,000 of 1,000" in written) != quiet


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
@pytest.mark.parametrize("quiet", [False, True])
def test_a_bar_for_each_piece_of_work_before_scoring(tmp_path: Path, *, quiet: bool) -> None:
    pool = tmp_path / "pairs.jsonl"
    pool.write_text("".join(f'{{"src": "one {i}", "tgt": "eins {i}"}}\n' for i in range(50)))
    rows = str(tmp_path / "rows.npy")
    np.save(rows, np.random.default_rng(0).normal(size=(50, 4)))
    options = ["--quiet"] if quiet else []
    vectors = ["--align", "vectors", "--vectors", f"src={rows}", "--vectors", f"tgt={rows}"]
    out = str(tmp_path / "out.jsonl")
    written = on_a_terminal("bitext", *options, *vectors, "-o", out, str(pool))
    shown = [label in written for label in ("encoding src", "encoding tgt", "neighbours", "bitext")]
    assert shown == [not quiet] * 4
