"""How fast a translator is by each engine, and how much memory it takes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import common
from common import Table, read, write
from translators import GERMAN, Translator

_NBEST = 10


def rates(translator: Translator, folder: Path, source: Path, count: int) -> Table:
    """Of the German of `count` records, one process, without its start."""
    columns = ("sentences a second", "MiB", "first translations as by transformers, %")
    table = Table(f"{_NBEST}-best lists, {count:,} texts, processor", columns, digits=1)
    records = read(source)[:count]
    write(folder / "one.jsonl", records[:1])
    write(folder / "some.jsonl", records)
    first: list[str] = []
    engines = {"transformers": translator.path, "CTranslate2, 8 bits": translator.quantized}
    for engine, model in engines.items():
        start, _ = _run(folder, model, "one")
        seconds, memory = _run(folder, model, "some")
        texts = [each["translation"]["text"] for each in read(folder / "some.nbest.jsonl")]
        first = first or texts
        same = sum(one == other for one, other in zip(first, texts, strict=True))
        figures = (len(texts) / (seconds - start), memory, 100 * same / len(texts))
        table.add_all(engine, dict(zip(columns, figures, strict=True)))
    return table


def _run(folder: Path, model: Path, texts: str) -> tuple[float, float]:
    """Seconds of processor and MiB that translating a file takes."""
    command = ["translate", "--model", model, "--nbest", _NBEST, "--text-field", GERMAN]
    files = [f"{texts}.jsonl", "-o", f"{texts}.nbest.jsonl", "--quiet", "--device", "cpu"]
    arguments = [common.PROGRAM, *map(str, command), *files]
    with subprocess.Popen(arguments, cwd=folder) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
