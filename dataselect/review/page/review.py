"""From run reports and scored records to all numbers and texts of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from dataselect import run_report
from dataselect.review.page import chances, parts, plots, sources, ways
from dataselect.review.page.piles import Sizes, read_piles
from dataselect.review.stages import is_comparison, lineages, stage_of

if TYPE_CHECKING:
    from dataselect.inputs import Block
    from dataselect.review.page.chances import Chance
    from dataselect.review.page.parts import Part
    from dataselect.review.page.piles import Piles
    from dataselect.review.page.sources import Source
    from dataselect.review.page.style import Plot
    from dataselect.review.page.ways import Way
    from dataselect.review.stages import Stage
    from dataselect.run_report import CompareReport, ScoringReport


@dataclass(frozen=True)
class Wishes:
    """What a reader may ask for; `in_domain` and `label_field` are found where they are not given.

    `seed` is that of draws and of the map.
    """

    title: str = "What was selected"
    in_domain: Sequence[str] = ()
    label_field: str | None = None
    sizes: Sizes = field(default_factory=Sizes)
    seed: int = 0


@dataclass(frozen=True)
class Review:
    """All that the page tells: `plots` are by the anchor of what they are of, then by kind."""

    title: str
    ways: list[Way]
    chances: Sequence[Chance]
    parts: list[Part]
    plots: dict[str, dict[str, Plot]]

    @property
    def warnings(self) -> list[str]:
        """What is missing or does not fit together, a line each."""
        return [f"{part.source.title}: {note}" for part in self.parts for note in part.notes]


def routes(
    stages: Sequence[Stage], scored: Sequence[str], by: str | None, text_field: str
) -> list[list[Source]]:
    """Where the records of each way through the stages are.

    Files of `scored` records are what the one stage wrote to standard output, if there is just
    one, else a way of their own. Raises OptionError where nothing tells their score.
    """
    own = {id(stage): sources.of_stage(stage) for stage in stages}
    piped = [stage for stage in stages if stage.kept is None]
    if scored and len(piped) == 1:
        own[id(piped[0])] = sources.with_scored(own[id(piped[0])], scored)
        scored = ()
    found = [[own[id(stage)] for stage in way] for way in lineages(stages)]
    return [*found, [sources.of_scored(scored, by, text_field)]] if scored else found


def told_apart(paths: Sequence[str]) -> tuple[list[Stage], list[Chance]]:
    """The stages among some reports, and the comparisons. Raises InputError for any other."""
    stages: list[Stage] = []
    compared: list[Chance] = []
    for path in paths:
        report = run_report.read(path)
        if is_comparison(report):
            compared.append(chances.tell(len(compared) + 1, path, cast("CompareReport", report)))
        else:
            stages.append(stage_of(path, cast("ScoringReport", report)))
    return stages, compared


def review(
    found: Sequence[Sequence[Source]],
    compared: Sequence[Chance],
    wishes: Wishes,
    when_read: Callable[[Block, int], None],
) -> Review:
    """Read everything, and draw the figures; `when_read` is told of each block.

    Raises InputError for a bad record.
    """
    from dataselect.review.page.style import drawing

    with drawing():
        told, piles = _read({id(each): each for way in found for each in way}, wishes, when_read)
        all_ways = [
            ways.tell(
                number,
                [told[id(each)] for each in way],
                [piles[id(each)] for each in way],
                _in_domain(way, wishes),
                wishes.seed,
            )
            for number, way in enumerate(found, start=1)
        ]
        own = list(told.values())
        figures = {way.anchor: plots.of_way(way) for way in all_ways}
        figures |= {part.anchor: plots.of_part(part) for part in own}
        figures |= {each.anchor: plots.of_chance(each) for each in compared}
    return Review(wishes.title, all_ways, compared, own, figures)


def _read(
    found: dict[int, Source], wishes: Wishes, when_read: Callable[[Block, int], None]
) -> tuple[dict[int, Part], dict[int, Piles]]:
    """Every stage by the key of its source."""
    import numpy as np

    told, piles = {}, {}
    for number, (key, source) in enumerate(found.items(), start=1):
        label = wishes.label_field or sources.label_field(source.files)
        rng = np.random.default_rng([wishes.seed, number])
        piles[key] = read_piles(source, label, wishes.sizes, rng, when_read)
        told[key] = parts.tell(number, source, piles[key])
    return told, piles


def _in_domain(way: Sequence[Source], wishes: Wishes) -> list[str]:
    """In-domain texts of a way, of the files that are given or else those its reports name."""
    import numpy as np

    stages = [source.stage for source in way if source.stage is not None]
    files = list(wishes.in_domain) or sources.in_domain_files(stages)
    fields = [name for stage in stages for name in (stage.options["text_field"], stage.text_field)]
    rng = np.random.default_rng(wishes.seed)
    return sources.in_domain_texts(
        files, fields or [way[0].text_field], ways.POINTS[ways.IN_DOMAIN], rng
    )
