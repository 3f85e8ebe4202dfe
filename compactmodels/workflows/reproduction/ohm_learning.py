"""The organic heterojunction as a learner: Pavlov's dog, letters on an array, relearning."""

from __future__ import annotations

from typing import Final

import numpy as np

from compactmodels.protocol_sequence import sequence
from compactmodels.workflows.reproduction.lab import Lab, current_at, read_at, top_of
from compactmodels.workflows.reproduction.published import paper
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Panel

READ: Final = 1.0
PREPARED: Final = 79
"""Sweeps that bring the device to where Pavlov's bell alone carries less than the threshold."""
LEARNT: Final = 0.98
LETTERS: Final = {
    "A": (".###.", "#...#", "#####", "#...#", "#...#"),
    "B": ("####.", "#...#", "####.", "#...#", "####."),
    "C": ("#####", "#....", "#....", "#....", "#####"),
}
LEGIBLE: Final = 3.0
GONE: Final = 1.5


def potentiated(lab: Lab, sweeps: int) -> tuple[float, float]:
    """States after some sweeps to +10 V and a minute of rest."""
    source = paper("ohm")
    steps = [source.protocol("set_sweeps", cycles=sweeps), source.protocol("rest")]
    # Only the states at the end are wanted: the compiled integrator is exact enough for both benches.
    fast = Lab("compiled", lab.seed, runs=lab.runs)
    found = fast.run(lab.card("ohm"), sequence(steps), points=2)
    return float(found.w[-1]), float(found.s[-1])


def pavlov(lab: Lab) -> Measured:
    """Bell and food, apart and together."""
    source = paper("ohm")
    fact = source.facts["ohm.pavlov"]
    limit = fact.published("threshold")
    w, s = potentiated(lab, PREPARED)
    protocol = source.protocol("pavlov")
    found = lab.run(lab.card("ohm"), protocol, w0=w, s0=s)
    tops = np.abs(current_at(found, [top_of(protocol, k + 1) for k in range(len(protocol.pulses))]))
    before, alone, again = tops[0], tops[1], tops[2]
    after, later = tops[-2], tops[-1]
    events = [
        Happens("the food alone is above the threshold", alone > limit, f"{1e3 * alone:.3g} mA"),
        Happens("the bell alone stays below it before training", max(before, again) < limit,
                f"{1e3 * before:.3g} mA, {1e3 * again:.3g} mA after the food"),
        Happens("the bell alone crosses it after the pairing", min(tops[-3], after) > limit,
                f"{1e3 * tops[-3]:.3g} mA, {1e3 * after:.3g} mA 1 s later"),
        Happens("it fades with time", later < limit, f"{1e3 * later:.3g} mA after half an hour"),
    ]  # fmt: skip
    number = np.arange(1, tops.size + 1)
    is_bell = np.array([p.amplitude < 0 for p in protocol.pulses])
    panel = Panel(
        "Fig. 4g: Pavlov's dog",
        "stimulus",
        "|I| (mA)",
        (
            Curve(number[is_bell], tops[is_bell] * 1e3, "bell, -3 V", points=True),
            Curve(number[~is_bell], tops[~is_bell] * 1e3, "food, +10 V", points=True),
            Curve([1, tops.size], [limit * 1e3] * 2, "threshold, published", published=True),
        ),
    )
    note = f"potentiated by {PREPARED} sweeps and 60 s before (compiled integrator); {(tops.size - 6) // 2} pairings"
    return Measured(events=events, panels=[panel], note=note)


def letters(lab: Lab) -> Measured:
    """A letter learnt, erased, and another learnt on the same pixels."""
    card, source = lab.card("ohm"), paper("ohm")
    fresh = float(card.model.current(READ, card.values, w=0.0, s=0.0))
    levels, w, s = [], 0.0, 0.0
    for name in ("write", "erase", "write"):
        protocol = source.protocol(name)
        found = lab.run(card, protocol, w0=w, s0=s, points=20)
        w, s = float(found.w[-1]), float(found.s[-1])
        levels.append(float(read_at(card, found, protocol.duration, READ)) / fresh)
    first, erased, second = levels
    old, new = (np.array([[dot == "#" for dot in row] for row in LETTERS[x]]) for x in "AC")
    maps = [
        np.where(old, first, 1.0),
        np.where(old, erased, 1.0),
        np.where(new & old, second, np.where(new, first, np.where(old, erased, 1.0))),
    ]
    contrast = float(maps[2][new].min() / maps[2][~new].max())
    events = [
        Happens("A is legible after +10 V", first > LEGIBLE, f"x {first:.4g}"),
        Happens("it is gone after -10 V", erased < GONE, f"x {erased:.4g}"),
        Happens("C is legible after +10 V again", contrast > LEGIBLE, f"x {contrast:.4g}"),
    ]
    titles = ("A learnt", "erased", "C learnt again")
    panels = [
        Panel(f"Fig. 4h: {title}, G over the fresh cell", image=image)
        for title, image in zip(titles, maps)
    ]
    note = "50 pulses a pixel; legible is 3 x the background, gone below 1.5 x (as for otj)"
    return Measured(events=events, panels=panels, note=note)


def relearning(lab: Lab) -> Measured:
    """Pulses to a level, again after it was forgotten."""
    card, source = lab.card("ohm"), paper("ohm")
    protocol = source.protocol("relearning")
    found = lab.run(card, protocol, points=20)
    count = len(protocol.pulses) // 2
    gap = source.protocols["relearning"]["steps"][0]["gap"]
    reads = read_at(card, found, [p.stop + gap for p in protocol.pulses], READ)
    start = float(read_at(card, found, protocol.pulses[count].start, READ))
    level = LEARNT * float(reads[count - 1])
    once, twice = (int(np.argmax(part >= level)) + 1 for part in (reads[:count], reads[count:]))
    reached = bool(np.any(reads[count:] >= level))
    event = Happens(
        "relearning needs fewer pulses",
        reached and twice < once and start < level,
        f"{twice} after forgetting to {100 * start / level:.0f} %, {once} at first",
    )
    number = np.arange(1, count + 1)
    panel = Panel(
        "Fig. S12: relearning",
        "pulse",
        "I at +1 V (uA)",
        (
            Curve(number, reads[:count] * 1e6, "learning"),
            Curve(number, reads[count:] * 1e6, "relearning", points=True),
        ),
    )
    return Measured(events=[event], panels=[panel])
