"""Evidence: events of a run, and the records that hosts keep."""
