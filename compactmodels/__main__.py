"""``python -m compactmodels``."""

from compactmodels.cli import main

main()
