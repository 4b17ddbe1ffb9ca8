# SPDX-License-Identifier: MIT
"""Weeks that never were: writes the minute series that the lots of a scenario would have left, so that a demonstration can show a usual
day and tell what to expect. Keys and slots as store/keys.h and model/series.h say; one count a quarter of an hour."""
import binascii
import datetime
import subprocess
import time

from . import day

DAY_MS = 86_400_000
STEP_MS = 900_000
PARTITIONS = 16


def key_of(prefix, lot, midnight_ms):
    date = datetime.datetime.fromtimestamp(midnight_ms / 1000, datetime.timezone.utc)
    return f"{prefix}{{p{binascii.crc_hqx(lot.encode(), 0) % PARTITIONS:02d}}}:day:{lot}:{date:%Y%m%d}"


def slots(lot, midnight_ms, now_ms):
    places = lot["open"] or lot["total"]
    data = bytearray(1440 * 2)
    for at in range(midnight_ms, min(midnight_ms + DAY_MS, now_ms), STEP_MS):
        free = places - day.occupied(lot["kind"], lot["seed"], places, at)
        minute = (at - midnight_ms) // 60_000
        data[minute * 2:minute * 2 + 2] = (free + 1).to_bytes(2, "big")
    return bytes(data)


def command(*words):
    words = [one if isinstance(one, bytes) else one.encode() for one in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in words)


def write(socket_path, lots, days, prefix="parkd:"):
    """The last days of each lot that is not silent, into the Redis behind that socket."""
    now = int(time.time() * 1000)
    midnights = [now // DAY_MS * DAY_MS - back * DAY_MS for back in range(days)]
    text = b"".join(command("SET", key_of(prefix, lot["id"], at), slots(lot, at, now)) for lot in lots if not lot["silent"] for at in midnights)
    subprocess.run(["redis-cli", "-s", socket_path, "--pipe"], input=text, check=True, stdout=subprocess.DEVNULL)
