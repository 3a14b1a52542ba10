"""`python -m ivr`: the command `helpline` in a checkout that is not installed."""

from ivr.cli import main

main()
