"""Options that many tasks share."""

HELP = {
    "inventory": "inventory file; HANDRAIL_INVENTORY if left out",
    "json": "one JSON object on standard output, for machines",
    "yes": "do not ask",
    "dry_run": "show what would be done on which host; change nothing",
}
