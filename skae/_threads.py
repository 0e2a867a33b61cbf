"""BLAS held to one thread for a while, so that results do not depend on the cores."""

import contextlib
import functools
import os
import threading

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_holders = 0
_threads_before = []


@functools.cache
def _blas_libraries():
    return ThreadpoolController().select(user_api="blas").lib_controllers


@contextlib.contextmanager
def one_blas_thread():
    """Let BLAS use one thread inside the block, also when blocks overlap.

    A product that BLAS splits over threads differs in its last bits from one that it
    does not split. The first block in notes the numbers of threads, the last one out
    restores them: with plain nested limits, two overlapping threads could leave the
    limit in place for good.
    """
    global _holders
    with _lock:
        if _holders == 0:
            for library in _blas_libraries():
                _threads_before.append(library.get_num_threads())
                library.set_num_threads(1)
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0:
                for library, n_threads in zip(_blas_libraries(), _threads_before):
                    library.set_num_threads(n_threads)
                _threads_before.clear()


def n_threads_given():
    """Number of threads that BLAS, and so this process, was given."""
    with _lock:
        given = _threads_before if _holders else None
    if given is None:
        given = [library.get_num_threads() for library in _blas_libraries()]
    return max(given, default=os.cpu_count() or 1)
