"""Made utterances as the input of a run that scores and selects them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dataselect.data.files.file_parts import FilePart
from dataselect.data.files.line_blocks import Block
from dataselect.data.formats.lines import Found, Item
from dataselect.data.formats.record_files import blocks_of_items
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord
from dataselect.operations.values.fill.filling import MadeUtterance


class MadeRecords(Inputs):
    """Records made of those of some files; the bad records of these come first.

    A message about a made record names the file and the line of its template.
    """

    def __init__(
        self,
        source: Inputs,
        bad: Sequence[BadRecord],
        make: Callable[[], Iterator[MadeUtterance]],
    ) -> None:
        vars(self).update(vars(source))
        self._bad, self._make = bad, make

    @property
    def size(self) -> int | None:
        """Unknown before the last one is made."""
        return None

    def blocks(self) -> Iterator[Block]:
        """Blocks of made records, the same at every call."""
        yield from blocks_of_items(self._items())

    def pieces(self) -> Iterator[Block | FilePart]:
        """Likewise: no file has their lines."""
        yield from self.blocks()

    def _items(self) -> Iterator[Item]:
        yield from self._bad
        for made in self._make():
            yield Found(made.template.place, made.as_record())
