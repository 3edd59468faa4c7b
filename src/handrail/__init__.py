"""handrail: runbooks that run."""
