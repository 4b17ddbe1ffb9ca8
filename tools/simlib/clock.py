# SPDX-License-Identifier: MIT
"""The wall clock of the simulators, the same one parkd's test clock shows.

Wall time is start + (real - origin) x rate, three numbers given to every program of one test. Without them it
is the system's clock. Only wall time is sped up; waits and timeouts stay real.
"""
import calendar
import datetime
import time

BEIJING_S = 8 * 3600


class Clock:
    """Wall milliseconds, and how long to wait in real seconds until a wall moment comes."""

    def __init__(self, start_ms=0, origin_ms=0, rate=0.0):
        self.start_ms, self.origin_ms, self.rate = start_ms, origin_ms, rate

    @classmethod
    def parse(cls, text):
        """START_MS,ORIGIN_MS,RATE as parkd takes it; None or "" is the system's clock."""
        if not text:
            return cls()
        parts = text.split(",")
        if len(parts) != 3:
            raise ValueError("clock wants START_MS,ORIGIN_MS,RATE")
        clock = cls(int(parts[0]), int(parts[1]), float(parts[2]))
        if clock.rate <= 0:
            raise ValueError("the clock's rate must be above 0")
        return clock

    def wall_ms(self):
        real = time.time() * 1000
        if not self.rate:
            return int(real)
        return int(self.start_ms + (real - self.origin_ms) * self.rate)

    def wait_s(self, wall_ms):
        """Real seconds until wall_ms; 0 when it has passed."""
        return max(0.0, (wall_ms - self.wall_ms()) / 1000 / (self.rate or 1.0))


def real_ms():
    return int(time.time() * 1000)


def rfc3339(ms):
    """2026-06-10T00:00:01Z, with milliseconds only when there are any."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000))
    part = ms % 1000
    return f"{text}.{part:03d}Z" if part else text + "Z"


def beijing(ms):
    """yyyy-MM-dd HH:mm:ss as Chinese vendors write it: Beijing time, no zone named."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ms // 1000 + BEIJING_S))


def beijing_parse(text):
    """The inverse of beijing(), in milliseconds. ValueError."""
    return (calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S")) - BEIJING_S) * 1000


def parse_iso(text):
    """An ISO 8601 moment (UTC unless it names a zone) in milliseconds. ValueError."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)
