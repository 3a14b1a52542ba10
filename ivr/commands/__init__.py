"""Bodies of the commands that are more than one call. `ivr.cli` and `ivr.flowcli` declare them."""
