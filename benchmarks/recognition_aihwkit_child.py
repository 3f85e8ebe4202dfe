"""The network of recognition_aihwkit.py in aihwkit; run by it, in a Python that has aihwkit and torch."""

import sys
import time

import numpy as np
import torch
from aihwkit.nn import AnalogLinear, AnalogSequential
from aihwkit.optim import AnalogSGD
from aihwkit.simulator.configs import SingleRPUConfig
from aihwkit.simulator.configs.utils import IOParameters
from aihwkit.simulator.parameters import UpdateParameters
from aihwkit.simulator.parameters.enums import (
    BoundManagementType,
    NoiseManagementType,
    WeightNoiseType,
)
from aihwkit.simulator.presets import ReRamESPresetDevice
from aihwkit.simulator.tiles import AnalogTile
from torch import nn

RATE = 0.03
MOST = 5000
DW = ReRamESPresetDevice().dw_min


def reading(noise):
    """Exact, or with noise of every weight that is drawn anew at every reading, and nothing else."""
    if not noise:
        return IOParameters(is_perfect=True)
    return IOParameters(
        inp_bound=1e6,
        out_bound=1e6,
        inp_res=-1,
        out_res=-1,
        out_noise=0.0,
        noise_management=NoiseManagementType.NONE,
        bound_management=BoundManagementType.NONE,
        w_noise=noise,
        w_noise_type=WeightNoiseType.ADDITIVE_CONSTANT,
    )


def layer(inputs, outputs, noise):
    """``noise``: the preset's own when it writes, and what a weight reads off by."""
    writing, reads = noise
    config = SingleRPUConfig(device=ReRamESPresetDevice())
    config.forward = config.backward = reading(reads)
    if not writing:
        config.device.write_noise_std = 0.0
    return AnalogLinear(inputs, outputs, bias=True, rpu_config=config)


def one(data, epochs, seed, noise):
    torch.manual_seed(seed)
    x, y, tx = (torch.tensor(data[k]) for k in ("train_x", "train_y", "test_x"))
    x, y, tx = x.float(), y.long(), tx.float()
    net = AnalogSequential(
        layer(x.shape[1], 36, noise), nn.Sigmoid(), layer(36, 10, noise), nn.LogSoftmax(dim=1)
    )
    optimizer = AnalogSGD(net.parameters(), lr=RATE)
    optimizer.regroup_param_groups(net)
    loss = nn.NLLLoss()
    start = time.perf_counter()
    for _ in range(epochs):
        for i in torch.randperm(len(x)):
            optimizer.zero_grad()
            loss(net(x[i : i + 1]), y[i : i + 1]).backward()
            optimizer.step()
    seconds = (time.perf_counter() - start) / epochs
    net.eval()
    with torch.no_grad():
        said = net(tx).argmax(1).numpy()
    return (said == data["test_y"]).mean(), seconds


def pulses():
    """The preset's mean device: its weight before and after each pulse from end to end, up and down."""
    device = ReRamESPresetDevice(corrupt_devices_prob=0.0)
    for name in (
        "write_noise_std",
        "dw_min_std",
        "dw_min_dtod",
        "up_down_dtod",
        "w_max_dtod",
        "w_min_dtod",
    ):
        setattr(device, name, 0.0)
    one_pulse = UpdateParameters(desired_bl=1, update_bl_management=False, update_management=False)
    tile = AnalogTile(1, 1, SingleRPUConfig(device=device, update=one_pulse))
    x, d = -torch.ones(1, 1), torch.ones(1, 1)

    def run(direction):
        found = [float(tile.get_weights()[0])]
        for _ in range(MOST):
            tile.update(x, direction * d)
            found.append(float(tile.get_weights()[0]))
            if abs(found[-1]) > 0.98 and found[-1] * direction > 0:
                break
        return np.array(found)

    run(-1.0)
    return run(1.0), run(-1.0)


def main():
    torch.set_num_threads(1)
    if sys.argv[1] == "pulses":
        up, down = pulses()
        np.savez(sys.argv[2], up=up, down=down, scatter=ReRamESPresetDevice().dw_min_std * DW)
        return
    data = np.load(sys.argv[1])
    epochs, seeds, read = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    for name, noise in (
        ("its write noise", (True, 0.0)),
        ("without write noise", (False, 0.0)),
        (f"instead {read:.3f} at every reading", (False, read)),
    ):
        rows = np.array([one(data, epochs, seed, noise) for seed in range(seeds)])
        print(
            f"aihwkit, {name:31s} {100 * rows[:, 0].mean():5.1f} +- {100 * rows[:, 0].std(ddof=1):.1f} %, "
            f"{rows[:, 1].mean():.1f} s an epoch",
            flush=True,
        )


main()
