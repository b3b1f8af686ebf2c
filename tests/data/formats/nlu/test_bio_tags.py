"""Tags to slots, against conlleval's reading of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.formats.nlu.bio_tags import tagged

# Chunks as (slot, first token, last token), by conlleval.pl's startOfChunk and endOfChunk.
SEQUENCES: dict[str, tuple[str, list[tuple[str, int, int]]]] = {
    "nothing": ("O O", []),
    "a begin and its inside": ("B-a I-a O", [("a", 0, 1)]),
    "two that touch": ("B-a B-a I-a", [("a", 0, 0), ("a", 1, 2)]),
    "an inside without begin": ("O I-a I-a", [("a", 1, 2)]),
    "an inside at the start": ("I-a O", [("a", 0, 0)]),
    "an inside of another slot": ("B-a I-b I-b", [("a", 0, 0), ("b", 1, 2)]),
    "an inside after outside": ("B-a O I-a", [("a", 0, 0), ("a", 2, 2)]),
    "a slot with hyphens and dots": ("B-to.city-name I-to.city-name", [("to.city-name", 0, 1)]),
}


@pytest.mark.parametrize(("tags", "chunks"), SEQUENCES.values(), ids=SEQUENCES.keys())
def test_chunks_are_those_of_conlleval(tags: str, chunks: list[tuple[str, int, int]]) -> None:
    tokens = [f"t{place}é" for place in range(len(tags.split()))]
    text, slots = tagged(tokens, tags.split())
    assert text == " ".join(tokens)
    assert [(slot["slot"], slot["value"]) for slot in slots] == [
        (slot, " ".join(tokens[first : last + 1])) for slot, first, last in chunks
    ]


tokens_and_tags = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r"), min_size=1),
        st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]),
    )
)


@given(tokens_and_tags)
def test_offsets_cut_the_value_out_of_the_text(pairs: list[tuple[str, str]]) -> None:
    text, slots = tagged([token for token, _ in pairs], [tag for _, tag in pairs])
    assert all(text[slot["start"] : slot["end"]] == slot["value"] for slot in slots)
    assert sum(len(slot["value"].split(" ")) for slot in slots) == sum(
        tag != "O" for _, tag in pairs
    )
