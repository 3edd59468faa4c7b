"""Data of every host in every inventory; what a file for one inventory says goes before it."""

# YAML files in inventories/, one for each system that runs on these hosts.
systems = ("sanvi.yaml",)
