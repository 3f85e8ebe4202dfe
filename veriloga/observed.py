"""What a simulator shows of an operating point."""

from __future__ import annotations

from dataclasses import dataclass

from compactmodels.model import Model
from veriloga.text import quoted


@dataclass(frozen=True, slots=True)
class Observed:
    """A variable that simulators list; ``name`` is padded with its ``;`` by the template's columns."""

    name: str
    unit: str
    doc: str

    @property
    def attributes(self) -> str:
        """As the template writes them."""
        return f'desc="{quoted(self.doc)}", units="{self.unit}"'


def observed(model: Model, *, self_heating: bool = False) -> list[Observed]:
    """The operating-point variables of a model, each for one device (m = 1)."""
    rise = [Observed("rise", "K", "temperature rise by self-heating")] if self_heating else []
    return [
        Observed("v", "V", "voltage from p to n"),
        Observed("current", "A", "static current into p"),
        Observed("resistance", "ohm", "V/I; at 0 V its limit"),
        Observed("conductance", "S", "I/V; at 0 V its limit"),
        Observed("slope", "S", "differential conductance dI/dV, states and temperature held"),
        Observed("power", "W", "dissipated power V I"),
        Observed("w", "1", "non-volatile state"),
        Observed("s", "1", "volatile state"),
        Observed("temperature", "K", "device temperature"),
        *rise,
        Observed("noise_density", "A^2/Hz", "spectral density of the short-circuit noise current"),
        *(
            Observed(f"{b.name}_current", "A", f"current of the branch {b.name}")
            for b in model.branches
        ),
        Observed("gmin_current", "A", "current of the leakage gmin"),
    ]
