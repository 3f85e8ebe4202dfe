"""Model QA of what is emitted, in the tools that a designer would use.

One small module for each group of checks, each of which ends in a tuple ``CHECKS``;
:mod:`compactmodels.workflows.check.runner` runs them.
"""
