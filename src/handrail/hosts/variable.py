"""Names that inventories and the shell have for us: the system that is meant, and what AWS runs."""

SYSTEM_VARIABLE = "HANDRAIL_SYSTEM"
# How pyinfra's names begin for what AWS runs, which no SSH reaches.
ON_AWS = "@ecs/"
