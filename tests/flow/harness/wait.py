# SPDX-License-Identifier: MIT
"""Waiting for conditions, never for a time. Limits are for hangs; they say nothing about speed."""
import os
import time

LIMIT_S = 30.0
PATIENCE = float(os.environ.get("PATIENCE", "1"))   # a slower machine multiplies every limit
STEP_S = 0.02


class NotYet(AssertionError):
    """A condition did not come in time."""


def wait_for(condition, limit=LIMIT_S, what="the condition"):
    """Calls condition() until it is true and returns its value. A refused connection counts as "not yet".

    what: words for the failure, or a function that makes them then.
    """
    end = time.monotonic() + limit * PATIENCE
    trouble = None
    while True:
        try:
            if value := condition():
                return value
        except OSError as error:
            trouble = error
        if time.monotonic() > end:
            words = what() if callable(what) else what
            raise NotYet(f"did not come within {limit * PATIENCE:.0f} s: {words}"
                         + (f" (last trouble: {trouble})" if trouble else ""))
        time.sleep(STEP_S)


def during(seconds):
    """Yields again and again until the seconds are over, at least once. The time is the scenario's ("away for
    a minute"), and what is checked meanwhile must not depend on it."""
    end = time.monotonic() + seconds
    while True:
        yield
        if time.monotonic() > end:
            return


def keeps_advancing(value, seconds, limit=LIMIT_S, what="it"):
    """For that many seconds value() must go on rising, one step after the other."""
    for _ in during(seconds):
        before = value()
        wait_for(lambda: value() > before, limit, f"{what} to rise beyond {before}")
