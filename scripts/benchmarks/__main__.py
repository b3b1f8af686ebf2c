"""`scripts/bench`: measure the parts asked for, print Markdown, write RESULTS.md and JSON.

Unless --small is given, each part's section in scripts/benchmarks/RESULTS.md is written anew as
soon as it is measured. `bars` is the table of every bar that the other parts of the run are held
against; alone it runs those that have any.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from contenders import Failed
from parts import (
    cut,
    diversity,
    fitting,
    formats,
    lists,
    looking_back,
    memory,
    neural,
    paraphrases,
    partitions,
    scoring,
    shards,
    startup,
    workers,
)
from plan import Plan
from tables import Row, Section, Verdict

sys.path.append(str(Path(__file__).parents[1]))
import results_file

_JUDGED: dict[str, Callable[[Plan], Section]] = {
    "startup": startup.startup,
    "relevance": scoring.relevance,
    "winnow": scoring.winnow,
    "rescore": lists.rescore,
    "bitext": scoring.bitext,
    "label": scoring.label,
    "workers": workers.workers,
    "parent": workers.parent,
    "fitting": fitting.fitting,
    "many-intents": fitting.many_intents,
    "lm-train": fitting.lm_train,
    "diversity": diversity.diversity,
    "diversity-large": diversity.large,
    "paraphrase": paraphrases.paraphrase,
    "review": looking_back.review,
    "slope": memory.slope,
    "long-line": memory.long_line,
}
_OTHERS: dict[str, Callable[[Plan], Section]] = {
    "formats": formats.formats,
    "cut": cut.cut,
    "neural": neural.neural,
    "ray": shards.ray,
    "ray-large": shards.ray_large,
}
_BARS = "bars"
_IN_ALL = {**_JUDGED, **_OTHERS}
# Picks from the whole of a large corpus, over and over, take too long beside everything else.
PARTS = {**_IN_ALL, "diversity-partitions": partitions.partitions}
_TEST_SECONDS = Path(__file__).parents[2] / ".cache" / "test-seconds"
_RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Run from the command line; 1 if a part could not be measured, whatever the bars say."""
    options = _parser().parse_args()
    plan = Plan(
        cache=os.path.abspath(options.cache),
        data=options.data,
        small=options.small,
        rounds=options.rounds,
        peers=options.peers,
        encoder=options.encoder,
    )
    os.makedirs(plan.cache, exist_ok=True)
    asked = [*_IN_ALL, _BARS] if "all" in options.part else list(dict.fromkeys(options.part))
    run = [name for name in (_JUDGED if asked == [_BARS] else asked) if name != _BARS]
    results = options.results or (None if options.small else _RESULTS)
    found: dict[str, Section] = {}
    failed = False
    try:
        for name in run:
            start = monotonic()
            try:
                found[name] = PARTS[name](plan)
            except (Failed, OSError) as failure:
                print(f"scripts/bench: {name}: {failure}", file=sys.stderr)
                failed = True
                continue
            _write(results, name, found[name], options, monotonic() - start)
    finally:  # what was measured until then is judged, too
        if _BARS in asked:
            _write(results, _BARS, _bars(found), options, None)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            sections = {name: section.as_json() for name, section in found.items()}
            json.dump({"options": vars(options), "sections": sections}, file, indent=2, default=str)
            file.write("\n")
    return int(failed)


def _bars(found: dict[str, Section]) -> Section:
    """Every bar, what was measured, and whether it is met."""
    rows = [
        Row([name, *verdict.cells()])
        for name, section in found.items()
        for verdict in section.verdicts
    ]
    rows.append(Row(["scripts/test", *_test_run().cells()]))
    return Section("Bars", ["part", "what", "bar", "measured", "met"], rows, [])


def _test_run() -> Verdict:
    """How long the last whole run of `scripts/test` in this folder took, as it wrote it down."""
    limit = 300
    what, bar = "everything, without arguments", f"≤ {limit} s"
    try:
        seconds = int(_TEST_SECONDS.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return Verdict(what, bar, "not run here", None)
    return Verdict(what, bar, f"{seconds} s", seconds <= limit)


def _write(
    results: Path | None,
    name: str,
    section: Section,
    options: argparse.Namespace,
    seconds: float | None,
) -> None:
    """Print a section, and put it into RESULTS.md."""
    print(section.markdown(), flush=True)
    if results is None:
        return
    given: dict[str, object] = {
        "small": options.small,
        "rounds": options.rounds,
        "data": options.data and "DIR",
        "encoder": options.encoder and Path(options.encoder).name,
        "no-peers": not options.peers,
    }
    facts = [
        results_file.command_line("scripts/bench", [name], given),
        f"{platform.machine()}, {os.cpu_count()} cores",
        f"load average {os.getloadavg()[0]:.1f} at the end",
        *([] if seconds is None else [f"{seconds:.0f} s in all"]),
    ]
    results_file.update(results, name, section.markdown(), facts)


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(["all", *PARTS, _BARS])
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("part", nargs="*", type=_part, default=["all"], help=names)
    parser.add_argument(
        "--small", action="store_true", help="a thousandth of everything, once; judges nothing"
    )
    parser.add_argument(
        "--rounds", type=_positive, metavar="R", help="of every part; the median counts"
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="repeat DIR/general_text/sgd_user.jsonl.gz instead of making a pool: user turns of "
        "the Schema-Guided Dialogue corpus as lines of id, text and intent; for pairs those in "
        "DIR/bcontrast_en-de and DIR/general_en-de, as lines of id, src and tgt; for fitting "
        "DIR/clinc150/train.jsonl.gz; for a paraphrase detector and diversity-partitions "
        "DIR/snips_atis_slots, too",
    )
    parser.add_argument(
        "--encoder",
        metavar="MODEL",
        help="a sentence-transformers model on this machine, for the part neural",
    )
    parser.add_argument(
        "--cache",
        default=".cache/bench",
        metavar="DIR",
        help="for pools, models and the peers' environments [default: %(default)s]",
    )
    parser.add_argument("--json", metavar="FILE", help="write every single measurement here")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="write sections here, --small or not [default: RESULTS.md, without --small]",
    )
    parser.add_argument(
        "--no-peers",
        dest="peers",
        action="store_false",
        help="measure dataselect and the bare loops only, and install nothing",
    )
    return parser


def _part(given: str) -> str:
    names = ["all", *PARTS, _BARS]
    if given not in names:
        raise argparse.ArgumentTypeError(f"{given} is none of {', '.join(names)}")
    return given


def _positive(given: str) -> int:
    number = int(given)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{given} is under 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
