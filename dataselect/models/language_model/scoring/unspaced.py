"""Text in scripts without spaces, of which a language model of words makes one long word a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

# Thai, Lao, Burmese, Khmer, kana, Chinese characters: words of text that is split are shorter.
_RUN = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]{10}"
)
CAUSE = (
    "have ten letters or more without a space: words are what spaces separate, and there are no "
    "units of characters yet; split the text into words or characters first"
)
"""What to say of such records."""


def count(texts: Sequence[str]) -> int:
    """How many of the texts have ten letters of such a script in a row.

    >>> count(["明日の朝七時に起こしてください", "明日 の 朝 七時 に 起こして", "play some jazz"])
    1
    """
    return sum(not text.isascii() and _RUN.search(text) is not None for text in texts)


class Watch:
    """Counts such texts among those that pass."""

    def __init__(self) -> None:
        self.found = self.texts = 0

    def over(self, batches: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        """The same batches."""
        for batch in batches:
            self.found += count(batch)
            self.texts += len(batch)
            yield batch

    def warnings(self) -> list[str]:
        """What a person should know, where it is most of the text."""
        return [f"{self.found:,} records {CAUSE}"] if self.found > self.texts // 2 else []
