"""Data of every host in `inventories/marketplace/dev.py`."""

# The part of the system's YAML that is laid over the rest.
environment = "dev"
