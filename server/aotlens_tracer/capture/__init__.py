"""Target and example to captured graphs."""
