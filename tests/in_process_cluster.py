"""What tests of distributed runs share: shards, and a cluster that runs tasks in this process."""

import bz2
import gzip
import json
import lzma
import pickle
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from dataselect.errors import DataselectError
from dataselect.execution.distributed import shipping
from dataselect.execution.distributed.cluster import AnyTask, Cluster, done

_AT_ONCE = 3
MUSIC = ["play", "some", "jazz", "by", "the", "blue", "band", "please", "now", "louder"]
WEATHER = ["will", "it", "rain", "in", "north", "tomorrow", "or", "snow", "today", "cold"]
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}
EXPAND: dict[str, Callable[[bytes], bytes]] = {
    ".jsonl": bytes,
    ".gz": gzip.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    ".xz": lzma.decompress,
    ".bz2": bz2.decompress,
}
RECORDS = 60


@dataclass
class Here(Cluster):
    """Pickles each task and its result there and back, and finishes them in an order of its own.

    `ran` tells which were run: the name of the task's class and that of its shard. `dies_after` so
    many tasks everything stops. Before a task something may be done; those in `fails` raise an
    error instead.
    """

    seed: int = 0
    is_one_machine: bool = True
    dies_after: int | None = None
    fails: dict[str, DataselectError] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def run(
        self, tasks: Iterable[AnyTask], *, whole_machine: bool = False
    ) -> Generator[tuple[AnyTask, Any], None, None]:
        draw = random.Random(self.seed)
        todo = enumerate(tasks)
        begun: list[tuple[int, AnyTask]] = []
        failed: dict[int, DataselectError] = {}
        while True:
            while not failed and len(begun) < _AT_ONCE and (new := next(todo, None)):
                begun.append(new)
            begun = [each for each in begun if each[0] < min(failed, default=each[0] + 1)]
            if not begun:
                break
            index, task = begun.pop(draw.randrange(len(begun)))
            try:
                yield task, self._done(task)
            except DataselectError as error:
                failed[index] = error
        if failed:
            raise failed[min(failed)]

    def _done(self, task: AnyTask) -> Any:
        name = f"{type(task).__name__} {task.shard.name}"
        if self.dies_after is not None and len(self.ran) >= self.dies_after:
            raise Died
        self.ran.append(name)
        self.before.pop(name, lambda: None)()
        if name in self.fails:
            raise self.fails[name]
        shipping._opened.clear()
        return pickle.loads(pickle.dumps(done(pickle.loads(pickle.dumps(task)))))


class Died(BaseException):
    """Stands for what ends a run without a word."""


# -- Shards ---------------------------------------------------------------------------------------


def sentence(draw: random.Random, words: Sequence[str]) -> str:
    return " ".join(draw.sample(words, draw.randint(2, 6)))


def record(number: int, draw: random.Random) -> dict[str, Any]:
    """A record that every command can read."""
    words = MUSIC if draw.random() < 0.4 else WEATHER
    said = sentence(draw, words)
    others = [sentence(draw, words) for _ in range(draw.randint(0, 3))]
    return {
        "id": number,
        "text": said,
        "x": round(draw.random(), 1),
        "g": draw.choice(["a", "b", "ü", None]),
        "src": f"oh {said}" if draw.random() < 0.9 else said,
        "tgt": said,
        "text1": said,
        "text2": sentence(draw, words),
        "nbest": [{"text": each, "score": -draw.random()} for each in [said, *others]],
        "ref": said,
    }


def pool(records: int = RECORDS, seed: int = 0) -> list[bytes]:
    """Lines of JSON; the field `relevance` of some is there already, from an earlier run."""
    draw = random.Random(seed)
    found = []
    for number in range(records):
        line = json.dumps(record(number, draw), ensure_ascii=number % 2 == 0)
        found.append((line[:-1] + ', "relevance": 1}' if number % 7 == 0 else line).encode())
    return found


def write(path: Path, lines: Sequence[bytes], end: bytes = b"\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix if path.suffix in COMPRESS else ""
    path.write_bytes(COMPRESS[suffix](b"".join(line + end for line in lines)))
    return path


def split(
    folder: Path, lines: Sequence[bytes], sizes: Sequence[int], suffixes: Sequence[str]
) -> None:
    """Write lines into shards of some sizes, and one with the rest."""
    ends = [*np.cumsum(sizes).tolist(), len(lines)]
    starts = [0, *ends[:-1]]
    for number, (start, end, suffix) in enumerate(zip(starts, ends, suffixes, strict=True)):
        write(folder / f"part-{number}.jsonl{suffix}", lines[start:end])


def joined(folder: Path) -> bytes:
    """What is in the shards of a folder, one after the other, without what readers leave out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    visible = [path for path in files if not path.name.startswith("_")]
    return b"".join(EXPAND[path.suffix](path.read_bytes()) for path in visible)
