"""Time in proportion to length: runs that a pattern could try anew from each character."""

import subprocess
import sys

import pytest

# Quadratic, each takes an hour and more for a megabyte; the limit is some fifty times the need.
LIMIT = 60
RUNS = {
    "apostrophes": "from dataselect.models.normalization import Normalization as N\n"
    "N(punctuation='remove')('a' + chr(39) * 1_000_000 + 'b')",
    "joiners": "from dataselect.models.normalization import Normalization as N\n"
    "N(punctuation='remove')('a' + chr(0x200D) * 1_000_000 + 'b')",
    "marks out of order": "from dataselect.models.normalization import composed\n"
    "composed('a' + (chr(0x301) + chr(0x316)) * 300_000 + 'b')",
    "digits in an ARPA file": "from dataselect.models.language_model.arpa import ngram_lines\n"
    "ngram_lines.pattern(2).findall(b'1' * 1_000_000 + b'\\n')",
    "digits in a Moses list": "from dataselect.data.formats import values\n"
    "values.NUMBER.fullmatch('1' * 1_000_000 + 'x')",
    "slots that are masked": "from dataselect.operations.mask.masked_fields import *\n"
    "from dataselect.operations.mask.masking import Masking\n"
    "text = ''.join(f'play n{n:05} ' for n in range(20_000))\n"
    "slots = [SlotPlace('a', 12 * n + 5, 12 * n + 11, ('slots', n), True) for n in range(20_000)]\n"
    "found = Masking(slots=['a']).record(MaskedFields({('text',): text}, slots, (), None))\n"
    "assert found.found == {'a': 20_000}",
}


@pytest.mark.parametrize("run", RUNS)
def test_a_megabyte_of_one_kind_takes_no_time_to_speak_of(run: str) -> None:
    subprocess.run([sys.executable, "-c", RUNS[run]], check=True, timeout=LIMIT)
