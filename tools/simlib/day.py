# SPDX-License-Identifier: MIT
"""A believable day: how full a car park is at a moment, by its kind and seed.

A pure function of lot and wall time: two runs agree, and any moment can be asked for. A day is a curve
through the share occupied at some hours (Beijing time), one curve for working days and one for the weekend,
shifted a little per lot and day. Over it lie two layers of noise: half-hour waves (weather, events) and
single cars coming and going.
"""
DAY_MS = 86_400_000
BEIJING_MS = 8 * 3_600_000
MASK = (1 << 64) - 1

# (hour, share of places occupied); a curve goes round midnight.
CURVES = {
    "office": ([(0, .08), (6, .10), (7.5, .35), (9, .90), (11.5, .95), (12.5, .86), (14, .94), (17, .85),
                (18.5, .40), (20, .18), (22, .10)],
               [(0, .06), (8, .10), (11, .25), (15, .22), (19, .10)]),
    "mall": ([(0, .07), (8, .08), (10, .30), (12.3, .68), (14.5, .52), (17, .60), (19.3, .92), (21, .70),
              (22.5, .20)],
             [(0, .09), (8, .10), (10, .45), (12, .90), (15, .97), (17, .90), (19.3, .99), (21, .75),
              (22.5, .22)]),
    "residential": ([(0, .95), (6, .93), (8, .55), (11, .42), (15, .45), (18, .72), (20, .90), (22, .96)],
                    [(0, .95), (8, .88), (11, .70), (15, .66), (18, .80), (21, .95)]),
    "hospital": ([(0, .22), (6, .35), (8, .97), (10.5, 1.0), (12.5, .80), (14.5, .93), (17, .55), (20, .30)],
                 [(0, .22), (8, .60), (10, .80), (14, .55), (20, .28)]),
    "station": ([(0, .55), (5, .50), (8, .72), (12, .78), (17, .85), (20, .70), (23, .58)],
                [(0, .60), (8, .75), (11, .90), (17, .95), (20, .85), (23, .66)]),
    "park": ([(0, .03), (6, .20), (8, .28), (12, .15), (16, .30), (19, .42), (21, .12)],
             [(0, .03), (7, .25), (10, .80), (15, .95), (18, .55), (20, .30), (22, .06)]),
}
KINDS = tuple(CURVES)


def mix(value):
    """A 64-bit number scattered over 0...1 (the finaliser of splitmix64)."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return (value ^ (value >> 31)) / (MASK + 1)


def wave(seed, ms, period_ms):
    """Smooth noise of -1...1 with a new direction every period."""
    step, rest = divmod(ms, period_ms)
    part = rest / period_ms
    part = part * part * (3 - 2 * part)
    low, high = mix(seed * 0x10001 + step), mix(seed * 0x10001 + step + 1)
    return 2 * (low + (high - low) * part) - 1


def on_curve(curve, hour):
    """The share occupied at that hour, straight between the points."""
    before = (curve[-1][0] - 24, curve[-1][1])
    for point in curve:
        if hour < point[0]:
            part = (hour - before[0]) / (point[0] - before[0])
            return before[1] + (point[1] - before[1]) * part
        before = point
    part = (hour - before[0]) / (curve[0][0] + 24 - before[0])
    return before[1] + (curve[0][1] - before[1]) * part


def occupied(kind, seed, places, wall_ms):
    """Cars on the open places of a lot, 0...places."""
    local = wall_ms + BEIJING_MS
    day, rest = divmod(local, DAY_MS)
    weekend = (day + 3) % 7 >= 5          # day 0 of the epoch was a Thursday
    shift = (mix(seed * 977 + day) - .5) * .8
    share = on_curve(CURVES[kind][weekend], (rest / 3_600_000 + shift) % 24)
    share *= .92 + .12 * mix(seed * 31 + day * 7)
    share += .03 * wave(seed, wall_ms, 1_800_000)
    cars = share * places + (1 + places ** .5 / 8) * wave(seed + 7, wall_ms, 15_000)
    return max(0, min(places, round(cars)))
