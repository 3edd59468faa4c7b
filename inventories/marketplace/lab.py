"""Equipment Marketplace in the lab on this machine: `python -m lab up --system marketplace` brings it up."""

from lab.inventory import group

app = group("app", "marketplace")
