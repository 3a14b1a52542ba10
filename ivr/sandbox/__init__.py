"""A carrier on this machine: the real one's REST API, TwiML player and signed webhooks, plus phones to hold in a
test.

Knows only the carrier's HTTP protocol; imports nothing of the application. The application cannot tell it from the
real carrier.
"""
