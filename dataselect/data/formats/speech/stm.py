"""STM: `file channel speaker begin end [<labels>] words`, a segment a line, `;;` comments.

Labels are `<o,f0,male>` or `<NA>`: with a comma, so that a transcript that begins with `<unk>`
keeps that word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Item, Layout, SourceLine, each_line, lines
from dataselect.data.formats.speech.ctm import COMMENT
from dataselect.data.formats.values import duration, seconds
from dataselect.data.input_files import Inputs

_SEGMENT = re.compile(
    r"(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+<([^<>\s]*,[^<>\s]*|NA)>)?(?:\s+(.*))?", re.DOTALL
)


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `recording`, `channel`, `speaker`, `start`, `duration` for each segment.

    `id` is file, channel and times; `labels` are kept where there are any.
    """

    def fields(line: SourceLine) -> dict[str, Any]:
        return _fields(line.text(), layout.text_field)

    return each_line(
        (
            line
            for line in lines(inputs.blocks())
            if not line.blank() and not line.raw.startswith(COMMENT)
        ),
        fields,
    )


def _fields(line: str, text_field: str) -> dict[str, Any]:
    found = _SEGMENT.fullmatch(line)
    if found is None:
        raise ValueError("too few cells; write FILE CHANNEL SPEAKER BEGIN END WORDS")
    recording, channel, speaker, begin, end, labels, words = found.groups()
    start = seconds(begin, "the begin")
    return {
        "id": f"{recording}-{channel}-{begin}-{end}",
        text_field: (words or "").strip(),
        "recording": recording,
        "channel": channel,
        "speaker": speaker,
        "start": start,
        "duration": duration(start, seconds(end, "the end")),
        **({"labels": labels.split(",")} if labels else {}),
    }
