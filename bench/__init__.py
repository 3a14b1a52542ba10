"""Measurements, not tests: `make bench` prints tables, and nothing here fails because something was slow.

docs/benchmarks.md says what is compared with what, and how to read it.
"""
