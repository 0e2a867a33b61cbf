"""Compiled programs kept for the next fit of the same architecture."""

import contextlib
import threading
from collections import OrderedDict

MAX_IDLE = 16

_lock = threading.Lock()
_idle = OrderedDict()


@contextlib.contextmanager
def borrowed_program(key, build):
    """Lend a program to one fit at a time.

    Parameters
    ----------
    key : hashable or None
        Programs with equal keys do the same; None keeps nothing.
    build : callable
        ``() -> Program``, called if no idle program has the key. Two fits that run at
        the same time therefore get two programs.
    """
    with _lock:
        waiting = _idle.get(key)
        program = waiting.pop() if waiting else None
        if waiting is not None and not waiting:
            del _idle[key]  # or, as the oldest, it would be asked for a program it lacks
    if program is None:
        program = build()
    try:
        yield program
    finally:  # also after a failure: the next fit sets all that is not compiled in
        if key is not None and program.is_untouched:
            _put_back(key, program)


def _put_back(key, program):
    with _lock:
        _idle.setdefault(key, []).append(program)
        _idle.move_to_end(key)
        while sum(map(len, _idle.values())) > MAX_IDLE:
            oldest = next(iter(_idle))
            _idle[oldest].pop(0)
            if not _idle[oldest]:
                del _idle[oldest]
