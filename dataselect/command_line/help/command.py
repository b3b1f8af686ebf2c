"""`dataselect help`: the manual, one Markdown file a topic, printed as it is."""

import os

from dataselect.command_line.option import argument, option
from dataselect.command_line.parser import did_you_mean
from dataselect.command_line.registry import COMMANDS
from dataselect.errors import OptionError

TOPICS = {
    "Operations": (
        "relevance",
        "winnow",
        "diversity",
        "label",
        "discover",
        "bitext",
        "translate",
        "rescore",
        "signals",
        "check",
        "values",
        "selection",
    ),
    "Models and files": ("lm", "paraphrase", "formats", "records", "mask"),
    "What happened": ("evaluate", "compare", "report", "explain"),
    "Using it": (
        "recipes",
        "privacy",
        "fairness",
        "make-and-ci",
        "cluster",
        "python",
        "completion",
    ),
    "Background": ("figures", "papers"),
}
"""All topics, in groups."""

_OTHER_NAMES = {
    "audit": "privacy",
    "ci": "make-and-ci",
    "convert": "formats",
    "counterfactual": "fairness",
    "defaults": "papers",
    "demo": "make-and-ci",
    "fields": "records",
    "help": "recipes",
    "make": "make-and-ci",
    "ray": "cluster",
    "select": "selection",
    "shards": "cluster",
}
_FOLDER = os.path.dirname(__file__)

USUAL = "man"
EXAMPLES = r"""
dataselect help relevance
dataselect help --man > dataselect.1
"""


def command(
    topic: list[str] | None = argument("[TOPIC]", "A topic or a command [default: list them]."),
    man: bool = option(
        "", "Options", "Write a man page of all commands and options instead.", False
    ),
) -> None:
    """Read the manual, a topic at a time: it is all here, offline.

    Topics are Markdown; to page through one: dataselect help relevance | less
    """
    from dataselect.data.files.sinks import STDOUT
    from dataselect.data.output_files import Outputs

    if man:
        from dataselect.command_line.help.man_page import man_page

        text = man_page()
    else:
        text = text_of(" ".join(topic)) if topic else overview()
    with Outputs({}) as outputs:
        outputs.open(STDOUT).write(text.encode())


def text_of(name: str) -> str:
    """The text of a topic, which may be called by a command's name."""
    known = [topic for group in TOPICS.values() for topic in group]
    asked = name.lower()
    if asked in COMMANDS:
        asked = asked.split()[0]  # 'lm train' is in 'lm'
    asked = _OTHER_NAMES.get(asked, asked)
    if asked in known:
        with open(os.path.join(_FOLDER, f"{asked}.md"), encoding="utf-8") as file:
            return file.read()
    suggestion = did_you_mean(name, {each: [each] for each in (*known, *_OTHER_NAMES)})
    raise OptionError(f"there is no help on '{name}'{suggestion}; see dataselect help")


def overview() -> str:
    """All topics with a line each, which is the title of their text."""
    lines = ["dataselect help TOPIC shows one of these, dataselect COMMAND --help options."]
    for group, topics in TOPICS.items():
        lines += ["", f"{group}:"]
        for topic in topics:
            title = text_of(topic).partition("\n")[0]
            lines.append(f"  {topic:<12} {title.partition(': ')[2]}")
    return "\n".join(
        [*lines, "", "Examples run in the folder that dataselect demo writes, after make.", ""]
    )
