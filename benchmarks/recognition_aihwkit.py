"""The same measured device and the same network here and in aihwkit: accuracy, and seconds an epoch.

    COMPACTMODELS_AIHWKIT=PYTHON python benchmarks/recognition_aihwkit.py DIR [EPOCHS=6] [SEEDS=5]

DIR holds optdigits.tra and optdigits.tes; PYTHON has aihwkit 1.1.0.  The device is the HfO2 ReRAM of
Gong et al. (doi:10.1038/s41467-018-04485-1): here fitted to the measured pulses with ``fit plasticity``, there
the toolkit's own preset of it, ReRamESPresetDevice.  64-36-10, sigmoid, softmax and cross-entropy, rate 0.03, one
sample an update, no converters, both on one thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from compactmodels.synapse import Synapse
from compactmodels.workflows.recognition.device import of_card, of_synapse
from compactmodels.workflows.recognition.images import load
from compactmodels.workflows.recognition.run import recognise
from compactmodels.workflows.recognition.settings import Hardware, Network
from compactmodels.workflows.recognition.trains import train_between
from fitting import fit_plasticity

DATA = Path(__file__).resolve().parents[1] / "compactmodels" / "measurements" / "reram_gong2018.csv"
CHILD = Path(__file__).with_name("recognition_aihwkit_child.py")


def here(images, epochs: int, seeds: int) -> float:
    """Prints ours; noise of a pair's reading, of a weight from -1 to 1."""
    fit = fit_plasticity(
        str(DATA),
        "ltp",
        columns="up=1,down=2",
        conductance=(1e-6, 1e-5),  # the file has no unit; siemens do not matter without lines
        amplitude=1.0,
        width=1e-6,
    )
    device = of_card(fit.card("gong"))
    network = Network(epochs=epochs)
    recognise(device, images.first(100), network, seeds=1)  # compiles
    for name, hardware in (
        ("its noise at every reading", Hardware()),
        ("without read noise", Hardware(read_noise=0.0)),
    ):
        start = time.process_time()
        found = recognise(device, images, network, hardware, seeds=seeds, workers=1)
        own = found.accuracies
        each = np.mean([o.seconds for o in found.outcomes]) / epochs
        print(
            f"here, {name:34s} {100 * own.mean():5.1f} +- {100 * own.std(ddof=1):.1f} %, {each:.2f} s an epoch "
            f"({time.process_time() - start:.0f} s of CPU in all, floating point included)",
            flush=True,
        )
    return float(np.sqrt(2.0) * device.read_noise)


def presets(images, epochs: int, seeds: int, read: float) -> None:
    """The preset's own pulses in our program: its mean device, alone and with its scatter."""
    python = os.environ.get("COMPACTMODELS_AIHWKIT")
    if python is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pulses.npz"
        subprocess.run([python, str(CHILD), "pulses", str(path)], check=True)
        with np.load(path) as found:
            up, down, scatter = found["up"], found["down"], float(found["scatter"])
    trains = (train_between(1e-6 + 4.5e-6 * (w + 1.0)) for w in (up, down))
    device = of_synapse(Synapse(*trains), "preset")
    spread = {
        "device_spread": 0.2,
        "cycle_spread": 0.5 * scatter,
    }  # of the window, which is 2 there
    noise = read / np.sqrt(2.0)
    for name, hardware in (
        ("its mean device", Hardware(read_noise=0.0)),
        ("with its scatter", Hardware(read_noise=0.0, **spread)),
        ("scatter, our read noise", Hardware(read_noise=noise, **spread)),
    ):
        own = recognise(device, images, Network(epochs=epochs), hardware, seeds=seeds).accuracies
        print(
            f"here, the preset's pulses, {name:24s} {100 * own.mean():5.1f} +- {100 * own.std(ddof=1):.1f} %"
        )


def there(images, epochs: int, seeds: int, read: float) -> None:
    """``read``: noise of a pair's reading here, of a weight from -1 to 1; tried there in place of the write noise."""
    python = os.environ.get("COMPACTMODELS_AIHWKIT")
    if python is None:
        print("aihwkit: not run, COMPACTMODELS_AIHWKIT names no Python that has it")
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "digits.npz"
        np.savez(
            data,
            train_x=images.train_x / images.full,
            train_y=images.train_y,
            test_x=images.test_x / images.full,
            test_y=images.test_y,
        )
        words = [python, str(CHILD), str(data), str(epochs), str(seeds), str(read)]
        subprocess.run(words, check=True)


def main() -> None:
    images = load(sys.argv[1])
    epochs, seeds = (int(x) for x in (*sys.argv[2:4], *("6", "5")[len(sys.argv[2:4]) :]))
    read = here(images, epochs, seeds)
    presets(images, epochs, seeds, read)
    there(images, epochs, seeds, read)


if __name__ == "__main__":
    main()
