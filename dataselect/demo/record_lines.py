"""Lines of the demonstration's files: records as JSON, one spelt oddly, and lines that are none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Record = dict[str, Any]

_ODD_RECORD = 3
_ODD_FIELDS = (
    r', "device" : {"gain": 1.50, "serial": 98765432109876543210987, '
    r'"room": "K\u00fcche", "path": "logs\/a", "tags": [ ]}}'
)


def record_lines(name: str, records: Iterable[Record]) -> Iterator[bytes]:
    """Records with their `id` as lines; the third is spelt oddly, and has a field nobody knows.

    Whoever reads it back and writes it anew would change it; this tool must not.
    """
    for number, fields in enumerate(records, start=1):
        record = {"id": f"{name}-{number}", **fields}
        if number == _ODD_RECORD:
            spelled = json.dumps(record, ensure_ascii=True, separators=(" , ", " : "))
            yield (spelled.removesuffix("}") + _ODD_FIELDS).encode()
        else:
            yield encoded_record(record)


def encoded_record(record: Record) -> bytes:
    """A line in UTF-8, where other characters than ASCII are themselves."""
    return json.dumps(record, ensure_ascii=False).encode()


BAD_LINES = (
    b'{"id": "cut short", "text": "wake me at',
    b'["an array", "not an object"]',
    b'{"id": "no text", "utterance": "play some jazz"}',
    b'{"id": "blank text", "text": " "}',
    b'{"id": "a number for a text", "text": 7}',
    '{"id": "Latin-1", "text": "play Café Aurore"}'.encode("latin-1"),
    b'{"id": "not a number", "text": "wake me at six", "confidence": NaN}',
    b'{"id": "half a character", "text": "play \\ud83d"}',
)
"""One of each kind that a command refuses."""
