# SPDX-License-Identifier: MIT
"""Backup under load, restore elsewhere: nothing that was acknowledged before is missing, no number goes back at a platform, accounts, ledger
and the audit trail verify; a file that is damaged or does not belong is refused, and nothing is lost by it."""
import hashlib
import json
import os
import shutil
import threading

import pytest

from harness.office import PASSWORD, Office, Person, sign_in
from harness.parkd import PARKCTL, Parkd, run
from harness.redis import Redis, RedisServer
from harness.wait import wait_for
from harness.world import new_secret


def ctl(*words):
    return run(*words, program=PARKCTL)


def good(done):
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def office(world, folder):
    """Two feeds that change all the time, one lot that pushes, people, a ledger."""
    world.feed("p", "generic", 4, interval_ms=200, lot={"model": "manual"})
    world.feed("f", "native", 2, sim={"push_interval_ms": 50, "heartbeat_ms": None}, lot={"model": "manual"})
    world.start_lotsim()
    secret = new_secret()
    world.start_platform("--plain", "--native-secret", secret)
    world.sink(secret=secret)
    world.start_parkd({"staff": {"listen": "127.0.0.1:0"}})
    found = Office(world.parkd)
    found.world = world
    found.account("chief", "admin")
    found.account("op", "operator")
    found.local.put("/v1/admin/ledger/370302001101", {"id": "370302001101", "name": "北广场", "total": 90})
    wait_for(lambda: len(world.platform.held()) == 6, what="the platform to hold all")
    return found


@pytest.fixture
def taken(office, folder):
    """A backup that was made while everything moved; and what was acknowledged just before."""
    end = threading.Event()

    def load():
        n = 0
        while not end.is_set():
            n += 1
            for lot in office.world.sim["lots"]:
                office.world.lotsim.value(lot["id"], 10 + n % 50)
    worker = threading.Thread(target=load)
    worker.start()
    try:
        before = {lot: office.parkd.store.record(lot) for lot in office.parkd.lots()}
        entries = office.local.get("/v1/admin/audit/verify").json()
        said = good(office.parkd.ctl("backup", str(folder / "b.parkd")))
    finally:
        end.set()
        worker.join()
    assert "everything as of" in said and "6 registered lots, 6 with a reading, " in said
    return folder / "b.parkd", before, entries


def elsewhere(office, folder, **more):
    """Another state directory with the first one's master key and settings, but nothing of its district."""
    conf = {key: value for key, value in office.parkd.conf.items() if key not in ("public", "staff", "state_dir", "district")}
    other = office.world.keep(Parkd(folder / "elsewhere", conf | {"staff": {"listen": "127.0.0.1:0"}} | more))
    other.state.mkdir(parents=True, exist_ok=True)
    shutil.copy(office.parkd.state / "master.key", other.state / "master.key")
    return other


def test_restore_elsewhere_keeps_the_promise(office, folder, taken):
    file, before, entries = taken
    assert file.stat().st_mode & 0o777 == 0o600 and not list(folder.glob("b.parkd.*"))
    world = office.world
    key = office.key("op")["key"]                                   # after the backup: it must not be there
    for lot in world.sim["lots"]:
        world.lotsim.value(lot["id"], 77)
    wait_for(lambda: all(one["free"] == 77 for one in world.platform.held().values()), what="news after the backup")
    told = {lot: one["seq"] for lot, one in world.platform.held().items()}
    office.parkd.kill()
    world.lotsim.fault("http_500", feed="p")                         # nobody speaks at first
    other = elsewhere(office, folder)
    said = good(ctl("--state", str(other.state), "restore", str(file)))
    assert "restored: as of" in said and "unknown until" in said
    other.start()
    world.lotsim.post("push_url", url=other.url)
    there = Office(other)
    for lot, record in before.items():
        now = other.store.record(lot)
        assert now.seq >= record.seq and now.seq > told[lot], lot
    polled = [lot["id"] for lot in world.lots if lot["feed"] == "p"]
    wait_for(lambda: all(world.platform.held()[lot]["free"] is None for lot in polled), what="the platform to hear that nobody knows yet")
    world.lotsim.fault("http_500", False, feed="p")
    for lot in world.sim["lots"]:                                    # those that push speak when something changes
        world.lotsim.value(lot["id"], 78)
    wait_for(lambda: all(one["free"] == 78 and one["seq"] > told[lot] for lot, one in world.platform.held().items()), 60,
             lambda: f"what is true to be told again: {world.platform.held()}")
    assert not world.platform.violations()
    assert there.local.get("/v1/admin/ledger/370302001101").json()["name"] == "北广场"
    assert isinstance(sign_in(there.console, {"account": "chief", "password": PASSWORD}), Person)
    assert Person(there.public, key=key).get("/v1/operator/lots").status == 401
    checked = there.local.get("/v1/admin/audit/verify").json()
    assert checked["ok"] and checked["entries"] >= entries["entries"]
    assert any(one["action"] == "restore" for one in there.local.get("/v1/admin/audit").json()["entries"])


def test_a_key_made_before_works_after(office, folder):
    key = office.key("op")["key"]
    file = folder / "b.parkd"
    shown = json.loads(good(office.parkd.ctl("--json", "backup", str(file))))
    assert shown["accounts"] == 3 and shown["credentials"] == 1 and shown["ledger"] == 7 and shown["newest_seq"] > 10**12
    office.parkd.kill()
    other = elsewhere(office, folder)
    good(ctl("--state", str(other.state), "restore", str(file)))
    assert Person(Office(other.start()).public, key=key).get("/v1/operator/lots").status == 200


def test_into_another_redis(office, folder, keep):
    """--redis names any; another prefix is as good; one that is not empty is left alone."""
    file = folder / "b.parkd"
    good(office.parkd.ctl("backup", str(file)))
    server = keep(RedisServer(folder / "redis")).start()
    redis = keep(Redis(server.url))
    redis("SET", "another:thing", "1")
    good(ctl("restore", str(file), "--redis", server.url, "--prefix", "kreis:"))
    done = ctl("restore", str(file), "--redis", server.url, "--prefix", "kreis:")
    assert done.returncode == 1 and "not empty" in done.stderr and "--replace" in done.stderr
    good(ctl("restore", str(file), "--redis", server.url, "--prefix", "kreis:", "--replace"))
    assert redis("GET", "another:thing") == b"1"
    other = elsewhere(office, folder, redis={"url": server.url, "prefix": "kreis:"})
    office.parkd.kill()
    other.start()
    assert len(other.lots()) == 6


def test_damaged_and_wrong_files(office, folder):
    file = folder / "b.parkd"
    good(office.parkd.ctl("backup", str(file)))
    whole = file.read_bytes()
    first, second, rest = whole.split(b"\n", 2)
    flipped = bytearray(whole)
    flipped[-100] ^= 1
    newer = json.loads(second) | {"schema": 99}
    # A heading that speaks of more than is there, with a good checksum.
    more = json.loads(second) | {"ledger": 500}
    target = folder / "target"
    for bytes_, words in ((bytes(flipped), "checksum"), (whole[:-50], "end is missing"), (whole + b"x", "added"), (b"hello\n" + whole, "no backup"),
                          (b"parkd-backup 9\n" + second + b"\n" + rest, "newer parkctl"), (first + b"\n{\n" + rest, "heading"),
                          (first + b"\n" + json.dumps(newer).encode() + b"\n" + rest, "newer parkd"),
                          (first + b"\n" + json.dumps(more).encode() + b"\n" + rest, "500 ledger entries"),
                          (first + b"\n" + json.dumps(json.loads(second) | {"bytes": 5, "sha256": hashlib.sha256(b"REDIS").hexdigest()}).encode() + b"\nREDIS", "cannot load"),
                          (b"", "empty")):
        file.write_bytes(bytes_)
        done = ctl("--state", str(target), "restore", str(file))
        assert done.returncode == 1 and words in done.stderr, (words, done.stderr)
        assert not (target / "redis").exists(), words
    assert ctl("restore", str(folder / "none")).returncode == 1
    file.write_bytes(whole)
    assert "is good" in good(ctl("--state", str(target), "restore", str(file), "--dry-run")) and not (target / "redis").exists()
    assert not [one for one in folder.iterdir() if one.name.startswith("b.parkd.")]


def test_words_before_harm(office, folder):
    """A running parkd is not written under; a wrong master key is said."""
    file = folder / "b.parkd"
    good(office.parkd.ctl("backup", str(file)))
    done = office.parkd.ctl("restore", str(file), "--replace")
    assert done.returncode == 1 and "stop it first" in done.stderr
    assert len(office.parkd.lots()) == 6
    other = folder / "other"
    other.mkdir()
    done = ctl("--state", str(other), "restore", str(file))
    assert done.returncode == 0 and "master key" in done.stderr
    (other / "master.key").write_text("00" * 32)
    done = ctl("--state", str(other), "restore", str(file), "--replace")
    assert done.returncode == 0 and "right key" in done.stderr
    assert ctl("backup").returncode == 2 and ctl("restore", "a", "b").returncode == 2
    assert ctl("--state", str(folder / "nowhere"), "backup", str(file)).returncode == 3
    assert ctl("backup", str(file), "--redis", "unix:///nowhere.sock").returncode == 1


def test_what_is_not_ours_stays_away(office, folder, keep):
    """Of a Redis that serves others too, only our keys; nobody is signed in afterwards who was signed in then."""
    server = keep(RedisServer(folder / "redis")).start()
    redis = keep(Redis(server.url))
    other = elsewhere(office, folder, redis={"url": server.url})
    other.start()
    there = Office(other)
    someone = there.account("chief", "admin")
    assert someone.get("/v1/session").json()["account"] == "chief"
    redis("SET", "shop:customers", "names of people")
    good(other.ctl("backup", str(folder / "s.parkd")))
    assert b"names of people" not in (folder / "s.parkd").read_bytes()
    other.kill()
    good(ctl("restore", str(folder / "s.parkd"), "--redis", server.url, "--replace"))
    assert redis("GET", "shop:customers") == b"names of people" and redis("EXISTS", "parkd:sessions") == 0
    other.start()
    again = Person(other.run["console"], someone.cookie, someone.csrf).get("/v1/session")
    assert again.status == 401 or again.json()["role"] == "nobody"


def test_a_restore_that_was_interrupted(office, folder):
    """parkd does not run on half of a backup."""
    good(office.parkd.ctl("backup", str(folder / "b.parkd")))
    office.parkd.kill()
    other = elsewhere(office, folder)
    good(ctl("--state", str(other.state), "restore", str(folder / "b.parkd")))
    other.start()
    other.redis("HSET", "parkd:meta", "restoring", "1")
    other.kill()
    other.spawn()
    wait_for(lambda: "a restore was interrupted here" in other.log_text(), what="words about the restore")
    other.kill()
    good(ctl("--state", str(other.state), "restore", str(folder / "b.parkd"), "--replace"))
    assert len(other.start().lots()) == 6


def test_while_parkd_is_down(office, folder):
    office.parkd.kill()
    (office.parkd.state / "run.json").unlink(missing_ok=True)
    assert "6 registered lots" in good(office.parkd.ctl("backup", str(folder / "b.parkd")))
    assert len(office.parkd.start().lots()) == 6
    done = ctl("--state", str(folder / "nowhere"), "backup", str(folder / "c.parkd"))
    assert done.returncode == 3 and "no parkd found" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_restores_is_parkds(office, folder):
    good(office.parkd.ctl("backup", str(folder / "b.parkd")))
    target = folder / "theirs"
    target.mkdir()
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    os.chown(target, 65534, 65534)
    target.chmod(0o700)
    for above in folder.parents:
        if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
    good(ctl("--state", str(target), "restore", str(folder / "b.parkd")))
    assert {one.stat().st_uid for one in target.rglob("*")} == {65534}
