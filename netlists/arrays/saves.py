"""Which vectors ngspice keeps, and what they are called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from netlists.arrays.devices import Device
from netlists.arrays.network import Network

_PER_LINE = 50


def saved(
    network: Network,
    devices: Sequence[Device | None],
    selectors: Sequence[Device | None],
    wanted: Collection[str],
) -> list[str]:
    """``.save`` lines.

    Parameters
    ----------
    network : Network
    devices, selectors : sequence of Device or None
        By layer.
    wanted : collection of str
        ``ports``: voltages at the sources and outputs, and their currents; ``crossings``: voltages
        where cells meet their lines; ``states``: of the cells. None of them: everything is kept.
    """
    words: list[str] = []
    for plane in network.planes:
        if "ports" in wanted:
            for line, port in enumerate(plane.ports):
                if port is not None:
                    words += [f"i({plane.lines.source(line)})", f"v({network.names[port]})"]
        if "crossings" in wanted:
            words += [f"v({network.names[node]})" for node in np.unique(plane.nodes)]
    if "states" in wanted:
        words += [f"v({vector})" for *_, vector in state_vectors(network, devices, selectors)]
    words = list(dict.fromkeys(words))
    return [f".save {' '.join(words[k : k + _PER_LINE])}" for k in range(0, len(words), _PER_LINE)]


def state_vectors(
    network: Network, devices: Sequence[Device | None], selectors: Sequence[Device | None]
) -> Iterator[tuple[int, int, int, str, str]]:
    """Layer, row, column, state and its node, of every cell whose states have nodes.

    The states are ``w`` and ``s`` of the device, ``sel_w`` and ``sel_s`` of the selector.
    """
    for k, (crossbar, _, _) in enumerate(network.layers):
        assert crossbar.faults is not None
        there = ~crossbar.faults.open_cells
        moving = there & ~crossbar.faults.shorted_cells
        for device, mask, label, mark in (
            (devices[k], moving, "", ""),
            (selectors[k], there, "sel_", "s"),
        ):
            if device is None:
                continue
            for i, j in np.argwhere(mask):
                place = f"{mark}{network.cell_tag(k)}{i + 1}_{j + 1}"
                for name in device.states:
                    yield k, int(i), int(j), label + name, device.state(place, name).lower()
