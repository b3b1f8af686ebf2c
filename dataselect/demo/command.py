"""`dataselect demo`: sample data and a Makefile to try everything with."""

from typing import Annotated, Literal

from dataselect.command_line.ending import note
from dataselect.command_line.option import argument, option

USUAL = "size seed force quiet"
EXAMPLES = r"""
dataselect demo sample
dataselect demo --size medium --seed 7 larger
"""


def command(
    folder: Annotated[str, argument("DIR", "Where the files go: a new or an empty folder.")],
    size: Literal["small", "medium", "large"] = option(
        "", "Options", "A pool of 5,000, 50,000 or 500,000 utterances.", "small"
    ),
    seed: int = option(
        "N",
        "Options",
        "Seed of everything random: the same seed, the same files [default: 0].",
        0,
        min=0,
    ),
    force: bool = option("", "Options", "Write into a folder that is not empty.", False),
    quiet: bool = option("", "Options", "Do not list what was written.", False, short="-q"),
) -> None:
    """Write sample data and a Makefile that runs every operation.

    All texts are made up: requests to a voice assistant, small talk, written sentences, an
    English-German corpus and n-best lists, drawn from small grammars.
    """
    from shlex import quote

    from dataselect.demo.sample import write_sample

    written = write_sample(folder, seed=seed, size=size, force=force)
    width = max(len(each.name) for each in written)
    listed = [f"  {each.name:<{width}} {each.lines:>7,}  {each.description}" for each in written]
    note(f"wrote {len(written)} files to {folder}, with so many lines:", *listed, quiet=quiet)
    note(f"next: make -C {quote(folder)}", quiet=quiet)
