"""One file a command, each with a function `command`; imported only when it is asked for."""

COMMANDS = {
    "relevance": "Keep the records most like annotated in-domain text.",
    "winnow": "Keep the records that an in-domain language model finds probable.",
    "diversity": "Pick records that say what nothing labelled or picked says yet.",
    "label": "Label records by a recogniser trained on annotated ones, and on the pool itself.",
    "bitext": "Keep the sentence pairs near in-domain text, and those that translate each other.",
    "rescore": "Pick the best hypothesis of each n-best list by a small language model.",
    "select": "Select again on any numeric field, without scoring again.",
    "convert": "Turn text, TSV, Moses, SNIPS and BIO files into JSONL, and back.",
    "evaluate": "Measure hypotheses against references: WER, CER, BLEU, chrF, TER, intents.",
    "compare": "Tell whether selections beat chance: perplexity, coverage, diversity, errors.",
    "report": "Show runs and scored records as one HTML page with plots.",
    "explain": "Tell everything that is known of one record, and why it was kept or dropped.",
    "lm train": "Train an n-gram language model (interpolated modified Kneser-Ney) as ARPA.",
    "lm mix": "Interpolate language models into one.",
    "lm eval": "Tell how well language models predict a text.",
    "paraphrase pairs": "Make pairs to train a paraphrase detector on, from annotated records.",
    "paraphrase train": "Train a neural paraphrase detector on such pairs.",
    "paraphrase score": "Tell how probably pairs, or records and those of a file, say the same.",
    "demo": "Write sample data and a Makefile that runs every operation.",
}
"""Name of each command to what it does, in the order of `dataselect --help`."""

GROUPS = {
    "lm": "Train, mix and evaluate n-gram language models.",
    "paraphrase": "Tell whether two utterances say the same: pairs, detector, scores.",
}
"""First word of commands that have two, to what they are for."""


def module_of(command: str) -> str:
    """The module of a command.

    A module `select` would hide that of the standard library; `dataselect.report` is run reports.
    """
    return _OTHERWISE_NAMED.get(command, command.replace(" ", "_"))


_OTHERWISE_NAMED = {"select": "select_by", "report": "report_page"}
