"""`scripts/reproduce`: print tables of figures on public data, and write them as JSON.

DATA holds one folder a corpus, one JSON object a line, gzip:

    clinc150/train.jsonl.gz           id, text, intent, domain; from clinc/oos-eval on GitHub
    snips_atis_slots/snips_train...   id, text, intent, slots; from MiuLab/SlotGated-SLU on GitHub,
    snips_atis_slots/snips_valid...   the same
    general_text/sgd_user.jsonl.gz    id, text; user turns of
                                      google-research-datasets/dstc8-schema-guided-dialogue
    snips_asr_nbest/                  valid.nbest, lm_train_text; from MiuLab/SpokenVec
    nmt_nbest_ja-en/                  dev.nbest, test.nbest, lm_text; lists of any translator of
                                      odashi/small_parallel_enja
    moses_nbest/                      nbest, lm_text; from the tests of moses-smt/mosesdecoder

Lists are records of nbest (text, score, features) and ref.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import relevance
import rescore
import winnow
from common import Table

PARTS: dict[str, Callable[[Path, int], list[Table]]] = {
    "relevance": relevance.measure,
    "winnow": winnow.measure,
    "rescore": rescore.measure,
}


def main() -> None:
    """Run what is asked for; tables go to standard output as they are done."""
    parser = argparse.ArgumentParser(
        prog="scripts/reproduce",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=[*PARTS, "all"])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    figures = {}
    for name in PARTS if asked.what == "all" else [asked.what]:
        tables = PARTS[name](asked.data.absolute(), asked.seeds)
        for table in tables:
            print(table.markdown(), flush=True)
        figures[name] = [{"title": table.title, "rows": table.rows} for table in tables]
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
