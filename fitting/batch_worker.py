"""The other side of :mod:`fitting.batch`: a process that fits what it is sent until nothing comes.

Started as ``python -m fitting.batch_worker DESCRIPTOR``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Final

LOOK: Final = 0.5
"""Seconds between two looks at whether the parent still lives."""


def main(descriptor: int) -> None:
    """Answer ``(function, item)`` with its result; an error that nobody foresaw ends the process.

    Parameters
    ----------
    descriptor : int
        Of the socket to the parent; its end means that the parent is done, or gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends us
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    connection = Connection(descriptor)
    try:
        connection.send("ready")
        while True:
            function, item = connection.recv()
            connection.send(function(item))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _watch(parent: int) -> None:
    """End with the parent, even one that was killed, in the middle of a fit too."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
