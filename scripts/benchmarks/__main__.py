"""`scripts/bench`: measure the sections asked for, print Markdown, write RESULTS.md and JSON.

Where nothing is smaller than by default, the sections in scripts/benchmarks/RESULTS.md are written
anew; the others stay.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import bitext
import cut
import diversity
import lm_train
import memory
import neural
import partitions
import relevance
import rescore
import review
import shards
import startup
import winnow
from contenders import Failed
from pairs import Pairs
from pool import Pool
from tables import Plan, Section

sys.path.append(str(Path(__file__).parents[1]))
import results_file

SECTIONS: dict[str, Callable[[Plan], Section]] = {
    "relevance": relevance.measure,
    "winnow": winnow.measure,
    "rescore": rescore.measure,
    "lm-train": lm_train.measure,
    "bitext": bitext.measure,
    "diversity": diversity.measure,
    "diversity-large": diversity.measure_large,
    "diversity-partitions": partitions.measure,
    "neural": neural.measure,
    "review": review.measure,
    "cut": cut.measure,
    "ray": shards.measure,
    "ray-large": shards.measure_large,
    "memory": memory.measure,
    "bitext-memory": memory.measure_bitext,
    "startup": startup.measure,
}
_RESULTS = Path(__file__).with_name("RESULTS.md")
_RECORDS = 1_000_000
_PACKAGES = ("dataselect", "kenlm", "numpy", "orjson", "scikit-learn")


def main() -> int:
    """Run from the command line; 1 if something could not be measured, whatever the bars say."""
    options = _parser().parse_args()
    folder = os.path.abspath(options.cache)
    os.makedirs(folder, exist_ok=True)
    plan = Plan(
        pool=Pool(folder, options.records, options.data),
        pairs=Pairs(folder, options.records, options.data),
        cache=folder,
        rounds=options.rounds,
        peers=options.peers,
        encoder=options.encoder,
    )
    names = list(SECTIONS) if "all" in options.section else options.section
    machine = _machine()
    complete = options.records >= _RECORDS and options.rounds is None and options.peers
    results = options.results or (_RESULTS if complete else None)
    print(f"# Benchmarks\n\n{machine['summary']}\n", flush=True)
    sections = {}
    for name in names:
        try:
            section = SECTIONS[name](plan)
        except Failed as failure:
            print(f"scripts/bench: {name}: {failure}", file=sys.stderr)
            return 1
        print(section.markdown(), flush=True)
        if results is not None:
            _write(results, name, section, options)
        sections[name] = section.as_json()
    if options.json:
        machine["load_average_after"] = os.getloadavg()
        result = {"machine": machine, "options": vars(options), "sections": sections}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=2, default=str)
            file.write("\n")
    return 0


def _write(results: Path, name: str, section: Section, options: argparse.Namespace) -> None:
    """Put a section into RESULTS.md."""
    given: dict[str, object] = {
        "records": None if options.records == _RECORDS else options.records,
        "rounds": options.rounds,
        "data": options.data and "DIR",
        "encoder": options.encoder and Path(options.encoder).name,
        "no-peers": not options.peers,
    }
    command = results_file.command_line("scripts/bench", [name], given)
    processors = f"{platform.machine()}, {os.cpu_count()} cores"
    load = f"load average {os.getloadavg()[0]:.1f} at the end"
    results_file.update(results, name, section.markdown(), [command, processors, load])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "section", nargs="*", type=_section, default=["all"], help=f"all, {', '.join(SECTIONS)}"
    )
    parser.add_argument(
        "--records", type=_positive, default=_RECORDS, metavar="N", help="records in the pool"
    )
    parser.add_argument(
        "--rounds",
        type=_positive,
        metavar="R",
        help="how often everything is run; the median counts "
        f"[default: relevance {relevance.ROUNDS}, winnow {winnow.ROUNDS}, "
        f"lm-train {lm_train.ROUNDS}, bitext {bitext.ROUNDS}, neural {neural.ROUNDS}, "
        f"memory {memory.ROUNDS}, ray {shards.ROUNDS}, startup {startup.ROUNDS}]",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="repeat DIR/general_text/sgd_user.jsonl.gz instead of making a pool: user turns of "
        "the Schema-Guided Dialogue corpus as lines of id, text and intent; for bitext the pairs "
        "in DIR/bcontrast_en-de and DIR/general_en-de, as lines of id, src and tgt",
    )
    parser.add_argument(
        "--encoder",
        metavar="MODEL",
        help="a sentence-transformers model on this machine, for the section neural",
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
        help="write sections here, however small the run [default: RESULTS.md, if it is complete]",
    )
    parser.add_argument(
        "--no-peers",
        dest="peers",
        action="store_false",
        help="measure dataselect and the bare loops only, and install nothing",
    )
    return parser


def _section(given: str) -> str:
    if given not in (*SECTIONS, "all"):
        raise argparse.ArgumentTypeError(f"{given} is none of all, {', '.join(SECTIONS)}")
    return given


def _positive(given: str) -> int:
    number = int(given)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{given} is under 1")
    return number


def _machine() -> dict[str, object]:
    """What the numbers depend on besides the code."""
    versions = {name: version(name) for name in _PACKAGES}
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    load = os.getloadavg()
    summary = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {listed}."
    )
    if load[0] > 0.5:
        summary += f" The load average was {load[0]:.1f} before: trust ratios, not rates."
    return {
        "summary": summary,
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
        "load_average_before": load,
    }


if __name__ == "__main__":
    sys.exit(main())
