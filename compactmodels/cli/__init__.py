"""The command line: parse, call, print.

Heavy libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import sys
import traceback
from typing import Any, Final, NoReturn

import typer

from compactmodels.cli.app import app
from compactmodels.cli.output import state
from compactmodels.errors import CompactModelsError, InputError, JobError

__all__ = ["app", "main"]

INTERRUPTED: Final = 130
_UsageError: Any = typer.BadParameter.__bases__[0]
"""Click's, wherever this Typer keeps it: its own copy, or the package."""


def main() -> NoReturn:
    """Entry point: errors become one sentence and an exit status."""
    state.listen(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a file's name may be any bytes
    try:
        status = _run()
    except CompactModelsError as error:
        if state.debug:
            traceback.print_exc()
        state.fail(error)
        status = error.exit_status
    if status == INTERRUPTED:
        state.fail(JobError("interrupted; nothing half-written was left", code="interrupted"))
    sys.exit(status)


def _run() -> int:
    """Run the command that the arguments name; its exit status."""
    from compactmodels._house import check_house

    try:
        check_house()
        return app(standalone_mode=False, prog_name="compactmodels") or 0
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return int(error.exit_code)
        raise _usage(error) from error
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # `compactmodels models | head`
        sys.stderr.close()
        return 141
    except OSError as error:
        place = f" at '{error.filename}'" if error.filename else ""
        kind = InputError if error.errno == errno.ENAMETOOLONG else JobError
        raise kind(
            f"the system refused{place}: {error.strerror or error}", code="system"
        ) from error
    except MemoryError as error:
        raise JobError("not enough memory for this job: make it smaller", code="memory") from error


def _usage(error: Any) -> InputError:
    """Typer's refusal of an option or argument as one sentence."""
    command = error.ctx.command_path if error.ctx is not None else "compactmodels"
    words = " ".join(error.format_message().split()).removesuffix(".")
    return InputError(f"{command}: {words}; see '{command} --help'", code="usage")
