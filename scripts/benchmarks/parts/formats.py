"""Reading and writing of formats: a conversion from JSONL, and back."""

from __future__ import annotations

from contenders import Contender, dataselect
from contest import Contest
from plan import Plan
from tables import Section

_SUFFIXES = {
    "text": "txt",
    "CSV": "csv",
    "TSV": "tsv",
    "JSON": "json",
    "Parquet": "parquet",
}


def formats(plan: Plan) -> Section:
    """Records a second of each format, written and read."""
    pool = plan.pool(200_000)
    path, contenders = pool.path(), []
    convert = (dataselect(), "convert", "--quiet", "--max-line", "1G")
    with plan.output("read.jsonl", *map("formats.{}".format, _SUFFIXES.values())) as [back, *files]:
        for name, file in zip(_SUFFIXES, files, strict=True):
            write, read = (*convert, path, "-o", file), (*convert, file, "-o", back)
            contenders += [
                Contender(f"JSONL to {name}", write, pool.records),
                Contender(f"{name} to JSONL", read, pool.records),
            ]
        return Contest("Formats", contenders, notes=[pool.describe()]).measure(plan, 1)
