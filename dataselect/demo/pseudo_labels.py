"""A manifest as NeMo has it, whose transcripts two recognisers made and nobody checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataselect.demo.confusion import Channel
    from dataselect.demo.grammar import PortableRandom

_SURE, _LOOPS, _LOOP = 0.5, 0.05, 6
_SECONDS_A_WORD, _PAUSES = 0.35, 0.6


def pseudo_labelled(
    text: str, number: int, channel: Channel, draw: PortableRandom
) -> dict[str, Any]:
    """What two recognisers hear of an utterance; the second sometimes loops on its last words."""
    words = text.split()
    heard = words if draw.share() < _SURE else channel.distorted(words, draw)[0]
    again = words if draw.share() < _SURE else channel.distorted(words, draw)[0]
    if draw.share() < _LOOPS:
        again = again + again[-2:] * _LOOP
    return {
        "audio_filepath": f"clips/{number:05}.wav",
        "duration": round(len(words) * _SECONDS_A_WORD + draw.share() * _PAUSES, 2),
        "text": " ".join(heard),
        "pred_text": " ".join(again),
    }
