"""The variable that names the system that is meant, where an inventory has several."""

SYSTEM_VARIABLE = "HANDRAIL_SYSTEM"
