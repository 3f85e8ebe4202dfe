"""What a check is handed: the subject, the tools, and how a check declares itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.workflows.check.boundaries import Landmarks, landmarks
from compactmodels.workflows.check.outcome import Finding
from compactmodels.workflows.check.spice import CompiledDevice, Subcircuit
from compactmodels.workflows.check.subject import (
    COLDEST,
    HOTTEST,
    Setting,
    Subject,
    drawn,
    voltages,
)
from compactmodels.workflows.check.tools import CARD, CompiledModule, Equations

FloatArray = NDArray[np.float64]

SETTINGS: Final = 25
VOLTAGES: Final = 41
"""25 settings at 41 voltages each: 1025 points."""
TEMPERATURES: Final = [ROOM_TEMPERATURE, COLDEST, HOTTEST, 250.0, 375.0]
"""K."""


class Bench:
    """The subject with every tool, each made once.

    Parameters
    ----------
    subject : Subject
    seed : int
        Of what is drawn.
    """

    def __init__(self, subject: Subject, seed: int = 0) -> None:
        self.subject = subject
        self.card = subject.card
        self.seed = seed
        self.equations = Equations(subject)
        self.compiled = CompiledModule(subject)
        self.ngspice = Subcircuit(subject)
        self.osdi = CompiledDevice(subject)
        self._once: dict[Any, Any] = {}

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What several checks need, made by the first."""
        if key not in self._once:
            self._once[key] = make()
        return self._once[key]

    def known(self, key: Any) -> Any:
        """What :meth:`once` made, None if it did not."""
        return self._once.get(key)

    def rng(self, name: str) -> np.random.Generator:
        """Chance of its own for each check, so that none shifts another's."""
        return np.random.default_rng([self.seed, *name.encode()])

    def tool(self, name: str) -> Any:
        """A tool by its name."""
        for tool in (self.equations, self.ngspice, self.compiled, self.osdi):
            if tool.name == name:
                return tool
        if name == CARD:
            return None
        raise InputError(f"no tool '{name}'")

    def measured(self, tool: Any) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        """Voltages, currents and rates of a tool at :attr:`settings`; measured once."""
        grid = voltages(self.subject.span, VOLTAGES)
        return self.once(("measured", tool.name), lambda: tool.measured(self.settings, grid))

    @cached_property
    def settings(self) -> list[Setting]:
        """Where tools are compared."""
        return drawn(self.card, SETTINGS, TEMPERATURES, self.rng("settings"))

    @cached_property
    def landmarks(self) -> Landmarks:
        """Voltages at which the card's own equations change regime, or divide by 0."""
        return landmarks(self.card)


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Parameters
    ----------
    name : str
    proves : str
        What a pass shows, in one clause.
    limit : str
        The limit in words.
    tools : tuple of str
        Names of the tools that it is run in.
    measure : callable
        Bench and tool in, finding out. NotApplicable, ToolMissing and SimulationError are the
        runner's.
    """

    name: str
    proves: str
    limit: str
    tools: tuple[str, ...]
    measure: Callable[[Bench, Any], Finding]
