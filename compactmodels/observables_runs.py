"""The runs behind a set of targets: each protocol integrated once, and again only if it must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.errors import InputError, ProtocolError
from compactmodels.integrate import Response, displacement, respond
from compactmodels.observables import observe
from compactmodels.observables_misfit import Misfit, misfit
from compactmodels.observables_record import Run
from compactmodels.observables_targets import Target

Responder = Callable[[ModelCard, Target], Response]
"""Runs a card through a target's protocol."""
Reader = Callable[[ModelCard, float, float, float, float], float]
"""Current [A] of a card at a temperature [K], a voltage [V] and held states w and s."""
MOST_TRACKS: Final = 64
"""Runs remembered; the oldest are forgotten."""
MOST_REMEMBERED: Final = 4_000_000
"""Samples of all of them: 160 MB."""
MOST_SAMPLES: Final = 1_000_000
"""Of a record, as long as its pieces keep the least number each."""
LEAST_POINTS: Final = 10
TOLERANCE: Final = 1e-8
"""Of a state in each step: the search takes differences of runs."""


def _points(target: Target, wanted: int) -> int:
    """Samples in a straight piece: fewer where the protocol has very many."""
    assert target.protocol is not None
    return max(LEAST_POINTS, min(wanted, MOST_SAMPLES // target.protocol.time.size))


def integrated(card: ModelCard, target: Target) -> Response:
    """A target's run by the reference integrator."""
    assert target.protocol is not None
    return respond(
        card,
        target.protocol,
        w0=target.w0,
        s0=target.s0,
        temperature=target.temperature,
        points=100,
    )


def compiled(card: ModelCard, target: Target) -> Response:
    """A target's run by the compiled integrator, to the reference's tolerance."""
    from compactmodels import fast

    assert target.protocol is not None
    return fast.respond(
        card,
        target.protocol,
        w0=target.w0,
        s0=target.s0,
        temperature=target.temperature,
        tolerance=TOLERANCE,
        points=_points(target, 200),
    )


ENGINES: Final[dict[str, Responder]] = {"compiled": compiled, "reference": integrated}
"""Who integrates, by name."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """Earlier runs: the states depend on the switching and relaxation alone.

    A change of the conduction alone needs no integration, only the current at the states known.

    Parameters
    ----------
    responder : callable
    known : dict
        (run, values that move the states) -> (all values, Response).
    """

    responder: Responder = integrated
    known: dict[tuple[object, ...], tuple[tuple[float, ...], Response]] = field(
        default_factory=dict
    )

    def response(self, card: ModelCard, target: Target) -> Response:
        """The response of a card to a target's protocol."""
        key, values = (target.key, *_moving(card)), tuple(card.values.values())
        if key not in self.known:
            response = self.responder(card, target)
            self._forget(response.time.size)
            self.known[key] = (values, response)
        known, old = self.known[key]
        if known == values:
            return old
        assert target.protocol is not None
        static = card.model.current(
            old.voltage, card.values, w=old.w, s=old.s, temperature=target.temperature
        )
        current = np.broadcast_to(static, old.time.shape) + displacement(
            card, old.time, old.voltage, target.protocol
        )
        return replace(old, current=current)

    def _forget(self, coming: int) -> None:
        """Make room for a run of so many samples."""
        total = coming + sum(r.time.size for _, r in self.known.values())
        while self.known and (len(self.known) >= MOST_TRACKS or total > MOST_REMEMBERED):
            _, oldest = self.known.pop(next(iter(self.known)))
            total -= oldest.time.size


def _moving(card: ModelCard) -> tuple[float, ...]:
    """The values on which the states depend.

    Those of switching and relaxation; all of them where the law is driven by a junction's voltage.
    """
    if getattr(card.model.switching, "junction", False):
        return tuple(card.values.values())
    return tuple(v for n, v in card.values.items() if n.startswith(("sw_", "rx_")))


def run_targets(
    card: ModelCard,
    targets: Sequence[Target],
    respond_: Responder | None = None,
    reader: Reader | None = None,
) -> list[Misfit]:
    """Every target held against the card.

    Parameters
    ----------
    card : ModelCard
    targets : sequence of Target
    respond_ : callable, optional
        Who runs the protocols; the reference integrator by default.
    reader : callable, optional
        Who reads at held states; the card's own equation by default.

    Raises
    ------
    InputError
        A target whose observable does not fit its protocol.
    SimulationError
        The integrator gave up.
    """
    run_once = respond_ or integrated
    done: dict[str, Response] = {}
    out = []
    for target in targets:
        response = None
        if target.protocol is not None:
            if target.key not in done:
                done[target.key] = run_once(card, target)
            response = done[target.key]
        run = Run(
            card,
            target.protocol,
            response,
            target.w0,
            target.s0,
            target.temperature,
            None if reader is None else partial(reader, card, target.temperature),
        )
        try:
            out.append(misfit(target, observe(target.observable, run)))
        except ProtocolError as error:
            raise InputError(f"target '{target.id}': {error.message}", code="bad_targets") from None
    return out
