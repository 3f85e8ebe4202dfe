"""A model parameter: its name, default, unit, meaning and physical bounds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import ParameterError
from compactmodels.units import si_factor

_NAME = re.compile(r"[a-z][a-z0-9_]*")

# Words that a SPICE expression or a Verilog-A module gives a meaning of its own.
RESERVED = frozenset(
    """
    time temper hertz temp m i v gnd pi e c boltz kelvin echarge planck no yes true false
    abs acos acosh asin asinh atan atanh ceil cos cosh ddt exp floor hypot idt int limexp ln log
    max min mod nint pow pwl pwr sgn sin sinh sqrt tan tanh u u2 uramp agauss gauss aunif unif
    limit var dec func param params subckt ends end model include lib tran dc ac op noise ic
    aliasparam always analog analysis and assign begin branch case default discipline else
    endcase enddiscipline endfunction endmodule endnature endparameter exclude flow for from
    function ground if inf initial inout input integer module nature nor not or output parameter
    potential real repeat string table while white_noise flicker_noise electrical hold w0 s0
    above absdelay access assert automatic buf bufif0 bufif1 casex casez cell
    cmos config connect connectmodule connectrules continuous cross ddt_nature ddx deassign
    defparam design disable discrete domain driver_update edge endconfig endconnectrules endgenerate
    endparamset endprimitive endspecify endtable endtask event final_step force forever fork generate
    genvar highz0 highz1 idt_nature idtmod incdir initial_step instance join laplace_nd laplace_np
    laplace_zd laplace_zp large last_crossing liblist library localparam macromodule medium merged
    nand negedge net_resolution nmos noise_table noshowcancelled notif0 notif1 paramset pmos posedge
    primitive pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent rcmos realtime reg
    release resolveto rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed slew small
    specify specparam split strong0 strong1 supply0 supply1 task timer tranif0 tranif1 transition tri
    tri0 tri1 triand trior trireg units unsigned use vectored wait wand weak0 weak1 wire wor wreal
    xnor xor zi_nd zi_np zi_zd zi_zp
    """.split()
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    Parameters
    ----------
    name : str
        Lower case.  A model prefixes it with its group's name; the result is unique and none of
        :data:`RESERVED`.
    default : float
        In ``unit``.
    unit : str
        A unit of :mod:`compactmodels.units`; "1" for a pure number.
    doc : str
        What it is, in the field's words.
    lower, upper : float
        Physical bounds, inclusive, in ``unit``.
    log : bool
        Whether it spans decades, so that a search steps in its logarithm.

    Raises
    ------
    ParameterError
        A malformed name, an unknown unit, or a default outside the bounds.
    """

    name: str
    default: float
    unit: str
    doc: str
    lower: float = -math.inf
    upper: float = math.inf
    log: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ParameterError(
                f"parameter name '{self.name}' is not lower-case letters, digits and '_'"
            )
        if self.log and self.lower <= 0:
            raise ParameterError(
                f"parameter '{self.name}' is log-scaled: its lower bound must be above 0"
            )
        si_factor(self.unit)
        self.check(self.default)

    @property
    def si_factor(self) -> float:
        """Factor from ``unit`` to SI."""
        return si_factor(self.unit)

    def check(self, value: Any, *, name: str | None = None) -> float:
        """``value`` as a float, if it is a finite number within the bounds.

        Raises
        ------
        ParameterError
            Otherwise; the sentence names the parameter, the value and the bounds.
        """
        label = name or self.name
        if hasattr(value, "item"):
            value = value.item()  # a NumPy scalar
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ParameterError(
                f"parameter '{label}' is {value!r}: a number in {self.unit} is expected"
            )
        value = float(value)
        if not math.isfinite(value):
            raise ParameterError(f"parameter '{label}' is {value}: a finite number is expected")
        if not self.lower <= value <= self.upper:
            raise ParameterError(
                f"parameter '{label}' = {value:g} {self.unit} lies outside its bounds "
                f"[{self.lower:g}, {self.upper:g}] {self.unit}"
            )
        return value


TEMPERATURE = Parameter("temperature", ROOM_TEMPERATURE, "K", "device temperature", 1.0, 2000.0)
"""The range of temperatures that anything here is computed for."""
