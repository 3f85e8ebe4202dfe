"""Errors for people: what was found, where, what was expected, what to do next.

Every error that a user can cause or meet is one of these small classes.  Each has a
standard-library second base, so that ``except ValueError`` keeps working, a machine-readable
``code`` and the exit status the command line ends with: 2 when the input or the usage is wrong,
1 when the job itself failed.
"""

from __future__ import annotations


class CompactModelsError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        One readable sentence.
    code : str, optional
        Machine-readable reason; defaults to the class's own.
    """

    code: str = "error"
    exit_status: int = 1

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        """The sentence, without the class name."""
        return str(self.args[0])


class InputError(CompactModelsError, ValueError):
    """The input or the usage is wrong (exit status 2)."""

    code = "bad_input"
    exit_status = 2


class DataFileError(InputError):
    """A measurement file cannot be read as one."""

    code = "bad_data_file"


class CardError(InputError):
    """A model card is not valid."""

    code = "bad_card"


class ParameterError(InputError):
    """A parameter is unknown, outside its bounds, not finite or in a wrong unit."""

    code = "bad_parameter"


class ProtocolError(InputError):
    """A protocol (sweep, pulse train) is not valid."""

    code = "bad_protocol"


class NetlistError(InputError):
    """A name or a value may not stand in a netlist."""

    code = "bad_netlist"


class JobError(CompactModelsError, RuntimeError):
    """The input was fine, the job was not (exit status 1)."""

    code = "job_failed"


class FitRefused(JobError):
    """The data do not carry the fit that was asked for; ``code`` says why."""

    code = "fit_refused"


class SimulationError(JobError):
    """A simulator ran and failed; the message carries its own words."""

    code = "simulation_failed"


class ToolMissing(JobError):
    """A program or library that this step needs is not installed."""

    code = "tool_missing"


class PrinterError(JobError, NotImplementedError):
    """A printer has no rule for a function in an equation."""

    code = "no_printer_rule"
