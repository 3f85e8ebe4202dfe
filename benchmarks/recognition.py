"""Recognition: seconds and memory of an MNIST epoch with device updates; the papers' devices and their band.

    python benchmarks/recognition.py epoch MNIST            784-100-10, one epoch on devices, and in floating point
    python benchmarks/recognition.py cards DIR [CARD ...]   accuracies of library cards, five seeds
    python benchmarks/recognition.py band DIR CARD [SEEDS]  what the settings span that a paper leaves open
    python benchmarks/recognition.py arrays DIR CARD        lines of layers that are cut into smaller arrays; five seeds
    python benchmarks/recognition.py less DIR CARD          with fewer images, epochs and hidden units; three seeds

DIR holds optdigits.tra and .tes or MNIST's IDX files.  The first process of a machine compiles the kernels;
the epoch is timed after one of 100 samples.  Memory is the peak of the whole process.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from compactmodels import load_card
from compactmodels.workflows.recognition.band import band
from compactmodels.workflows.recognition.breaking import broken
from compactmodels.workflows.recognition.breaks import BREAKS
from compactmodels.workflows.recognition.device import ideal, of_card
from compactmodels.workflows.recognition.images import load
from compactmodels.workflows.recognition.run import document, recognise
from compactmodels.workflows.recognition.settings import Hardware, Network
from compactmodels.workflows.recognition.training import by_pulses, float_network

CARDS = ("mose2", "ohp-n3", "ohm")


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def epoch(folder: str) -> None:
    images = load(folder)
    network = Network(epochs=1).sized(images.pixels)
    rows = [("linear, 32 levels", ideal(32), Hardware())]
    rows.append(("mose2", of_card(load_card("mose2")), Hardware()))
    rows.append(("mose2, noisy", rows[1][1], Hardware(cycle_spread=0.01, read_noise=0.01)))
    rows.append(("mose2, scattered", rows[1][1], Hardware(device_spread=0.1)))
    print(f"{images.name}: {len(images.train_y)} samples, {images.pixels}-{network.hidden}-10")
    for name, device, hardware in rows:
        for part in (images.first(100), images):
            start, cpu = time.perf_counter(), time.process_time()
            found = by_pulses(device, part, network, hardware, np.random.default_rng(0))
            took = time.perf_counter() - start, time.process_time() - cpu
        print(
            f"  {name:20s} {took[0]:6.1f} s an epoch ({took[1]:.1f} s of one core), {found.pulses / 1e6:.1f} "
            f"million pulses, peak {peak():.0f} MB"
        )
    for part in (images.first(100), images):
        start = time.perf_counter()
        float_network(part, network, np.random.default_rng(0))
    print(f"  {'floating point':20s} {time.perf_counter() - start:6.1f} s, peak {peak():.0f} MB")


def line(name: str, found) -> None:
    row = document(found)
    own, plain = row["accuracy"], row["float_accuracy"]
    spread = "-" if own["std"] is None else f"{100 * own['std']:.2f}"
    print(
        f"  {name:34s} {100 * own['mean']:6.2f} % +- {spread}   floating point {100 * plain['mean']:.2f} %",
        flush=True,
    )


def cards(folder: str, *names: str) -> None:
    images = load(folder)
    print(images.name)
    for name in names or CARDS:
        line(name, recognise(of_card(load_card(name)), images, seeds=5))


def spanned(folder: str, name: str, seeds: str = "5") -> None:
    images = load(folder)
    found = band(of_card(load_card(name)), images, seeds=int(seeds))
    print(f"{name} on {images.name}, {seeds} seeds")
    for variant, one in found.found.items():
        line(variant, one)
    low, high = found.limits
    print(f"  band {100 * low:.2f} .. {100 * high:.2f} %")


def arrays(folder: str, name: str) -> None:
    images, device = load(folder), of_card(load_card(name))
    print(f"{name} on {images.name}, R Gmax of a segment")
    for array in ((0, 0), (32, 32), (16, 16)):
        found = broken(
            BREAKS["line-resistance"],
            device,
            images,
            hardware=Hardware(array=array),
            values=(1e-3, 3e-3, 1e-2),
            curves=("by pulses", "written and verified"),
            seeds=5,
        )
        for row in found.rows:
            print(
                f"  {array} {row.curve} {row.value:g}: {100 * row.mean:.1f} +- {100 * row.std:.1f} %"
            )


def less(folder: str, name: str) -> None:
    images, device = load(folder), of_card(load_card(name))
    count = len(images.train_y)
    print(f"{name} on {images.name}")
    for number, epochs in ((3823, 1), (3823, 5), (3823, 20), (8000, 1), (20000, 1), (60000, 1)):
        if number <= count:
            found = recognise(device, images.first(number), Network(epochs=epochs), seeds=3)
            line(f"{number} images, {epochs} epochs", found)
    for hidden in (10, 16, 36):
        line(f"{hidden} hidden", recognise(device, images, Network(hidden=hidden), seeds=3))


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["help"]
    known = {"epoch": epoch, "cards": cards, "band": spanned, "less": less, "arrays": arrays}
    if what not in known or not rest:
        sys.exit(__doc__)
    known[what](*rest)
