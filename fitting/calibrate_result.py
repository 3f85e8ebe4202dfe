"""What a calibration gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compactmodels.card import ModelCard
from compactmodels.observables_misfit import Misfit
from compactmodels.observables_targets import TargetSet
from fitting.calibrate_identify import Identifiability
from fitting.diagnostics import Warned


@dataclass(frozen=True, slots=True)
class Moved:
    """A parameter that the calibration was allowed to move.

    Parameters
    ----------
    before, value : float
        In ``unit``.
    stderr : float
        From the tangent with the tolerances as sigma; NaN unless ``state`` is ``fixed``.
    interval : (float, float)
        1.96 standard errors to each side, in the logarithm for a logarithmic parameter; NaN likewise.
    unit : str
    state : str
        ``fixed`` by the targets, ``free`` (only in combination with others), or ``unfelt`` by any.
    targets : tuple of str
        Ids of those that feel it.
    at_bound : bool
    """

    before: float
    value: float
    stderr: float
    interval: tuple[float, float]
    unit: str
    state: str
    targets: tuple[str, ...]
    at_bound: bool


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What a calibration gives back.

    Parameters
    ----------
    card : ModelCard
        Moved values have the origin ``calibrated``; the others keep theirs.
    targets : TargetSet
    before, after : tuple of Misfit
        Of each target with the card as it was and as it is.
    parameters : mapping of str to Moved
    identifiability : Identifiability
    warnings : tuple of Warned
    evaluations, starts : int
    """

    card: ModelCard
    targets: TargetSet
    before: tuple[Misfit, ...]
    after: tuple[Misfit, ...]
    parameters: Mapping[str, Moved]
    identifiability: Identifiability
    warnings: tuple[Warned, ...]
    evaluations: int
    starts: int

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return all(m.met for m in self.after)

    @property
    def missed(self) -> tuple[str, ...]:
        """Ids of the targets that are not met."""
        pairs = zip(self.targets.targets, self.after, strict=True)
        return tuple(t.id for t, m in pairs if not m.met)
