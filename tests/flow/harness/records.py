# SPDX-License-Identifier: MIT
"""What stands in Redis, read independently of parkd: records of lots, day strings, change feed, key names."""
import datetime

MINUTES = 1440


def crc16(data):
    """XMODEM, as Redis Cluster hashes keys."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


class Record:
    """seq, times and counts of one lot. `visible` is what must not change while seq stays."""

    def __init__(self, text):
        self.text = text
        head, _, self.visible = text.partition(" | ")
        fields = dict(one.split("=", 1) for one in (head + " " + self.visible).split() if "=" in one)
        self.seq, self.sseq = int(fields["seq"]), int(fields["sseq"])
        self.changed_ms, self.observed_ms, self.received_ms = (int(fields[k]) for k in ("chg", "obs", "rcv"))
        self.free, self.open, self.total = (_count(fields.get(k, "-")) for k in ("free", "open", "total"))
        self.status, self.band = fields.get("status", "unknown"), fields.get("band", "unknown")
        self.quality = set(fields["q"].split(",")) if fields.get("q") else set()
        self.expired, self.last_free = fields.get("expired") == "1", _count(fields.get("last", "-"))
        self.raw_free = _count(fields.get("rf", "-"))
        self.classes, self.zones = fields.get("cls", ""), fields.get("zones", "")

    def __repr__(self):
        return f"<{self.text}>"


def _count(text):
    return None if text == "-" else int(text)


class Store:
    """The keys of one parkd, whatever its number of partitions."""

    def __init__(self, redis, prefix="parkd:"):
        self.redis, self.prefix = redis, prefix
        self._partitions = None

    def partitions(self):
        if self._partitions is None:
            self._partitions = int(self.redis.hash(self.prefix + "meta")["partitions"])
        return self._partitions

    def tag(self, number):
        return f"{self.prefix}{{p{number:02d}}}"

    def tag_of(self, lot):
        return self.tag(crc16(lot.encode()) % self.partitions())

    def record(self, lot):
        text = self.redis("HGET", self.tag_of(lot) + ":state", lot)
        return Record(text.decode()) if text else None

    def records(self):
        """All lots, and a check that each stands in its own partition."""
        found = {}
        for number in range(self.partitions()):
            for lot, text in self.redis.hash(self.tag(number) + ":state").items():
                wanted = crc16(lot.encode()) % self.partitions()
                assert wanted == number, f"{lot} stands in partition {number}"
                found[lot] = Record(text)
        return found

    def day(self, lot, ms):
        """Free places of the 1440 minutes of that UTC day, None for a minute without an observation."""
        name = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y%m%d")
        data = self.redis("GET", f"{self.tag_of(lot)}:day:{lot}:{name}") or b""
        slots = [int.from_bytes(data[at:at + 2], "big") for at in range(0, len(data), 2)]
        return [value - 1 if value else None for value in slots] + [None] * (MINUTES - len(slots))

    def changes(self, lot):
        """The lot's records in the order in which the change feed tells them (as far back as it is kept)."""
        found = []
        for _, fields in self.redis("XRANGE", self.tag_of(lot) + ":changes", "-", "+"):
            for name, text in zip(fields[::2], fields[1::2]):
                if name.decode() == lot:
                    found.append(Record(text.decode()))
        return found

    def acked(self, sink):
        """lot -> seq that the sink has acknowledged."""
        found = {}
        for number in range(self.partitions()):
            found |= self.redis.hash(f"{self.tag(number)}:acked:{sink}")
        return {lot: int(seq) for lot, seq in found.items()}

    def held(self, sink):
        """Lots in that sink's quarantine."""
        found = {}
        for number in range(self.partitions()):
            found |= self.redis.hash(f"{self.tag(number)}:held:{sink}")
        return found


def carried(slots):
    """A day's minutes with gaps filled by what held before."""
    out, last = [], None
    for value in slots:
        last = value if value is not None else last
        out.append(last)
    return out
