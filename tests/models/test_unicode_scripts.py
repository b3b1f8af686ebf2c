"""Scripts that put spaces between words, and those that do not."""

import pytest

from dataselect.models.unicode_scripts import is_unspaced


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(["play adele"], False, id="English"),
        pytest.param(["größer", "été"], False, id="Latin letters beyond ASCII"),
        pytest.param(["गाना बजाओ"], False, id="Hindi"),
        pytest.param(["播放音乐", "play"], False, id="half and half"),
        pytest.param(["播放音乐", "我想听歌", "pop"], True, id="Chinese, one word of English"),
        pytest.param(["東京へ行く"], True, id="Japanese"),
        pytest.param(["สวัสดีครับ"], True, id="Thai"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_is_unspaced(texts: list[str], expected: bool) -> None:
    assert is_unspaced(texts) == expected
