"""Lines for the console, which may be narrow-minded, closed or gone."""

import contextlib
import sys

_PLAIN = str.maketrans({"²": "2", "±": "~", "µ": "u"})


def say(line):
    """Print a line, in plainer characters if the console has no others.

    A line that cannot be printed is no reason to lose a fit: a console that is closed
    or broken gets none.
    """
    with contextlib.suppress(OSError, ValueError):
        print(printable(line), flush=True)


def printable(line):
    """Return a text without characters that the console does not have."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        plain = line.translate(_PLAIN).encode(encoding, "backslashreplace")
        return plain.decode(encoding)
    return line
