"""What one process can feed: records that pass through it, of workers that only pass them on."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from tables import Plan, Row, Section, rounds_note, spread

ROUNDS = 5
_JOBS = 2
_WORKERS = 16
_INPUTS = {"a plain file": "", "a .gz file": ".gz", "a .zst file": ".zst"}


def measure(plan: Plan) -> Section:
    """Send the pool through two workers that do nothing, from plain and compressed files."""
    rounds = plan.rounds or ROUNDS
    pool = plan.pool
    paths = {name: _compressed(pool.path(), suffix) for name, suffix in _INPUTS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    with plan.output("passed.jsonl") as out:
        for _ in range(rounds):
            for name, path in paths.items():
                command = (sys.executable, __file__, path, out)
                environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
                found = subprocess.run(
                    command, env=environment, check=True, capture_output=True, text=True
                )
                seconds[name].append(float(found.stdout))
    rows = []
    for name, spent in seconds.items():
        rates = [pool.records / each for each in spent]
        rate = statistics.median(rates)
        rows.append(
            Row([name, spread(rates, 0), f"{rate / _WORKERS:,.0f}"], measured={"seconds": spent})
        )
    return Section(
        "What one process can feed",
        ["input", "records a second of its processor", f"for each of {_WORKERS} workers"],
        rows,
        [
            rounds_note(rounds),
            (
                f"{_JOBS} workers take lines and give the same lines back, with a score of each; "
                "the process that feeds them counts, and writes them all. Its own processor time "
                "is what is measured, without its start."
            ),
        ],
    )


def _compressed(path: str, suffix: str) -> str:
    """The same file, compressed, made if it is not there."""
    if suffix and not os.path.exists(path + suffix):
        from dataselect.data.output_files import Outputs

        with Outputs({}) as outputs, open(path, "rb") as file:
            sink = outputs.open(path + suffix)
            while chunk := file.read(1 << 20):
                sink.write(chunk)
    return path + suffix


def _passed_through(path: str, out: str) -> float:
    """Seconds of this process for a file in and a file out, whose workers do nothing."""
    import numpy as np

    from dataselect.allocator import keep_freed_memory
    from dataselect.data.files.line_blocks import Block
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.execution.block import BlockTask
    from dataselect.execution.local.local_run import LocalRun
    from dataselect.execution.run import Settings
    from dataselect.execution.scored_block import SelectedBlock
    from dataselect.operations.reselect.scorer import Field
    from dataselect.selection.apply import Cut
    from dataselect.selection.rule import Selection

    def pass_on(_: BlockTask, item: tuple[Block, bool]) -> SelectedBlock:
        data = item[0].data
        scores = np.zeros(data.count(b"\n"))
        cut = Cut(np.zeros(len(scores), np.uint8), [])
        return SelectedBlock(scores, scores, [], (), None, cut, data, b"", ())

    keep_freed_memory()  # as the command line does
    BlockTask.__call__ = pass_on  # type: ignore[method-assign]  # in copies of this process, too
    before = time.process_time()
    with LocalRun(RecordFiles([path]), Settings(output=out, jobs=_JOBS)) as run:
        run.apply(Field("score"), Selection())
    return time.process_time() - before


if __name__ == "__main__":
    print(_passed_through(*sys.argv[1:]))
