"""What each kind of our calls to colleagues does, put together once for web and workers."""

from ivr import pageflow, ringflow
from ivr.legflow import Scripts
from ivr.wiring import Helpline
from tickets.states import LegPurpose


def scripts_of(desk: Helpline) -> Scripts:
    """The scripts by purpose."""
    return {LegPurpose.RING: ringflow.script(desk), LegPurpose.PAGE: pageflow.script(desk)}
