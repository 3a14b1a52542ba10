"""What the kernel knows of a process (Linux, /proc): its family, its memory, its processor time."""

import os
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def children(process_id: int) -> list[int]:
    """The processes that this one started and that still run; none when it has ended."""
    found: list[int] = []
    for task in _PROC.glob(f"{process_id}/task/*/children"):
        with suppress(OSError):
            found += [int(word) for word in task.read_text(encoding="ascii").split()]
    return found


def family(process_id: int) -> list[int]:
    """This process and everything below it."""
    return [process_id, *(one for child in children(process_id) for one in family(child))]


def command_line(process_id: int) -> list[str]:
    """The words with which a process was started."""
    raw = (_PROC / str(process_id) / "cmdline").read_bytes()
    return [word for word in raw.decode("utf-8", "replace").split("\0") if word]


def peak_megabytes(process_id: int) -> float:
    """The most memory that one process ever held, in MB of 1,000,000 bytes: VmHWM, resident, shared pages counted in full."""
    for line in (_PROC / str(process_id) / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def processor_seconds(process_id: int) -> float:
    """The processor time that this process and everything below it have used up to now; what ended is not counted."""
    used = 0
    for one in family(process_id):
        # The name in parentheses may hold anything; after it, user and system time are the 12th and 13th field.
        fields = (_PROC / str(one) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")
