# SPDX-License-Identifier: MIT
"""What parkd must make of a count, written anew from the design (DESIGN §6): clamped to 0…open, else to
0…total, with a flag for what was cut. Knows nothing of parkd's code."""

COUNT_MAX = 65534


def norm_free(raw, total=None, open_=None):
    """(free, flags) of a claimed free count."""
    if raw is None:
        return None, set()
    most = open_ if open_ is not None else total if total is not None else COUNT_MAX
    flags = ({"negative"} if raw < 0 else set()) | ({"over_total"} if raw > most else set())
    return min(max(raw, 0), most), flags


def norm_claim(free=None, occupied=None, total=None, open_=None):
    """(free, flags) of a claim: the reported number, else open - occupied, else total - occupied
    (derived)."""
    if free is not None:
        return norm_free(free, total, open_)
    base = open_ if open_ is not None else total
    if occupied is None or base is None:
        return None, set()
    value, flags = norm_free(base - occupied, total, open_)
    return value, flags | {"derived"}


def band(free, base):
    """The band of a count without history."""
    if free is None:
        return "unknown"
    if free == 0:
        return "full"
    if base is None:
        return "few" if free < 10 else "plenty"
    if free * 10 < base or base >= 50 and free < 10:
        return "few"
    return "some" if free * 10 < base * 3 else "plenty"
