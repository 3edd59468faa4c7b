"""Data of every host in `inventories/vendhub/dev.py`."""

# The part of the system's YAML that is laid over the rest.
environment = "dev"
