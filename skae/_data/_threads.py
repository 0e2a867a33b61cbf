"""BLAS held to one thread for a while, and what is prepared in another thread."""

import contextlib
import functools
import os
import threading
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import ThreadpoolController

_lock = threading.RLock()  # a handler of signals may fork while its thread holds it
_holders: Counter = Counter()  # blocks that are open, by thread
_threads_before: list = []


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
    thread = threading.get_ident()
    with _lock:
        if not _holders:
            for library in _blas_libraries():
                _threads_before.append(library.get_num_threads())
                _set_threads(library, 1)
        _holders[thread] += 1
    try:
        yield
    finally:
        with _lock:
            _holders.subtract([thread])
            _restore_if_unheld()


def one_ahead(items):
    """Yield the items of an iterator, the next one being made in another thread."""
    with contextlib.ExitStack() as stack:
        if hasattr(items, "close"):
            stack.callback(items.close)
        worker = stack.enter_context(ThreadPoolExecutor(1))
        upcoming = worker.submit(next, items, None)
        while (current := upcoming.result()) is not None:
            upcoming = worker.submit(next, items, None)
            yield current


def in_threads(function, items):
    """Return what a function gives for each item, called in as many threads as BLAS has.

    A thread takes one item after another: to ask for each of many small ones would take
    the time of a thread that works. None is begun behind an error.
    """
    n_threads = min(n_threads_given(), len(items)) if len(items) > 1 else 1
    if n_threads == 1:
        return [function(item) for item in items]
    waiting, results = deque(enumerate(items)), [None] * len(items)

    def work():
        while True:
            try:
                place, item = waiting.popleft()
            except IndexError:  # nothing is left
                return
            results[place] = function(item)

    with ThreadPoolExecutor(n_threads) as pool:
        workers = [pool.submit(work) for _ in range(n_threads)]
        try:
            for worker in workers:
                worker.result()
        finally:
            waiting.clear()
    return results


def _restore_if_unheld():
    """Forget threads without open blocks; without any, give BLAS its threads back."""
    for thread in [thread for thread, n_blocks in _holders.items() if n_blocks <= 0]:
        del _holders[thread]
    if not _holders:
        for library, n_threads in zip(_blas_libraries(), _threads_before):
            _set_threads(library, n_threads)
        _threads_before.clear()


def _set_threads(library, n_threads):
    """Set the threads of a library, whichever thread has set them before.

    From version 3.8 on, threadpoolctl lets only one thread do so, and ignores others.
    """
    clear = getattr(library, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)
    library.set_num_threads(n_threads)
    if clear is not None:
        clear(force=True)


def n_threads_given():
    """Number of threads that BLAS, and so this process, was given."""
    with _lock:
        given = list(_threads_before) if _holders else None
    if given is None:
        given = [library.get_num_threads() for library in _blas_libraries()]
    return max(given, default=os.cpu_count() or 1)


def _renew_in_child():
    """Forget the blocks of other threads: they did not follow into the child."""
    global _lock
    _lock = threading.RLock()
    here = threading.get_ident()
    for thread in [thread for thread in _holders if thread != here]:
        del _holders[thread]
    _restore_if_unheld()


if hasattr(os, "register_at_fork"):  # the lock is taken, so that the child finds order
    os.register_at_fork(
        before=lambda: _lock.acquire(),
        after_in_child=_renew_in_child,
        after_in_parent=lambda: _lock.release(),
    )
