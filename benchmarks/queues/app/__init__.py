"""A small Django app with the benchmark's actors."""
