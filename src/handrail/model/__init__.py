"""The model: what a system is and what to do next. Pure: no I/O, no clock; times and facts come in as arguments."""
