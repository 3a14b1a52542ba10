"""A month in the life of a desk, in seconds: clients, colleagues, a carrier and machines that do things at random."""
