"""File formats: the table of all that are read and written."""

from __future__ import annotations

import os
from difflib import get_close_matches

from dataselect.data.files import compression
from dataselect.data.formats.format import Format
from dataselect.data.formats.lines import Layout
from dataselect.errors import OptionError

__all__ = ["FORMATS", "Format", "Layout", "named", "of_output", "of_suffix", "suffix_of"]

_TABLE = (
    # What shares a suffix with others is asked in this order.
    Format(
        "marian",
        "nbest.marian:read",
        shared_suffixes=(".txt",),
        recognizer="nbest.marian:recognizes",
        by_content=True,
    ),
    Format(
        "moses-nbest",
        "nbest.moses_nbest:read",
        ("nbest.moses_nbest:writer",),
        shared_suffixes=(".txt",),
        recognizer="nbest.moses_nbest:recognizes",
        by_content=True,
    ),
    Format(
        "fairseq",
        "nbest.fairseq:read",
        shared_suffixes=(".txt",),
        recognizer="nbest.fairseq:recognizes",
        by_content=True,
    ),
    Format("espnet", "nbest.espnet:read", folder="nbest.espnet:files_of"),
    Format("kaldi-nbest", "nbest.kaldi_nbest:read", folder="nbest.kaldi_nbest:files_of"),
    Format("nemo-nbest", "nbest.nemo_nbest:read", takes_list_size=True),
    Format(
        "azure",
        "nbest.json_results.azure:read",
        shared_suffixes=(".json",),
        recognizer="nbest.json_results.azure:recognizes",
    ),
    Format(
        "vosk",
        "nbest.json_results.vosk:read",
        shared_suffixes=(".json",),
        recognizer="nbest.json_results.vosk:recognizes",
    ),
    Format(
        "hyporadise",
        "nbest.json_results.hyporadise:read",
        shared_suffixes=(".json",),
        recognizer="nbest.json_results.hyporadise:recognizes",
    ),
    Format(
        "kaldi", "speech.kaldi:read", ("speech.kaldi:KaldiWriter",), folder="speech.kaldi:files_of"
    ),
    Format("lhotse", "speech.lhotse:read", ("speech.lhotse:writer",)),
    Format("nemo", "jsonl:read", ("jsonl:writer",)),
    Format(
        "whisper",
        "speech.whisper:read",
        shared_suffixes=(".json",),
        recognizer="speech.whisper:recognizes",
    ),
    Format("ctm", "speech.ctm:read", suffixes=(".ctm",)),
    Format("stm", "speech.stm:read", suffixes=(".stm",)),
    Format("srt", "speech.subtitles:read_srt", suffixes=(".srt",)),
    Format(
        "vtt",
        "speech.subtitles:read_vtt",
        suffixes=(".vtt",),
        recognizer="speech.subtitles:recognizes",
        by_content=True,
    ),
    Format(
        "srilm",
        "nbest.srilm:read",
        recognizer="nbest.srilm:recognizes",
        by_content=True,
        folder="nbest.srilm:files_of",
    ),
    Format(
        "tmx",
        "parallel.tmx:read",
        suffixes=(".tmx",),
        takes_columns=True,
        needs="defusedxml",
    ),
    Format("opus", "parallel.opus_zip:read", suffixes=(".zip",), takes_columns=True),
    Format(
        "moses",
        "parallel.moses:read",
        ("parallel.moses:source_writer", "parallel.moses:target_writer"),
        files=2,
    ),
    Format(
        "snips",
        "nlu.assistants.snips:read",
        ("nlu.assistants.snips:writer",),
        shared_suffixes=(".json",),
        recognizer="nlu.assistants.snips:recognizes",
    ),
    Format(
        "snips-yaml",
        "nlu.assistants.snips_yaml:read",
        shared_suffixes=(".yml", ".yaml"),
        recognizer="nlu.assistants.snips_yaml:recognizes",
        needs="yaml",
    ),
    Format(
        "rasa",
        "nlu.assistants.rasa:read",
        ("nlu.assistants.rasa:writer",),
        suffixes=(".yml", ".yaml"),
        takes_values=True,
        folder="nlu.assistants.rasa:files_of",
        needs="yaml",
    ),
    Format(
        "luis",
        "nlu.assistants.luis:read_luis",
        shared_suffixes=(".json",),
        recognizer="nlu.assistants.luis:recognizes_luis",
    ),
    Format(
        "clu",
        "nlu.assistants.luis:read_clu",
        shared_suffixes=(".json",),
        recognizer="nlu.assistants.luis:recognizes_clu",
    ),
    Format(
        "dialogflow",
        "nlu.assistants.dialogflow:read",
        shared_suffixes=(".json", ".zip"),
        recognizer="nlu.assistants.dialogflow:recognizes",
        folder="nlu.assistants.dialogflow:files_of",
    ),
    Format(
        "alexa",
        "nlu.assistants.alexa:read_alexa",
        ("nlu.assistants.alexa_writer:AlexaWriter",),
        takes_values=True,
        shared_suffixes=(".json",),
        recognizer="nlu.assistants.alexa:recognizes_alexa",
    ),
    Format(
        "lex",
        "nlu.assistants.alexa:read_lex",
        shared_suffixes=(".json", ".zip"),
        recognizer="nlu.assistants.alexa:recognizes_lex",
        folder="nlu.assistants.alexa:files_of",
    ),
    Format(
        "bio",
        "nlu.bio:read",
        ("nlu.bio:tokens_writer", "nlu.bio:tags_writer", "nlu.bio:label_writer"),
        folder="nlu.bio:files_of",
        files=3,
    ),
    Format(
        "conll",
        "nlu.conll:read",
        ("nlu.conll:writer",),
        suffixes=(".conll", ".bio", ".iob", ".iob2"),
        takes_columns=True,
    ),
    Format("massive", "nlu.massive:read"),
    Format(
        "mtop",
        "nlu.top:read_mtop",
        shared_suffixes=(".txt", ".tsv"),
        recognizer="nlu.top:recognizes_mtop",
    ),
    Format(
        "top",
        "nlu.top:read_top",
        shared_suffixes=(".tsv", ".txt"),
        recognizer="nlu.top:recognizes_top",
    ),
    Format(
        "multiatis",
        "nlu.multiatis:read",
        shared_suffixes=(".tsv",),
        recognizer="nlu.multiatis:recognizes",
    ),
    Format(
        "jsonl",
        "jsonl:read",
        writers=("jsonl:writer",),
        suffixes=(".jsonl", ".ndjson", ".jsonlines"),
        shared_suffixes=(".json", ".txt"),
        recognizer="jsonl:recognizes",
    ),
    Format("text", "text:read", writers=("text:writer",), suffixes=(".txt", ".text")),
    Format(
        "csv",
        "tables.delimited:read_csv",
        writers=("tables.delimited_writer:CsvWriter",),
        suffixes=(".csv",),
        takes_columns=True,
    ),
    Format(
        "tsv",
        "tables.delimited:read_tsv",
        writers=("tables.delimited_writer:TsvWriter",),
        suffixes=(".tsv", ".tab"),
        takes_columns=True,
    ),
    Format(
        "json",
        "tables.json_objects:read",
        writers=("tables.json_objects:JsonWriter",),
        suffixes=(".json",),
    ),
    Format(
        "parquet",
        "tables.parquet:read",
        writers=("tables.parquet_writer:ParquetWriter",),
        suffixes=(".parquet", ".pq"),
        recognizer="tables.parquet:recognizes",
        by_content=True,
        takes_columns=True,
        folder="tables.parquet:files_of",
        needs="pyarrow",
    ),
)
FORMATS = {each.name: each for each in _TABLE}
"""Each format by its name."""

JSONL = FORMATS["jsonl"]


def named(name: str, option: str) -> Format:
    """The format of a name that `option` gives. Raises OptionError for one that is unknown."""
    found = FORMATS.get(name)
    if found is None:
        near = get_close_matches(name, FORMATS, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FORMATS))}"
        raise OptionError(f"{option} {name}: no such format; {meant}")
    return found


def of_output(path: str, given: Format | None) -> Format:
    """The format to write a file in: the one that is given, or that its suffix tells, or JSONL.

    Raises OptionError for what is not written.
    """
    own = of_suffix(path)
    if own is None or not own.writers:
        compression.refuse_unwritten(path)
    found = given or own or JSONL
    if not found.writers:
        what = f"--to {found.name}" if given else f"{path}: {suffix_of(path)}"
        written = ", ".join(sorted(each.name for each in FORMATS.values() if each.writers))
        raise OptionError(f"{what} is read, and not written; these are: {written}")
    return found


def of_suffix(path: str) -> Format | None:
    """The format that all files with the suffix of a path are of, None where there is none."""
    suffix = suffix_of(path)
    return next((each for each in FORMATS.values() if suffix in each.suffixes), None)


def suffix_of(path: str) -> str:
    """The suffix of a path in small letters, that of a compression aside: `.csv` of `a.CSV.gz`."""
    if compression.of_path(path) is not None:
        path = os.path.splitext(path)[0]
    return compression.ending(path)
