"""One file a command, each with a function `command`; imported only when it is asked for."""

COMMANDS = {
    "relevance": "Keep the records most like annotated in-domain text.",
    "select": "Select again on any numeric field, without scoring again.",
    "convert": "Turn text, TSV, Moses, SNIPS and BIO files into JSONL, and back.",
    "demo": "Write sample data and a Makefile that runs every operation.",
}
"""Name of each command to what it does, in the order of `dataselect --help`."""

MODULES = {"select": "select_by"}
"""Commands whose module cannot have their name: a module `select` would hide the standard one."""
