"""The command line: parse, call, print.

Heavy libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from compactmodels.cli.app import app
from compactmodels.cli.output import state
from compactmodels.errors import CompactModelsError

__all__ = ["app", "main"]


def main() -> NoReturn:
    """Entry point: errors become one sentence and an exit status."""
    from compactmodels._house import check_house

    try:
        check_house()
        app()
    except CompactModelsError as error:
        if state.debug:
            raise
        state.fail(error)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except BrokenPipeError:  # `compactmodels models | head`
        sys.stderr.close()
        sys.exit(141)
    sys.exit(0)
