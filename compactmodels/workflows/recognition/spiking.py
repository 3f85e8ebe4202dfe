"""A small spiking network that learns without labels, by the spike timing windows of a device.

Inputs spike at random, the more often the brighter their pixel.  Each is joined to every output neuron by
one device.  A neuron adds up the conductances of the inputs that spike, forgets slowly, and spikes above
its threshold; the first one silences the others (winner takes all) and raises its own threshold.  Every
pair of an input's and an output's spike changes the device by its own window: what the card's equations do
under the published pair of waveforms, at that interval and from that state.  Pairs are nearest
neighbours.  Labels serve at the end alone: how often each neuron spiked for each digit of the
training set says what its spikes mean.

The settings were chosen on images held out of the training file, for the one card that has such waveforms.
After P. U. Diehl and M. Cook, Front. Comput. Neurosci. 9, 99 (2015), doi:10.3389/fncom.2015.00099.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import fast
from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.workflows.recognition.compiled import kernels
from compactmodels.workflows.recognition.images import CLASSES, Images
from compactmodels.workflows.reproduction.published import paper

FloatArray = NDArray[np.float64]

PUBLISHED: Final[Mapping[str, tuple[str, str]]] = {"otj": ("otj", "stdp_antisymmetric")}
"""Card to paper and protocol of its pair of waveforms."""
STEP: Final = 1e-6
"""Of time [s]: the waveforms of the tunnel junction last 11 of them."""
REACH: Final = 12
"""Steps beyond which two spikes do not meet."""
STATES: Final = 41
READ: Final = 0.1
"""V"""


@dataclass(frozen=True, slots=True)
class Spiking:
    """Settings of the network.

    Parameters
    ----------
    neurons : int
    epochs : int
    rate : float
        Spikes of a fully bright pixel in a step.
    keep : float
        Of a neuron's sum, from step to step.
    threshold : float
        At the start; in conductances of a device that is fully on.
    rise, fall : float
        Of the winner's threshold at a spike; of every threshold, as a share, with an image.
    pause : float
        Steps between two images.
    steps : int
        For which an image is shown, at most while learning.

    Raises
    ------
    InputError
        A value that cannot be.
    """

    neurons: int = 200
    epochs: int = 3
    rate: float = 0.5
    keep: float = 0.98
    threshold: float = 5.0
    rise: float = 0.5
    fall: float = 1e-4
    pause: float = 5.0
    steps: int = 80

    def __post_init__(self) -> None:
        counts = min(self.neurons, self.epochs, self.steps) >= 1
        shares = 0 < self.rate <= 1 and 0 < self.keep <= 1 and 0 <= self.fall < 1
        if not (counts and shares and min(self.threshold, self.rise, self.pause) >= 0):
            raise InputError(f"spiking network: {self} cannot be", code="bad_setting")


@dataclass(frozen=True, slots=True, eq=False)
class SpikingOutcome:
    """One seed.

    Parameters
    ----------
    accuracy : float
        On the test set.
    w : (inputs, neurons) array
        States of the devices.
    meaning : (10, neurons) array
        Share of each digit in a neuron's spikes over the training set.
    spikes : float
        Mean number for a test image.
    silent : int
        Neurons that never spiked.
    """

    accuracy: float
    w: FloatArray
    meaning: FloatArray
    spikes: float
    silent: int


def spike_window(card: ModelCard) -> FloatArray:
    """What a pair of spikes changes of the state w, shape (states, intervals).

    States at even steps of their fourth root from 0 to 1, intervals from -:data:`REACH` to :data:`REACH` steps; above 0 the input's spike
    comes first.

    Raises
    ------
    InputError
        Code ``no_waveforms``: no waveforms are published for the card.
    """
    if card.name not in PUBLISHED:
        raise InputError(
            f"card '{card.name}' has no pair of spike waveforms: a spiking network needs one, and they are "
            f"published for {', '.join(PUBLISHED)}",
            code="no_waveforms",
        )
    source, name = PUBLISHED[card.name]
    origin = paper(source)
    intervals = np.arange(-REACH, REACH + 1) * STEP  # spikes fall on whole steps
    states = np.linspace(0.0, 1.0, STATES) ** 4
    found = np.empty((STATES, intervals.size))
    for j, interval in enumerate(intervals):
        pair = origin.protocol(name, interval=float(interval))
        for i, w in enumerate(states):
            found[i, j] = fast.respond(card, pair, w0=float(w), points=8).w[-1] - w
    return found


def learn_by_spikes(
    card: ModelCard,
    images: Images,
    settings: Spiking | None = None,
    *,
    window: FloatArray | None = None,
    seeds: int = 1,
    seed: int = 0,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[SpikingOutcome, ...]:
    """Learn the training images without their labels, and test.

    Parameters
    ----------
    card : ModelCard
        One with spike waveforms (:func:`spike_window`).
    images : Images
    settings : Spiking, optional
    window : array, optional
        That of :func:`spike_window`, where it is known.
    seeds, seed : int
        Repeats, and the first one.
    progress : callable, optional

    Raises
    ------
    InputError
        Code ``no_waveforms``.
    """
    chosen = settings or Spiking()
    window = spike_window(card) if window is None else window
    conducts = _conducts(card)
    found = []
    for k in range(seeds):
        progress("seeds", k, seeds)
        found.append(_one(images, window, conducts, chosen, seed + k))
    progress("seeds", seeds, seeds)
    return tuple(found)


def _conducts(card: ModelCard) -> FloatArray:
    """Conductance at the read voltage over its highest, at even steps of the state."""
    w = np.linspace(0.0, 1.0, STATES)
    current = card.model.current(np.full(STATES, READ), card.values, w=w, s=0.0)
    g = np.asarray(current, dtype=np.float64)
    return g / g.max()


def _one(
    images: Images, window: FloatArray, conducts: FloatArray, settings: Spiking, seed: int
) -> SpikingOutcome:
    chance = np.random.default_rng([seed, 4])
    train, test = images.train_x / images.full, images.test_x / images.full
    w = chance.uniform(0.2, 0.8, (train.shape[1], settings.neurons))
    threshold = np.full(settings.neurons, settings.threshold)

    def show(x: FloatArray, learn: bool) -> NDArray[np.int64]:
        counts = np.zeros((len(x), settings.neurons), dtype=np.int64)
        numbers = np.array(
            [settings.rate, settings.keep, settings.rise, settings.fall, settings.pause]
            + [float(settings.steps)]
        )
        kernels("spiking_kernels").present(
            x, w, threshold, window, conducts, float(REACH), numbers, learn, chance, counts
        )
        return counts

    for _ in range(settings.epochs):
        show(train[chance.permutation(len(train))], True)
    spoken = show(train, False)
    shown = np.maximum(np.bincount(images.train_y, minlength=CLASSES), 1)
    spikes = [spoken[images.train_y == digit].sum(axis=0) for digit in range(CLASSES)]
    mean = np.array(spikes) / shown[:, np.newaxis]
    total = mean.sum(axis=0)
    meaning = mean / np.where(total > 0, total, 1.0)
    counts = show(test, False)
    said = np.argmax(counts @ meaning.T, axis=1)
    return SpikingOutcome(
        accuracy=float(np.mean(said == images.test_y)),
        w=w,
        meaning=meaning,
        spikes=float(counts.sum(axis=1).mean()),
        silent=int(np.count_nonzero(spoken.sum(axis=0) == 0)),
    )


def spiking_document(
    card: ModelCard,
    images: Images,
    settings: Spiking,
    found: tuple[SpikingOutcome, ...],
    control: tuple[SpikingOutcome, ...],
) -> dict[str, Any]:
    """The JSON object; ``control`` is the same network without learning.

    Random devices and thresholds that adapt already answer to some digits more than to others, and the labels that are
    given to the neurons at the end make use of it: what learning adds is the difference.
    """
    return {
        "card": card.name,
        "dataset": images.name,
        "network": "spiking",
        "accuracy": _accuracy(found),
        "control": {
            "accuracy": _accuracy(control),
            "is": "the same network, devices that no spike changes",
        },
        "spikes": float(np.mean([o.spikes for o in found])),
        "silent": [o.silent for o in found],
        "settings": asdict(settings),
    }


def _accuracy(found: tuple[SpikingOutcome, ...]) -> dict[str, Any]:
    """Mean, standard deviation over the seeds (none for one) and each."""
    each = np.array([o.accuracy for o in found])
    spread = float(np.std(each, ddof=1)) if each.size > 1 else None
    return {"mean": float(each.mean()), "std": spread, "each": each.tolist()}
