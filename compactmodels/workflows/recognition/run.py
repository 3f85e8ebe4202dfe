"""Train and test from several seeds, and what came out of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.recognition.device import Device, kept, memory_of, with_levels
from compactmodels.workflows.recognition.images import CLASSES, Images
from compactmodels.workflows.recognition.inference import Reading as ExactReading
from compactmodels.workflows.recognition.inference import (
    accuracy_of,
    classify,
    conductances,
    confusion,
    reading_of,
    weights_of,
)
from compactmodels.workflows.recognition.resting import with_rests
from compactmodels.workflows.recognition.settings import Choice, Hardware, Network, fitting
from compactmodels.workflows.recognition.states import WITHIN
from compactmodels.workflows.recognition.training import (
    Trained,
    by_pulses,
    float_network,
    programmed,
)

FloatArray = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and of how much."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One seed.

    Parameters
    ----------
    accuracy, float_accuracy : float
        On the test set after the last epoch, of the devices and in floating point.
    curve, float_curve : (epochs, 2) arrays
        Loss and accuracy after each epoch.
    counts : (10, 10) array of int
        Confusion: rows are what was shown.
    conductances : tuple of (2, n, m) arrays
        Of both layers [S], after the last write.
    pulses, missed : int
        Given in all; devices that write-verify gave up.
    seconds : float
        Of the training with devices.
    """

    accuracy: float
    float_accuracy: float
    curve: FloatArray
    float_curve: FloatArray
    counts: NDArray[np.int64]
    conductances: tuple[FloatArray, FloatArray]
    pulses: int
    missed: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """All seeds of one device on one set of images.

    ``states_error``: of the tables of both states, of the window, where devices rest between the samples.
    """

    device: Device
    images: Images
    choice: Choice
    seed: int
    outcomes: tuple[Outcome, ...]
    states_error: float | None = None

    @property
    def accuracies(self) -> FloatArray:
        """Of each seed."""
        return np.array([o.accuracy for o in self.outcomes])

    @property
    def float_accuracies(self) -> FloatArray:
        """Of the same network in floating point."""
        return np.array([o.float_accuracy for o in self.outcomes])

    @property
    def counts(self) -> NDArray[np.int64]:
        """Confusion of all seeds together."""
        return np.asarray(np.sum([o.counts for o in self.outcomes], axis=0))


def recognise(
    device: Device,
    images: Images,
    network: Network | None = None,
    hardware: Hardware | None = None,
    *,
    seeds: int = 1,
    seed: int = 0,
    progress: Progress = lambda *_: None,
    workers: int | None = None,
) -> Recognition:
    """Train and test a network of a device from several seeds.

    Parameters
    ----------
    device : Device
        :func:`device.of_card`, :func:`device.of_synapse`.
    images : Images
    network : Network, optional
    hardware : Hardware, optional
    seeds : int
        Repeats; each draws its start, its order of samples and its devices anew.
    seed : int
        The same seed gives the same bytes, however many workers there are.
    progress : callable
    workers : int, optional
        Seeds at a time; the cores that this process may use by default.

    Raises
    ------
    InputError
        Settings or a device that cannot be.
    """
    from netlists.solver.compiled import threads

    network = (network or Network()).sized(images.pixels)
    hardware = hardware or Hardware()
    fitting(hardware, network, images.pixels)
    used = device
    if hardware.levels and hardware.mode == "pulses":
        used = with_levels(device, hardware.levels)
    kept(used, np.zeros(2), hardware.wait)  # refuses before the work, not after it
    states = None
    if hardware.interval > 0.0:
        progress(f"{used.name}: pulses and rests from every state", 0, 1)
        memory = memory_of(used)
        states = memory.over(used.law, hardware.interval)
        later = memory.after(states, hardware.wait)
    train = by_pulses if states is None else partial(with_rests, states, later)
    sources = np.random.SeedSequence(seed).spawn(seeds)
    count = seeds * network.epochs * (1 if hardware.mode == "write-verify" else 2)
    done = [0]

    ended = Event()

    def told(what: str, epoch: int, loss: float) -> None:
        if ended.is_set():
            raise KeyboardInterrupt
        done[0] += 1
        progress(f"{what}, epoch {epoch}, loss {loss:.3f}", done[0], count)

    one = partial(_one, train, used, images, network, hardware, told)
    with ThreadPoolExecutor(min(seeds, workers or threads())) as pool:
        try:
            runs = [pool.submit(one, source) for source in sources]
            for run in wait(runs, return_when=FIRST_EXCEPTION).done:
                run.result()  # raises what any of them did
            outcomes = tuple(run.result() for run in runs)
        except BaseException:  # an interrupt, or one seed's error: the others end with their epoch
            ended.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    off = None if states is None else states.error
    return Recognition(used, images, Choice(network, hardware), seed, outcomes, off)


def _one(
    train: Callable[..., Trained],
    device: Device,
    images: Images,
    network: Network,
    hardware: Hardware,
    told: Callable[[str, int, float], None],
    source: np.random.SeedSequence,
) -> Outcome:
    """One seed: floating point, and devices."""
    start, own, chance, test = source.spawn(4)
    exact = ExactReading()
    plain = np.random.default_rng(test)
    weights, float_curve = float_network(
        images,
        network,
        np.random.default_rng(start),
        lambda w: accuracy_of(w, images, exact, plain),
        partial(told, "floating point"),
    )
    scales = (network.scale, network.scale)
    reads = np.random.default_rng(chance)
    rng = np.random.default_rng(own)
    began = time.perf_counter()
    if hardware.mode == "pulses":
        reading = reading_of(device, hardware, scales)
        found = train(
            device,
            images,
            network,
            hardware,
            rng,
            lambda w: accuracy_of(w, images, reading, reads),
            partial(told, device.name),
        )
    else:
        found = programmed(device, weights, hardware, rng)
    seconds = time.perf_counter() - began
    return _tested(device, images, hardware, found, float_curve, seconds, reads)


def _tested(
    device: Device,
    images: Images,
    hardware: Hardware,
    found: Trained,
    float_curve: FloatArray,
    seconds: float,
    rng: np.random.Generator,
) -> Outcome:
    """The test set, after the wait and through the lines."""
    weights = [weights_of(device, layer, hardware) for layer in found.layers]
    first, second = found.layers
    reading = reading_of(device, hardware, (first.scale, second.scale))
    said = classify(weights, images.test_x, images.full, reading, rng)
    return Outcome(
        float(np.mean(said == images.test_y)),
        float(float_curve[-1, 1]),
        found.curve,
        float_curve,
        confusion(images.test_y, said),
        (conductances(device, first), conductances(device, second)),
        found.pulses,
        found.missed,
        seconds,
    )


def document(found: Recognition) -> dict[str, Any]:
    """For JSON: accuracies with mean and spread, and how they came about."""
    shown = found.counts.sum(axis=1)
    right = np.diag(found.counts)
    remarks = list(found.device.remarks)
    if found.states_error is not None and found.states_error > WITHIN:
        remarks.append(
            (
                "coarse_states",
                f"pulses and rests by the tables are up to {found.states_error:.1%} of the window off the card's "
                f"equations ({WITHIN:.1%} is aimed at): the states go through too wide a range",
            )
        )
    n, h = found.images.pixels, found.choice.network.hidden
    return {
        "accuracy": _spread(found.accuracies),
        "float_accuracy": _spread(found.float_accuracies),
        "dataset": {
            "name": found.images.name,
            "training": len(found.images.train_y),
            "test": len(found.images.test_y),
        },
        "network": {"layers": [n, h, CLASSES], **found.choice.document()["network"]},
        "hardware": found.choice.document()["hardware"],
        "device": found.device.document(),
        "seed": found.seed,
        "seeds": len(found.outcomes),
        "recall": [int(a) / int(b) if b else None for a, b in zip(right, shown)],
        "pulses": [o.pulses for o in found.outcomes],
        "states_error": found.states_error,
        "missed_devices": [o.missed for o in found.outcomes],
        "warnings": [{"code": c, "message": m} for c, m in remarks],
    }


def _spread(values: FloatArray) -> dict[str, Any]:
    """Mean, standard deviation over the seeds (none for one) and each."""
    std = float(np.std(values, ddof=1)) if values.size > 1 else None
    return {"mean": float(np.mean(values)), "std": std, "each": [float(v) for v in values]}
