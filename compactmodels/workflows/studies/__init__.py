"""Studies of arrays: what size, lines, window, scatter, faults and selectors do to what is read.

Each is a sweep of one setting, solved by the fast engine, with closed forms beside it where there are
any (:mod:`.estimates`).
"""

from __future__ import annotations

from compactmodels.workflows.studies.catalogue import STUDIES, Output, Study
from compactmodels.workflows.studies.run import Outcome, Row, find, run_study, write
from compactmodels.workflows.studies.settings import Setting

__all__ = ["STUDIES", "Outcome", "Output", "Row", "Setting", "Study", "find", "run_study", "write"]
