"""Commands for hosts, what hosts say of themselves, and inventories."""
