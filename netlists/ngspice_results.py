"""What ngspice gave back, and whether to believe it: plots, their order, and the verdict.

Plain functions of the worker's answer; no simulator is needed to use or to test them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import InputError

_CARDS = ("op", "dc", "tran", "ac", "noise", "tf", "pz", "sens", "disto", "sp")
_SCALES = {"time", "frequency"}
_SUFFIXES = {
    "t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3,
    "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18,
}  # fmt: skip
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(t|g|meg|k|mil|m|u|n|p|f|a)?[a-z]*")

# Words that are no failure: ngspice thinking aloud, and homotopy on its way to a solution.
_HARMLESS = re.compile(
    r"^(note:|warning(?!: no job)|trying gmin|supplies reduced|using (klu|sparse)|in line |\s*$)"
    r"|transient op failed|out of range for",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"error|doanalyses|aborted|not started|cannot|could not|failed|undefined|too few|too many"
    r"|returned \d|no such",
    re.IGNORECASE,
)
_DIVERGED = re.compile(
    r"timestep too small|singular|converge|iteration|gmin step|source step", re.IGNORECASE
)


class UnknownVector(InputError, KeyError):
    """A plot holds no vector of this name."""

    code = "unknown_vector"
    __str__ = Exception.__str__  # KeyError would put the sentence in quotes


@dataclass(frozen=True)
class Plot:
    """One plot of ngspice.

    Parameters
    ----------
    name : str
        ngspice's name, such as ``tran1``.
    kind : str
        The analysis: ``op``, ``dc``, ``tran``, ``ac``, ``noise``, ...
    vectors : mapping of str to numpy.ndarray
        Lower-case short names (``out``, ``v1#branch``, ``@r1[i]``); 1-D, float64 or complex128.
        A scale (``time``, ``frequency``, ``v-sweep``) is always real.
    """

    name: str
    kind: str
    vectors: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self.vectors[name]
        except KeyError:
            known = ", ".join(self.vectors)
            raise UnknownVector(
                f"plot '{self.name}' has no vector '{name}': it has {known}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.vectors)

    def __contains__(self, name: object) -> bool:
        return name in self.vectors


def plots(layout: Sequence[Any], numbers: NDArray[np.float64]) -> list[Plot]:
    """Views of the received numbers, plots in the order in which ngspice made them."""
    plots, start = [], 0
    for plot, entries in layout:
        vectors: dict[str, NDArray[Any]] = {}
        for name, is_complex, length in entries:
            array = numbers[start : start + length * (1 + is_complex)]
            start += len(array)
            short = name.lower()
            if short.startswith("v("):  # so come the nodes whose names are numbers
                short = short[2:-1]
            if not is_complex:
                vectors[short] = array
            elif short in _SCALES:
                vectors[short] = array[::2].copy()
            else:
                vectors[short] = array.view(np.complex128)
        plots.append(Plot(plot, re.sub(r"\d+$", "", plot), vectors))
    return plots


def not_finite(plots: Iterable[Plot]) -> str:
    """Which vectors hold a NaN or an infinity."""
    bad = [
        f"'{name}' of '{plot.name}'"
        for plot in plots
        for name, vector in plot.vectors.items()
        if not np.isfinite(vector).all()
    ]
    return f"not a finite number in {', '.join(bad[:5])}"


def cards(text: str) -> list[list[str]]:
    """The fields of each analysis card, in order; the dot is dropped."""
    text = re.split(r"^[ \t]*\.end[ \t]*$", text, maxsplit=1, flags=re.I | re.M)[0]
    fields = (line.lower().split() for line in text.splitlines())
    dotted = ([words[0][1:], *words[1:]] for words in fields if words and words[0][0] == ".")
    return [words for words in dotted if words[0] in _CARDS]


def in_deck_order(plots: Iterable[Plot], cards: Sequence[Sequence[str]]) -> list[Plot]:
    """Plots in the order of their cards.

    ngspice sorts analyses by kind, and runs those of one kind from the last card to the first.
    """
    ordered: list[tuple[int, Plot]] = []
    kinds: dict[str, list[Plot]] = {}
    for plot in plots:
        kinds.setdefault(plot.kind, []).append(plot)
    for kind, group in kinds.items():
        places = [place for place, card in enumerate(cards) if card[0] == kind] or [len(cards)]
        each = max(1, len(group) // len(places))
        for index, plot in enumerate(group):
            ordered.append((places[::-1][min(index // each, len(places) - 1)], plot))
    return [plot for _, plot in sorted(ordered, key=lambda pair: pair[0])]


def number(text: str) -> float | None:
    """A SPICE number with its suffix, or None."""
    match = _NUMBER.fullmatch(text)
    return None if match is None else float(match[1]) * _SUFFIXES.get(match[2] or "", 1.0)


def verdict(
    load: Sequence[str], run: Sequence[str], plots: Sequence[Plot], cards: Sequence[Sequence[str]]
) -> tuple[str, str] | None:
    """Reason code and words of a failure, or None for a good and complete run."""
    words = [line for line in load if not _HARMLESS.search(line)]
    if any(_FAILURE.search(line) for line in words):
        return "netlist_rejected", _quote(words)
    words = [line for line in run if not _HARMLESS.search(line)]
    if any(_FAILURE.search(line) for line in words):
        diverged = any(_DIVERGED.search(line) for line in words)
        return ("no_convergence", _quote(run)) if diverged else ("netlist_rejected", _quote(words))
    singular = [line for line in run if "singular matrix" in line]
    if singular and any("Transient op finished" in line for line in run):
        # The pseudo-transient ends anywhere when the operating point is not unique.
        return "no_convergence", f"{singular[0].strip()}: the operating point is not unique"
    gap = _gap(plots, cards)
    if gap is None:
        return None
    if not plots and not cards:
        return "netlist_rejected", _quote([gap, *run])
    return "no_convergence", _quote([gap, *run])


def _gap(plots: Sequence[Plot], cards: Sequence[Sequence[str]]) -> str | None:
    """What is missing from the results, should ngspice itself have kept silent."""
    if not plots:
        return "no analysis was run"
    kinds = [card[0] for card in cards]
    for kind in dict.fromkeys(kinds):
        found = sum(plot.kind == kind for plot in plots)
        if found < kinds.count(kind):
            return f"{kinds.count(kind)} .{kind} asked for, {found} in the result"
    transients = (plot for plot in plots if plot.kind == "tran")
    for plot, card in zip(transients, (card for card in cards if card[0] == "tran"), strict=False):
        stop = number(card[2])
        if stop is not None and not plot["time"][-1] >= stop * (1 - 1e-9):
            return f"the transient ends at {plot['time'][-1]:g} s, before its stop at {stop:g} s"
    return "a plot without vectors" if not all(plot.vectors for plot in plots) else None


def _quote(lines: Iterable[str]) -> str:
    """ngspice's own words on one line: the telling ones, or all, without the running commentary."""
    lines = [line.strip() for line in dict.fromkeys(lines) if line.strip()]
    loud = [line for line in lines if not re.match(r"note:|trying|supplies", line, re.I)]
    few = [line for line in loud if not _HARMLESS.match(line)] or loud
    return "; ".join(few if len(few) <= 8 else [*few[:4], "...", *few[-4:]]) or "no reason given"
