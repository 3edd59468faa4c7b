"""Notifications on their way: a process of its own sends them, and by an outbox in the store each is sent once."""
