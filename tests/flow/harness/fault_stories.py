# SPDX-License-Identifier: MIT
"""Stories that fill several cells of the fault matrix at once: what goes wrong inside Redis, behind two parkd, on the
disk, with descriptors and with the clock."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess

from .parkd import SANITIZERS, Parkd
from .redis import RedisServer
from .scene import Scene, need_root, silent_resolver
from .wait import during, wait_for

LEASE_S = 45


# ---- Redis refuses

def redis_refuses(world):
    """Error replies are never a yes: 503, memory answers, acknowledgements wait; then on without a hand."""
    scene = Scene(world, external=True).start()
    own = scene.own_redis()
    ways = {"OOM": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
            "READONLY": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
            "NOREPLICAS": (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
            "NOAUTH": (("ACL", "SETUSER", "default", "resetpass", ">x"), ("ACL", "SETUSER", "default", "nopass"))}
    for at, (words, (breaks, mends)) in enumerate(ways.items()):
        own(*breaks)
        own("CLIENT", "KILL", "TYPE", "normal")
        wait_for(lambda: scene.push("A", 600).status == 503, 60, f"{words}: 503")
        before = scene.parkd.lot("A")
        assert before["free"] != 600 and scene.parkd.get("/v1/lots").status == 200, words
        acked = {} if words == "NOAUTH" else scene.parkd.store.acked("city")
        own(*mends)
        scene.back()
        scene.took("A", 100 + at)
        scene.polled(200 + at)
        assert all(scene.parkd.store.acked("city").get(lot, 0) >= seq for lot, seq in acked.items())
        scene.level()


def redis_says(world):
    """Single replies that a healthy Redis does not give: the update is done again, or answered 503."""
    scene = Scene(world, external=True).start()
    for at, words in enumerate((b"-LOADING Redis is loading", b"-MOVED 1 127.0.0.1:1", b"-ASK 1 127.0.0.1:1", b"-BUSY script",
                                b"-MISCONF disk", b"-TRYAGAIN slots", b"-CLUSTERDOWN", b"-ERR what", b"+OK", b":1", b"$-1")):
        scene.to_redis.say_instead(words + b"\r\n")
        wait_for(lambda: scene.to_redis._instead is None, what="the reply to be replaced")
        wait_for(lambda: scene.push("A", 300 + at).status == 200, 60, lambda: f"{words}: {scene.parkd.log()}")
        assert scene.parkd.store.record("A").free == 300 + at
    scene.level()


# ---- the last writes are lost (failover, a power cut)

def lost_tail(world):
    scene = Scene(world, external=True).start()
    for free in range(400, 420):
        scene.took("A", free)
    scene.level()
    top = {lot: one.seq for lot, one in scene.parkd.store.records().items()}
    scene.redis.kill()
    scene.away()
    scene.refused("B")
    assert scene.parkd.lot("A")["free"] == 419 and scene.parkd.lot("A")["age_s"] >= 0
    file = next(one for one in [*scene.redis.folder.glob("appendonlydir/*.incr.aof"), scene.redis.folder / "appendonly.aof"]
                if one.exists())
    os.truncate(file, file.stat().st_size - 4000)
    scene.redis.start()
    scene.back()
    wait_for(lambda: scene.parkd.store.record("A").free == 419, 60,
             lambda: f"what memory knew to be written again: {scene.parkd.store.records()}")
    assert scene.took("A", 500) > top["A"]
    scene.polled(600)
    assert scene.parkd.store.record("P").seq > top["P"]
    scene.level()


# ---- the name of Redis is looked up in vain

def redis_name_hangs(world):
    """The loop does not wait for the resolver: an order to end is obeyed at once, in order."""
    need_root("a silent resolver (port 53)")
    sock, wrap = silent_resolver(world.folder)
    with sock:
        parkd = world.keep(Parkd(world.folder / "parkd", {"redis": {"url": "redis://redis.invalid:6379"}}, wrap=wrap)).spawn()
        sock.settimeout(60)
        assert b"redis" in sock.recv(512)                # it asks, and nobody answers
        assert parkd.process.end() in (0, 1), parkd.log()
        assert not (parkd.state / "run.json").exists()


# ---- two parkd

def two_owners(world):
    """The one that polls and publishes is stopped for longer than its leases last: the other takes them, and what the
    first had on its way when it wakes harms nobody."""
    scene = Scene(world, external=True).start()
    one = scene.parkd
    two = world.keep(Parkd(world.folder / "two", {"redis": {"url": scene.redis.url}})).start()
    wait_for(lambda: two.lot("A")["free"] == 10, what="the second to follow")
    scene.level()
    seqs = {lot: record.seq for lot, record in two.store.records().items()}
    acked = two.store.acked("city")
    os.kill(one.process.pid, signal.SIGSTOP)
    try:
        scene.free = 700                                 # polled by the second alone
        for _ in during(LEASE_S + 2):
            pass
        wait_for(lambda: two.lot("P")["free"] == 700, 60, "the second to poll")
        scene.parkd = two
        scene.took("A", 701)
        wait_for(lambda: world.platform.free("A") == 701 and world.platform.free("P") == 700, 60, "the second to publish")
    finally:
        os.kill(one.process.pid, signal.SIGCONT)
    wait_for(lambda: one.lot("A")["free"] == 701 and one.lot("P")["free"] == 700, 60, "the first to follow again")
    scene.took("A", 702)
    scene.polled(703)
    scene.level()
    assert all(record.seq >= seqs[lot] for lot, record in two.store.records().items())
    assert all(two.store.acked("city")[lot] >= seq for lot, seq in acked.items())


# ---- no room, no descriptors

class Tmpfs:
    """A file system of so many MB at a folder. filled: nothing more can be written."""

    def __init__(self, folder, size_mb):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "tmpfs", folder], check=True)

    @contextlib.contextmanager
    def filled(self):
        path = self.folder / "filler"
        with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        yield
        path.unlink()

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


def disk_full(world):
    """Redis cannot write: it ends, and is started again and again; nobody is told yes; with room all goes on."""
    need_root("a small file system")
    disk = world.keep(Tmpfs(world.folder / "parkd/state", 4))
    scene = Scene(world).start()
    scene.level()
    held = scene.parkd.store.record("A")
    with disk.filled():
        newest = {held.free}
        for free in range(800, 1000):                    # the last page may still have room
            if scene.push("A", free).status != 200:
                newest |= {free, 999}                    # no promise, and no lie if it is written later
                break
            newest = {free}
        scene.away()
        scene.refused("A", 999)
        assert scene.parkd.get("/v1/lots").status == 200 and scene.parkd.get("/healthz").status == 200
        wait_for(lambda: "redis=embedded exited" in scene.parkd.log_text(), what="the end of Redis to be told")
    scene.back()
    record = scene.parkd.store.record("A")
    assert record.seq >= held.seq and record.free in newest, (record, newest)
    scene.took("A", 55)
    scene.polled(56)
    scene.level()


def no_descriptors(world):
    """More connections than descriptors: accepting pauses, what is open is served, and all goes on afterwards."""
    scene = Scene(world).start({"public": {"max_per_address": 0}}, wrap=["sh", "-c", 'ulimit -n 80; exec "$@"', "sh"])
    scene.level()
    host, port = scene.parkd.listen.split(":")
    with contextlib.ExitStack() as stack:
        for _ in range(120):
            stack.enter_context(socket.create_connection((host, int(port)), 30))
        for _ in during(2):
            pass
        assert scene.parkd.process.running()
    scene.took("A", 60)
    scene.polled(61)
    scene.level()


# ---- the clock

SHIM = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile long long *shift;
__attribute__((constructor)) static void begin(void)
{
    int fd = open(getenv("CLOCK_SHIFT"), O_RDONLY);
    shift = mmap(0, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
}
int clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);
    if (!rc && shift && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        ts->tv_sec += *shift;
    return rc;
}
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;
    (void)tz;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (at)
        *at = ts.tv_sec;
    return ts.tv_sec;
}
"""


class Shift:
    """Moves the wall clock of the programs that are started with env; their monotonic clock goes on."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        (folder / "shim.c").write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", folder / "shim.so", folder / "shim.c"], check=True)
        self.file = folder / "shift"
        self.env = {"LD_PRELOAD": str(folder / "shim.so"), "CLOCK_SHIFT": str(self.file),
                    "ASAN_OPTIONS": SANITIZERS["ASAN_OPTIONS"] + ":verify_asan_link_order=0"}
        self.file.write_bytes(bytes(8))

    def to(self, seconds):
        with open(self.file, "r+b") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))


def clock_steps(world):
    """An hour forward, two back, and forth again, for parkd and its Redis."""
    shift = Shift(world.folder)
    scene = Scene(world)
    os.environ.update(shift.env)
    try:
        scene.redis = world.keep(RedisServer(world.folder / "redis")).start()
    finally:
        for name in shift.env:
            del os.environ[name]
    scene.to_redis = scene._link(scene.redis.port)
    scene.start(wrap=["env", *(f"{name}={value}" for name, value in shift.env.items())])
    scene.level()
    for at, seconds in enumerate((3600, -3600, 0, 86400, 1)):
        tops = {lot: one.seq for lot, one in scene.parkd.store.records().items()}
        shift.to(seconds)
        assert scene.took("A", 100 + at) > tops["A"], seconds
        scene.polled(200 + at)
        assert scene.parkd.store.record("P").seq > tops["P"]
        shown = scene.parkd.lots()
        assert all(one["age_s"] is None or one["age_s"] >= 0 for one in shown.values()), shown
        scene.level()
