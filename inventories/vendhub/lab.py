"""VendHub in the lab on this machine: `python -m lab up --system vendhub` brings it up."""

from lab.inventory import group

app = group("app", "vendhub")
