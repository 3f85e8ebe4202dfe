"""A card as a schematic symbol: for xschem, KiCad and LTspice, each with the netlist that it needs.

What was opened in its own tool and what was not stands in docs/schematic.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.names import comment, identifier, number
from compactmodels.templating import render
from netlists.subcircuit import subcircuit
from netlists.symbols_drawing import PINS, Drawing, drawing
from netlists.symbols_output import write_emitted
from netlists.testbench import EXACT, read_sweep, read_voltage

XSCHEM_UNIT: Final = 10.0
KICAD_UNIT: Final = 1.27
"""mm: half of KiCad's 100 mil, so that pins lie on the 50 mil grid."""
LTSPICE_UNIT: Final = 16.0
PIN_BOX: Final = 2.5
"""Half the width of xschem's pins."""
EDITABLE: Final = ("w0", "s0", "hold", "scale", "m")
"""What an instance shows for editing; it may set any other parameter of the subcircuit as well."""
_POLARITY: Final = "the thick bar marks n, positive v(p,n) drives current into p"
_SCHEMATIC: Final = "The schematic needs an .include of the subcircuit."


def emit_symbols(card: ModelCard, folder: Path) -> list[Path]:
    """Write symbols of a card and what makes them work into ``folder``.

    Parameters
    ----------
    card : ModelCard
    folder : Path

    Returns
    -------
    list of Path
        With ``otj`` for the card's name: ``otj.sym`` (xschem), ``otj_tb.sch`` (a bench with it),
        ``otj_xschemrc`` (paths for it), ``otj.kicad_sym`` (KiCad), ``otj.asy`` (LTspice), ``otj.cir``
        (the subcircuit for the first two) and ``otj_ltspice.lib`` (that for LTspice).

    Raises
    ------
    InputError
        Code ``cannot_write`` or ``name_taken``; nothing was written.
    NetlistError
        A name that may not stand in a netlist.
    """
    return write_emitted(card, folder, {**_xschem(card), **_kicad(card), **_ltspice(card)})


def _common(card: ModelCard) -> dict[str, Any]:
    return {
        "module": identifier(card.name, "symbol"),
        "card": card.name,
        "version": __version__,
    }


def _instance(card: ModelCard, **given: str) -> str:
    """Parameters as they stand in an instance's line, ``given`` ones instead of the usual."""
    usual = {"w0": "0", "s0": "0", "hold": "0", "scale": number(card.values["scale"]), "m": "1"}
    return " ".join(f"{name}={({**usual, **given})[name]}" for name in EDITABLE)


def _description(card: ModelCard, checked: str) -> str:
    title = comment(card.title)
    return (
        f"Memristor{': ' if title else ''}{title}; {_POLARITY}. "
        f"Emitted by compactmodels {__version__} from the card '{card.name}'. {checked}"
    )


def _whole(x: float) -> str:
    return f"{round(x)}"


def _xschem(card: ModelCard) -> dict[str, str]:
    common = _common(card)
    module = common["module"]
    drawn = drawing(XSCHEM_UNIT, _whole)
    read = read_sweep(card).voltage
    common |= {
        "description": _braced(_description(card, _SCHEMATIC)),
        "segments": drawn.segments,
        "bar": " ".join(c for point in drawn.bar for c in point),
        "pins": [(name, _box(float(getattr(drawn, name)))) for name in PINS],
        "v_read": number(read_voltage(card)),
        "editable": EDITABLE,
        "parameters": _instance(card),
        "held": _instance(card, w0="0.5", hold="1"),
        "dc_min": number(read[0]),
        "dc_max": number(read[-1]),
        "dc_step": number((read[-1] - read[0]) / (read.size - 1)),
        "options": EXACT,
    }
    return {
        f"{module}.sym": render("netlists", "memristor.sym.j2", **common),
        f"{module}_tb.sch": render("netlists", "memristor_tb.sch.j2", **common),
        f"{module}_xschemrc": render("netlists", "xschemrc.j2", **common),
        f"{module}.cir": subcircuit(card),
    }


def _box(y: float) -> str:
    return f"{-PIN_BOX:g} {y - PIN_BOX:g} {PIN_BOX:g} {y + PIN_BOX:g}"


def _braced(text: str) -> str:
    """Text inside xschem's braces."""
    return text.replace("{", "\\{").replace("}", "\\}").replace('"', "'")


def _quoted(text: str) -> str:
    """A KiCad string; ``comment`` has left no backslash in a user's text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _kicad(card: ModelCard) -> dict[str, str]:
    common = _common(card)
    module = common["module"]
    drawn = drawing(KICAD_UNIT, lambda x: f"{x:.6g}", up=True)
    return {
        f"{module}.kicad_sym": render(
            "netlists",
            "memristor.kicad_sym.j2",
            name=_quoted(module),
            body=_quoted(f"{module}_0_1"),
            unit=_quoted(f"{module}_1_1"),
            drawing=drawn,
            fields=_fields(card, common),
            pins=[
                {"name": name, "number": k + 1, "y": getattr(drawn, name), "angle": angle}
                for k, (name, angle) in enumerate(zip(PINS, (270, 90), strict=True))
            ],
        )
    }


def _fields(card: ModelCard, common: dict[str, Any]) -> list[dict[str, Any]]:
    """A symbol's fields: those of KiCad 7 and later (Sim.*), and of KiCad 6 (Spice_*)."""
    module, values = common["module"], _instance(card)
    checked = (
        "Format of KiCad 6; read and netlisted by kicad-cli 9, never opened in KiCad 6, 7 or 8."
    )
    shown = {"Reference": "X", "Value": module}
    hidden = {
        "Footprint": "",
        "Datasheet": "~",
        "Sim.Device": "SUBCKT",
        "Sim.Library": f"{module}.cir",
        "Sim.Name": module,
        "Sim.Pins": " ".join(f"{k}={name}" for k, name in enumerate(PINS, 1)),
        "Sim.Params": values,
        "Spice_Primitive": "X",
        "Spice_Model": f"{module} {values}",
        "Spice_Netlist_Enabled": "Y",
        "Spice_Lib_File": f"{module}.cir",
        "Spice_Node_Sequence": "1 2",
        "ki_keywords": "memristor memristive resistive switching",
        "ki_description": _description(card, checked),
    }
    places = {"Reference": ("2.54", "1.27"), "Value": ("2.54", "-1.27")}
    return [
        {
            "id": k,
            "name": _quoted(name),
            "value": _quoted(value),
            "x": places.get(name, ("0", "0"))[0],
            "y": places.get(name, ("0", "0"))[1],
            "justify": " (justify left)" if name in shown else "",
            "hide": "" if name in shown else " hide",
        }
        for k, (name, value) in enumerate((shown | hidden).items())
    ]


def _ltspice(card: ModelCard) -> dict[str, str]:
    common = _common(card)
    module = common["module"]
    drawn: Drawing = drawing(LTSPICE_UNIT, _whole)
    shading = [" ".join(c for point in line for c in point) for line in drawn.shading]
    symbol = render(
        "netlists",
        "memristor.asy.j2",
        module=module,
        library=f"{module}_ltspice.lib",
        parameters=_instance(card),
        description=_description(card, "Never opened in LTspice."),
        segments=[*drawn.segments, *shading],
        pins=[{"name": n, "number": k, "y": getattr(drawn, n)} for k, n in enumerate(PINS, 1)],
    )
    return {
        f"{module}.asy": symbol,
        f"{module}_ltspice.lib": subcircuit(card, dialect="ltspice"),
    }
