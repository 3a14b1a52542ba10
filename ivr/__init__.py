"""The edges: HTTP, carrier, queue and command line. The only package that knows the network; it wires the others."""
