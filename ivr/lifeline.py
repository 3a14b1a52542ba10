"""No process outlives the one that started it, however that one ended, `kill -9` included.

On Linux the kernel tells the child (prctl PR_SET_PDEATHSIG); everywhere a thread looks whether the parent is still the
same. The kernel's signal can be caught and take its time, so the thread also ends what is left after `GRACE` seconds.
"""

import ctypes
import os
import signal
import sys
import threading
import time

PARENT_PID = "HELPLINE_PARENT_PID"
GRACE = 8.0
_LOOK_EVERY = 0.5
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child between fork and exec may not load libraries.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def ask_kernel(parent: int, wanted: signal.Signals) -> None:
    """Have this process sent `wanted` when the thread that started it ends. Linux only, elsewhere nothing happens.

    Ends this process at once when `parent` is already gone: the request came too late. Safe between fork and exec.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(wanted), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def watch_parent() -> None:
    """Called by every role. Ties this process to the one named in `HELPLINE_PARENT_PID`; without it, does nothing."""
    value = os.environ.pop(PARENT_PID, "")
    if not value.isdigit():
        return
    parent = int(value)
    ask_kernel(parent, signal.SIGTERM)
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
