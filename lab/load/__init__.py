"""Load on the lab, counted strictly, from a process of its own.

with Load("http://127.0.0.1:8080") as load:
    load.mark("deploy")
    ...
report = load.report()
"""

from lab.load.handle import DEFAULT_PATHS, Load
from lab.load.report import Failure, Phase, Report

__all__ = ["DEFAULT_PATHS", "Failure", "Load", "Phase", "Report"]
