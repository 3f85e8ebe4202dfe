"""Representative devices as a review tabulates them: searched, and turned into a card to start from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from compactmodels import registry
from compactmodels.card import LONGEST_NAME, Entry, ModelCard
from compactmodels.errors import InputError
from compactmodels.model import Branch, Model

LRS: Final = 1e4
"""ohm, where nothing is published: a starting card's on state."""
RETENTION: Final = 1e4
"""s, where none is published."""


@dataclass(frozen=True, slots=True)
class Device:
    """One row of the table.

    Parameters
    ----------
    device : str
        Its layers, as printed.
    on_off : float
        Current or resistance ratio.
    thickness_nm : float or None
        Of the switching layer.
    retention_s : float or None
        For how long a state was seen to last.
    endurance : float or None
        Cycles.
    source : str
        Where the row stands.
    """

    device: str
    on_off: float
    thickness_nm: float | None = None
    retention_s: float | None = None
    endurance: float | None = None
    source: str = ""


@cache
def devices() -> tuple[Device, ...]:
    """Every row, in the table's order."""
    text = (resources.files("compactmodels") / "papers" / "devices.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return tuple(_device(row, table["source"]) for row in table["device"])


def _device(row: dict[str, Any], source: str) -> Device:
    numbers = {key: float(value) for key, value in row.items() if key != "device"}
    return Device(row["device"], source=source, **numbers)


def search(
    text: str = "",
    *,
    min_on_off: float | None = None,
    min_retention: float | None = None,
    min_endurance: float | None = None,
    max_thickness: float | None = None,
) -> list[Device]:
    """Devices that meet every condition given; one of which a number is not published meets none on it.

    Parameters
    ----------
    text : str
        Part of the layers, capital letters or not: ``hfo`` finds Ag/HfOx/Pt.
    min_on_off : float, optional
    min_retention : float, optional
        [s].
    min_endurance : float, optional
        Cycles.
    max_thickness : float, optional
        [nm].

    Returns
    -------
    list of Device
        In the table's order; empty where none does.

    Examples
    --------
    >>> [one.device for one in search("hfo")]
    ['Ag/HfOx/Pt']
    >>> [one.device for one in search(min_on_off=1e5, min_retention=1e5)]
    ['Ag/PEI/Pt']
    """
    least = {"on_off": min_on_off, "retention_s": min_retention, "endurance": min_endurance}
    return [
        one
        for one in devices()
        if text.casefold() in one.device.casefold()
        and all(_reaches(getattr(one, name), bound) for name, bound in least.items())
        and (
            max_thickness is None
            or (one.thickness_nm is not None and one.thickness_nm <= max_thickness)
        )
    ]


def _reaches(value: float | None, least: float | None) -> bool:
    return least is None or (value is not None and value >= least)


def starting_card(device: Device, lrs: float = LRS) -> ModelCard:
    """A card to start from: the published ratio and retention, all else assumed.

    An ohmic branch for each state and threshold switching; the volatile state carries no current.

    Parameters
    ----------
    device : Device
    lrs : float
        Resistance of the on state [ohm].

    Raises
    ------
    InputError
        A resistance that is not above 0.
    ParameterError
        A conductance out of bounds.
    """
    if not lrs > 0:
        raise InputError(f"lrs = {lrs} ohm: a resistance above 0 is expected", code="bad_option")
    model = Model(
        (
            Branch("on", registry.conduction("ohmic"), "on"),
            Branch("off", registry.conduction("ohmic"), "off"),
        ),
        registry.switching("volatile_gate"),
        registry.relaxation("exponential"),
    )
    default = "the part's default: nothing published"
    entries = {p.name: Entry(p.default, "assumed", default) for p in model.parameters}
    ratio = f"{device.source}: on/off ratio {device.on_off:g}"
    entries["on_g"] = Entry(1.0 / lrs, "assumed", f"on state of {lrs:g} ohm")
    # the ratio is published, the conductance that it is taken of is not
    entries["off_g"] = Entry(1.0 / (lrs * device.on_off), "assumed", f"on_g over the {ratio}")
    if device.retention_s is None:
        entries["sw_tau_w"] = Entry(RETENTION, "assumed", "no retention published")
    else:
        entries["sw_tau_w"] = Entry(
            device.retention_s, "published", f"{device.source}: retention, a lower bound"
        )
    known = {
        "thickness_nm": device.thickness_nm,
        "endurance": device.endurance,
        "retention_s": device.retention_s,
    }
    return ModelCard(
        _name(device.device),
        model,
        entries,
        title=device.device,
        citation=device.source,
        operation={"v_read": 0.1},
        provenance={
            "start": "a starting point, not a calibrated device: only the on/off ratio and the retention are its own",
            "on_off": device.on_off,
            **{key: value for key, value in known.items() if value is not None},
        },
    )


def _name(device: str) -> str:
    """The layers as a card's name."""
    name = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
    return (name if name[:1].isalpha() else f"d-{name}")[:LONGEST_NAME]
