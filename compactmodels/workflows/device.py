"""One device under a protocol: run it, hold it against a measurement, write what came out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels import figures
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.data import Trace
from compactmodels.errors import ProtocolError
from compactmodels.files import is_there, write_text
from compactmodels.integrate import Response
from compactmodels.protocols import BUILDERS, Protocol, for_card, load
from compactmodels.report import engineering
from compactmodels.workflows.reproduction.published import PAPERS, paper
from netlists.simulation import simulate

MOST_POINTS = 20_000


def settings_of(pairs: list[str]) -> dict[str, float]:
    """``KEY=VALUE`` texts as settings.

    Raises
    ------
    ProtocolError
        No '=' or no number.
    """
    settings = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            settings[key.strip()] = float(value)
        except ValueError:
            raise ProtocolError(f"--set {pair!r}: KEY=NUMBER is expected, e.g. number=20") from None
    return settings


def measurement(path: str, columns: str | None, skip: int | None) -> Trace:
    """The one trace with a voltage in a file.

    Raises
    ------
    ProtocolError
        Several traces, or one without voltage.
    """
    from fitting.readers import read

    traces = read(path, columns=columns, skip=skip).traces
    if len(traces) != 1 or traces[0].voltage is None:
        raise ProtocolError(
            f"'{path}' holds {len(traces)} records"
            + (" without a voltage" if len(traces) == 1 else "")
            + ": --against needs one record of voltage and current"
        )
    return traces[0]


def protocol_for(
    card: ModelCard, name: str, settings: Mapping[str, float], measured: Trace | None
) -> Protocol:
    """The protocol to run.

    A measurement with times is its own protocol: its waveform is applied as it was measured.  One
    without times is compared at its voltages with the states held.  ``otj:letter_H`` is a protocol of a
    paper's data.
    """
    if measured is not None:
        return _measured_protocol(measured, name, settings)
    if name in BUILDERS:
        return for_card(name, card.operation, settings)
    if name.endswith(".toml") or is_there(Path(name)):
        return load(Path(name), settings)
    source, _, own = name.partition(":")
    if own and source in PAPERS:
        return paper(source).protocol(own, **settings)
    return for_card(name, card.operation, settings)  # which says what there is


def _measured_protocol(measured: Trace, name: str, settings: Mapping[str, float]) -> Protocol:
    voltage = measured.voltage
    assert voltage is not None
    if name not in ("sweep", "dc"):  # sweep is the default
        raise ProtocolError(
            f"--against applies the measured waveform: leave --protocol {name} out, or give --protocol dc "
            "to compare at held states"
        )
    timeless = measured.time is None and name != "dc"
    for key in settings:
        if key != "rate" or not timeless:
            raise ProtocolError(
                f"--set {key} has no meaning here: --against applies the measured waveform"
                + (", and only its sweep rate can be set" if timeless else " as it is")
            )
    if name == "dc":
        return Protocol(
            "points",
            np.arange(voltage.size, dtype=float),
            voltage,
            label="Measured bias points, state held",
        )
    if measured.time is not None:
        time = measured.time - measured.time[0]
    else:
        rate = settings.get("rate")
        if rate is None or not 0 < rate < math.inf:
            raise ProtocolError(
                f"'{measured.meta.get('file')}' has no time column: give the sweep rate in V/s with "
                "--set rate=..., or compare at held states with --protocol dc"
            )
        time = _travelled(voltage) / rate
    if time.size > MOST_POINTS:
        raise ProtocolError(
            f"the measurement has {time.size} points, at most {MOST_POINTS} can be applied"
        )
    if np.any(np.diff(time) <= 0):
        raise ProtocolError(f"'{measured.meta.get('file')}': its times do not increase")
    return Protocol("transient", time, voltage, float(time[-1]) / 500, label="Measured waveform")


def _travelled(voltage: NDArray[np.float64]) -> NDArray[np.float64]:
    """Volts swept up to each point; a repeated one takes as long as a microvolt."""
    return np.concatenate([[0.0], np.cumsum(np.maximum(np.abs(np.diff(voltage)), 1e-6))])


def run(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    timeout: float = 600.0,
) -> Response:
    """Run the protocol in ngspice; the deck of a failed run is kept and named in the error."""
    return simulate(card, protocol, w0=w0, s0=s0, temperature=temperature, timeout=timeout)


def _held(response: Response) -> bool:
    """Whether the states were held and the time is the index of the bias point."""
    return np.array_equal(response.time, np.arange(response.time.size))


def _on_measured(response: Response, measured: Trace) -> NDArray[np.float64]:
    """Simulated current at the measured points."""
    if _held(response):
        return response.current
    if measured.time is not None:
        own = measured.time - measured.time[0]
    else:  # the waveform was applied at a sweep rate
        assert measured.voltage is not None
        path = _travelled(measured.voltage)
        own = path * (response.time[-1] / path[-1])
    return np.interp(own, response.time, response.current)


def residual_decades(response: Response, measured: Trace) -> tuple[float, int]:
    """RMS of log10(measured/simulated), and how many points have a sign in common."""
    simulated = _on_measured(response, measured)
    good = measured.current * simulated > 0
    if not np.any(good):
        return math.nan, 0
    ratio = np.log10(measured.current[good] / simulated[good])
    return float(np.sqrt(np.mean(ratio**2))), int(np.count_nonzero(good))


def summary(card: ModelCard, response: Response, measured: Trace | None) -> dict[str, Any]:
    """The JSON object of a simulation."""
    v_read = card.operation.get("v_read", 0.1)
    document: dict[str, Any] = {
        "card": card.name,
        "engine": response.engine,
        "form": response.form,
        "points": int(response.time.size),
        "largest_current_A": float(np.max(response.current)),
        "smallest_current_A": float(np.min(response.current)),
        "w_start": float(response.w[0]),
        "w_end": float(response.w[-1]),
        "s_end": float(response.s[-1]),
    }
    if not _held(response):
        document["duration_s"] = float(response.time[-1])
    for when, k in (("start", 0), ("end", -1)):
        current = card.model.current(v_read, card.values, w=response.w[k], s=response.s[k])
        document[f"read_resistance_{when}_ohm"] = v_read / float(current) if current else math.nan
        document[f"read_shares_{when}"] = shares(card, v_read, response.w[k], response.s[k])
    if measured is not None:
        rms, count = residual_decades(response, measured)
        document["against"] = str(measured.meta.get("file"))
        document["residual_decades_rms"] = rms
        document["residual_points"] = count
    return document


def remarks(card: ModelCard, response: Response) -> list[dict[str, str]]:
    """Coded warnings: so far, whether the run leaves the voltages that the card was fitted to."""
    span = card.fitted_range
    if span is None:
        return []
    low, high = float(np.min(response.voltage)), float(np.max(response.voltage))
    slack = 0.1 * (span[1] - span[0])
    if span[0] - slack <= low and high <= span[1] + slack:
        return []
    message = (
        f"the run goes from {low:.3g} to {high:.3g} V, the card was fitted from {span[0]:.3g} to "
        f"{span[1]:.3g} V: what lies beyond is extrapolated"
    )
    return [{"code": "extrapolated", "message": message}]


def shares(card: ModelCard, v: float, w: float, s: float = 0.0) -> dict[str, float]:
    """What part of the current each branch carries at ``v`` [V], by its name."""
    branches = card.model.branch_currents(v, card.values, w=w, s=s)
    total = sum(float(i) for i in branches.values())
    return {name: float(i) / total if total else math.nan for name, i in branches.items()}


def shown(key: str, value: Any) -> str:
    """A value of the summary for people."""
    unit = {"A": "A", "ohm": "ohm", "s": "s"}.get(key.rsplit("_", 1)[-1], "")
    return engineering(value, unit) if isinstance(value, float) else str(value)


def write(
    card: ModelCard,
    response: Response,
    measured: Trace | None,
    folder: Path,
    label: str = "simulation",
) -> list[Path]:
    """Trace as CSV, and its figures; returns the paths."""
    stem = folder / f"{card.name}-{label}"
    columns = (response.time, response.voltage, response.current, response.w, response.s)
    lines = ["time (s),voltage (V),current (A),w,s"]
    lines += [",".join(repr(float(x)) for x in row) for row in zip(*columns, strict=True)]
    written = [write_text(stem.with_suffix(".csv"), "\n".join(lines) + "\n")]
    written += figures.save(_figure(card, response, measured), stem)
    if measured is not None and measured.voltage is not None:
        x = measured.time if measured.time is not None else np.arange(len(measured), dtype=float)
        overlay = figures.residual_overlay(
            x,
            np.abs(measured.current),
            np.abs(_on_measured(response, measured)),
            xlabel="Time" if measured.time is not None else "Point",
            x_unit="s" if measured.time is not None else "",
            title=f"{card.name} against {Path(str(measured.meta.get('file'))).name}",
            log=True,
        )
        written += figures.save(overlay, folder / f"{card.name}-{label}-residual")
    return written


def _figure(card: ModelCard, response: Response, measured: Trace | None) -> Any:
    pair = None
    if measured is not None and measured.voltage is not None:
        pair = (measured.voltage, measured.current)
    moving = response.w if "w" in card.model.states else None
    if _held(response):
        return figures.dc_states(
            response.voltage,
            {f"w = {response.w[0]:.3g}, s = {response.s[0]:.3g}": response.current},
            title=f"{card.name}, states held",
        )
    turns = np.count_nonzero(np.diff(np.sign(np.diff(response.voltage))))
    if turns > 8:
        s = response.s if "s" in card.model.states else None
        return figures.pulses(
            response.time, response.voltage, response.current, title=card.name, w=moving, s=s
        )
    return figures.hysteresis(
        response.time, response.voltage, response.current, title=card.name, w=moving, measured=pair
    )
