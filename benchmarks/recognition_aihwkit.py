"""The same measured device and the same network here and in aihwkit: accuracy, and seconds an epoch.

    COMPACTMODELS_AIHWKIT=PYTHON python benchmarks/recognition_aihwkit.py DIR [EPOCHS] [SEEDS]

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

from compactmodels.workflows.recognition.device import of_card
from compactmodels.workflows.recognition.images import load
from compactmodels.workflows.recognition.run import recognise
from compactmodels.workflows.recognition.settings import Hardware, Network
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
    epochs, seeds = (int(x) for x in (*sys.argv[2:4], *("6", "3")[len(sys.argv[2:4]) :]))
    read = here(images, epochs, seeds)
    there(images, epochs, seeds, read)


if __name__ == "__main__":
    main()
