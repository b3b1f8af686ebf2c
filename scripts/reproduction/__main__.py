"""`scripts/reproduce`: print tables of figures on public data, and write them to RESULTS.md.

    nlu      relevance, siblings, self-training, picked-parts, impure-pools, word-vectors, slots,
             diversity, paraphrase: Cho et al.; check, discover, values: AutoKnow; mask
    speech   winnow, rescore, recogniser: Punjabi et al., from lists to word errors;
             memorization: Carlini et al.
    bitext   near-domain, alignment, sts, translation: Punjabi et al., with the translator

The recogniser is pocketsphinx, and hears espeak-ng through sox; the dictionary of translation is
Debian's trans-de-en (scripts/install-tools).

At the end stands what the papers claim, or the design asks for, beside what was measured. The mean
over seeds decides; every figure is in the JSON. Where five seeds or more are measured, the sections
of these parts in scripts/reproduction/RESULTS.md are written anew; the others stay.

DIR holds one folder a corpus, one JSON object a line, gzip:

    clinc150/train.jsonl.gz           id, text, intent, domain; from clinc/oos-eval on GitHub
    clinc150/test.jsonl.gz            the same
    snips_atis_slots/snips_train...   id, text, intent, slots; from MiuLab/SlotGated-SLU on GitHub,
    snips_atis_slots/snips_valid...   the same
    snips_atis_slots/snips_test...    the same
    snips_atis_slots/atis_train...    the same
    snips_atis_slots/atis_test...     the same
    general_text/sgd_user.jsonl.gz    id, text; user turns of
                                      google-research-datasets/dstc8-schema-guided-dialogue
    general_text/sgd_system...        id, text; system turns of the same
    general_text/wikitext2...         id, text; WikiText-2
    general_text/masc...              id, text; the MASC part of nltk/nltk_data
    general_text/state_union...       id, text; the same of State of the Union addresses
    snips_asr_nbest/                  valid.nbest, lm_train_text; from MiuLab/SpokenVec
    nmt_nbest_ja-en/                  dev.nbest, test.nbest, lm_text; lists of any translator of
                                      odashi/small_parallel_enja
    moses_nbest/                      nbest, lm_text; from the tests of moses-smt/mosesdecoder
    bcontrast_en-de/                  train, dev; from Unbabel/BConTrasT
    general_en-de/                    wmt_sample, from OpenNMT/OpenNMT-py; ntrex, from
                                      MicrosoftTranslator/NTREX; tatoeba, from facebookresearch/
                                      LASER; multi30k, from multi30k/dataset
    mrpc/test.jsonl.gz                text1, text2, label; the test set of MRPC
    sts/                              en.test, de.test; from PhilipMay/stsb-multi-mt

Lists are records of nbest (text, score, features) and ref, pairs of src and tgt, sentences for STS
of text1, text2 and score.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alignment
import bitext
import check
import discover
import diversity
import impure_pools
import mask
import memorization
import paraphrase
import picked_parts
import relevance
import rescore
import self_training
import siblings
import slot_values
import slots
import speech
import sts
import translation
import winnow
import word_vectors
from common import CLAIMS_HEAD, Claim, Plan, Table

sys.path.append(str(Path(__file__).parents[1]))
import results_file

PARTS: dict[str, Callable[[Plan], list[Table]]] = {
    "relevance": relevance.measure,
    "siblings": siblings.measure,
    "self-training": self_training.measure,
    "picked-parts": picked_parts.measure,
    "impure-pools": impure_pools.measure,
    "word-vectors": word_vectors.measure,
    "slots": slots.measure,
    "diversity": diversity.measure,
    "paraphrase": paraphrase.measure,
    "check": check.measure,
    "discover": discover.measure,
    "values": slot_values.measure,
    "mask": mask.measure,
    "winnow": winnow.measure,
    "rescore": rescore.measure,
    "memorization": memorization.measure,
    "recogniser": speech.measure,
    "near-domain": bitext.measure,
    "alignment": alignment.measure,
    "sts": sts.measure,
    "translation": translation.measure,
}
GROUPS = {
    "nlu": (
        *("relevance", "siblings", "self-training", "picked-parts", "impure-pools"),
        *("word-vectors", "slots", "diversity", "paraphrase"),
        *("check", "discover", "values", "mask"),
    ),
    "speech": ("winnow", "rescore", "memorization", "recogniser"),
    "bitext": ("near-domain", "alignment", "sts", "translation"),
    "all": tuple(PARTS),
}
_RESULTS = Path(__file__).with_name("RESULTS.md")
_SEEDS = 5
"""Fewer than these are no result."""
_CACHE = Path(__file__).parents[2] / ".cache" / "vectors"


def main() -> None:
    """Run what is asked for; tables go to standard output as they are done."""
    parser = argparse.ArgumentParser(
        prog="scripts/reproduce",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=[*GROUPS, *PARTS], help="a group, or one of its parts")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=_SEEDS, metavar="N")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="cases that are measured at the same time [default: one a processor]",
    )
    parser.add_argument(
        "--encoder",
        metavar="MODEL",
        help="a sentence-transformers model, a folder or a name of the hub, to measure beside the "
        "default encoder",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=_CACHE,
        metavar="DIR",
        help="where its vectors are kept [default: .cache/vectors]",
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="keep each case of self-training, word-vectors or picked-parts here once it is "
        "measured, and go on from there",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help=f"write sections here, however few the seeds [default: RESULTS.md, from {_SEEDS} on]",
    )
    asked = parser.parse_args()
    plan = Plan(
        data=asked.data.absolute(),
        seeds=asked.seeds,
        encoder=_absolute(asked.encoder),
        cache=asked.cache.absolute(),
        jobs=asked.jobs,
        resume=asked.resume,
    )
    results = asked.results or (_RESULTS if plan.seeds >= _SEEDS else None)
    figures: dict[str, Any] = {}
    claims: list[Claim] = []
    for name in GROUPS.get(asked.what, [asked.what]):
        tables = PARTS[name](plan)
        for table in tables:
            print(table.markdown(), flush=True)
            claims += table.claims
        if results is not None:
            _write(results, name, tables, plan)
        figures[name] = [{"title": table.title, "rows": table.rows} for table in tables]
    if claims:
        print("\n".join([CLAIMS_HEAD, *(claim.row() for claim in claims)]))
        figures["claims"] = [claim.as_json() for claim in claims]
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _write(results: Path, name: str, tables: list[Table], plan: Plan) -> None:
    """Put the tables of a part into RESULTS.md, below what its module says it does."""
    model = plan.encoder_name or None
    options = {"data": "DIR", "seeds": plan.seeds, "encoder": model}
    facts = [
        results_file.command_line("scripts/reproduce", [name], options),
        f"means ± standard deviations over seeds 0 to {plan.seeds - 1}",
    ]
    title, _, about = (sys.modules[PARTS[name].__module__].__doc__ or "").partition("\n\n")
    tried = [claim for table in tables for claim in table.claims]
    claims = ["\n".join([CLAIMS_HEAD, *(claim.row() for claim in tried)])] if tried else []
    shown = [title, about.strip(), *(table.markdown().rstrip() for table in tables), *claims]
    section = f"{name}, with {model}" if model else name
    results_file.update(results, section, "\n\n".join(filter(None, shown)), facts)


def _absolute(model: str | None) -> str | None:
    """The full path of a folder; commands run elsewhere. A name of the hub stays."""
    return os.path.abspath(model) if model is not None and os.path.isdir(model) else model


if __name__ == "__main__":
    main()
