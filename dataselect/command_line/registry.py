"""The commands: where each is, and what it does in a line; imported only when it is asked for."""

from typing import NamedTuple


class Command(NamedTuple):
    """A module of this package with a function `command`, and the line of `dataselect --help`."""

    module: str
    summary: str


COMMANDS = {
    "relevance": Command(
        "operations.relevance.command", "Keep the records most like annotated in-domain text."
    ),
    "winnow": Command(
        "operations.winnow.command",
        "Keep the records that an in-domain language model finds probable.",
    ),
    "diversity": Command(
        "operations.diversity.command",
        "Pick records that say what nothing labelled or picked says yet.",
    ),
    "label": Command(
        "operations.label.command",
        "Label records with intents and slots, learnt from few and from the pool.",
    ),
    "discover": Command(
        "operations.discover.command",
        "Find candidate new intents: groups of records that fit none of the known ones.",
    ),
    "bitext": Command(
        "operations.bitext.command",
        "Keep the sentence pairs near in-domain text, and those that translate each other.",
    ),
    "rescore": Command(
        "operations.rescore.command",
        "Pick the best hypothesis of each n-best list by a small language model.",
    ),
    "translate": Command(
        "operations.translate.command",
        "Translate texts to n-best lists.",
    ),
    "signals": Command(
        "operations.signals.command",
        "Add WER, CER, agreement, speaking rates and repetition, to filter speech and text by.",
    ),
    "check": Command(
        "operations.check.command",
        "Tell which annotations are doubtful, and why.",
    ),
    "mask": Command(
        "operations.mask.command",
        "Put placeholders for personal data into texts.",
    ),
    "values": Command(
        "operations.values.command",
        "List the values of slots with their synonyms, as a table to edit.",
    ),
    "values fill": Command(
        "operations.values.fill.command",
        "Make new utterances of templates with values that their slots have elsewhere.",
    ),
    "select": Command(
        "operations.reselect.command", "Select again on any numeric field, without scoring again."
    ),
    "convert": Command(
        "operations.convert.command",
        "Turn files of one format into another.",
    ),
    "evaluate": Command(
        "analysis.evaluate.command",
        "Measure hypotheses against references: WER, CER, BLEU, chrF, TER, intents, slots.",
    ),
    "compare": Command(
        "analysis.compare.command",
        "Tell whether selections beat chance: perplexity, coverage, diversity, errors.",
    ),
    "report": Command(
        "analysis.report.command", "Show runs and scored records as one HTML page with plots."
    ),
    "explain": Command(
        "analysis.explain.command",
        "Tell everything that is known of one record, and why it was kept or dropped.",
    ),
    "lm train": Command(
        "operations.lm.train_model",
        "Train an n-gram language model (interpolated modified Kneser-Ney) as ARPA.",
    ),
    "lm mix": Command("operations.lm.mix_models", "Interpolate language models into one."),
    "lm eval": Command(
        "operations.lm.evaluate_models", "Tell how well language models predict a text."
    ),
    "counterfactual": Command(
        "analysis.counterfactual.command",
        "Tell whether names, places or genders decide what is kept.",
    ),
    "audit": Command(
        "analysis.audit.command",
        "Tell how much models remember: exposure of canaries, membership inference.",
    ),
    "paraphrase pairs": Command(
        "operations.paraphrase.make_pairs",
        "Make pairs to train a paraphrase detector on, from annotated records.",
    ),
    "paraphrase train": Command(
        "operations.paraphrase.train_detector", "Train a neural paraphrase detector on such pairs."
    ),
    "paraphrase score": Command(
        "operations.paraphrase.score_pairs",
        "Tell how probably pairs, or records and those of a file, say the same.",
    ),
    "translate train": Command(
        "operations.translate.train_translator",
        "Train a translator on sentence pairs.",
    ),
    "demo": Command("demo.command", "Write sample data and a Makefile that runs every operation."),
    "help": Command("command_line.help.command", "Read the manual, a topic at a time."),
}
"""Each command by its name."""

HEADINGS = {
    "Start here": ("demo", "help"),
    "Select records": (
        "relevance",
        "winnow",
        "diversity",
        "label",
        "discover",
        "bitext",
        "translate",
        "rescore",
        "signals",
        "select",
    ),
    "Annotations": ("check", "values", "values fill"),
    "Look at the result": ("compare", "evaluate", "audit", "counterfactual", "explain", "report"),
    "Models": tuple(
        name for name in COMMANDS if name.startswith(("lm ", "paraphrase ", "translate "))
    ),
    "Files": ("convert", "mask"),
}
"""The commands as `dataselect --help` shows them."""

GROUPS = {
    "lm": "Train, mix and evaluate n-gram language models.",
    "paraphrase": "Tell whether two utterances say the same: pairs, detector, scores.",
}
"""First word of commands that have two, to what they are for."""
