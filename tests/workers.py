"""Processes of pytest-xdist that end when their memory is full, each followed by a new one.

What XLA has compiled stays in the memory of a process until it ends: some 25 MB for a
network of the default width, and TensorFlow can give nothing of it back.
"""

import os
from pathlib import Path

import pytest
from xdist.scheduler import LoadGroupScheduling

FULL = 1.25 * 2**30  # bytes; a group that begins below it may still take some
STATM = Path("/proc/self/statm")  # where Linux says it; elsewhere a worker is never full


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Let a report say how much memory its process holds."""
    report = yield
    if STATM.exists():
        report.resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return report


def pytest_runtest_logreport(report):
    """Keep what a worker's last report said."""
    if hasattr(report, "node"):
        report.node.resident = getattr(report, "resident", 0)


class Recycling(LoadGroupScheduling):
    """Gives groups to workers whose memory is not full, and lets the others end."""

    def _reschedule(self, node):
        is_nearly_idle = self._pending_of(self.assigned_work[node]) <= 2
        if self.workqueue and is_nearly_idle and getattr(node, "resident", 0) > FULL:
            node.shutdown()  # after what it was given
        else:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Take the scheduler above where groups are asked for."""
    return Recycling(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Start a worker in place of one that has ended while there are groups left."""
    session = node.config.pluginmanager.get_plugin("dsession")
    is_stopped = error or session.shuttingdown or node.workeroutput["shouldfail"]
    if not is_stopped and not node.workeroutput["shouldstop"] and session.sched.workqueue:
        session._clone_node(node)
