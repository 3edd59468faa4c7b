"""Inventory in the lab on this machine: `python -m lab up --system inventory` brings it up."""

from lab.inventory import group

edge = group("edge", "inventory")
app = group("app", "inventory")
db = group("db", "inventory")
