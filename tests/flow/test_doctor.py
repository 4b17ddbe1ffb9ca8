# SPDX-License-Identifier: MIT
"""doctor: silent about what is well, plain about what is not; it changes nothing, and looks on when one thing cannot be looked at."""
import json
import subprocess

from harness.parkd import PARKCTL, run
from harness.wait import wait_for
from harness.world import new_secret


def findings(parkd, code=0):
    done = parkd.ctl("doctor", "--json")
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout)["findings"]


def of(found, topic):
    return [one for one in found if one["topic"] == topic]


def worst(found, topic):
    order = ["ok", "warn", "bad"]
    return max((one["level"] for one in of(found, topic)), key=order.index)


def test_what_is_well(world, folder):
    secret = new_secret()
    world.feed("p", "generic", 2, interval_ms=200, lot={"model": "manual"})
    world.start_lotsim()
    world.start_platform("--plain", "--native-secret", secret)
    world.sink(secret=secret)
    parkd = world.start_parkd()
    wait_for(lambda: len(world.platform.held()) == 2, what="the platform to hold both")
    for lot in world.sim["lots"]:
        world.lotsim.value(lot["id"], 5)
    wait_for(lambda: all(one["free"] == 5 for one in parkd.lots().values()), what="both to be known")
    found = findings(parkd)
    for topic in ("parkd", "redis", "feeds", "platforms", "lots", "audit"):
        assert worst(found, topic) == "ok", (topic, found)
    assert worst(found, "backup") == "warn" and "none" in of(found, "backup")[0]["what"]
    assert parkd.ctl("backup", str(folder / "b")).returncode == 0
    assert worst(findings(parkd), "backup") == "ok"
    words = parkd.ctl("doctor").stdout
    assert "ok    feeds        1, none fails" in words and "2 connected, all known" in words


def test_what_is_wrong_with_feeds_and_platforms(world):
    secret = new_secret()
    world.feed("p", "generic", 1, interval_ms=200, lot={"model": "manual"})
    world.start_lotsim()
    world.start_platform("--plain", "--native-secret", secret)
    world.sink(secret=secret)
    parkd = world.start_parkd()
    wait_for(lambda: len(world.platform.held()) == 1, what="the platform to hold it")
    world.lotsim.fault("http_500", feed="p")
    world.platform.mode("unauthorized", status=401)
    parkd.put("lots", world.lots[0] | {"name": "another"})
    wait_for(lambda: parkd.status()["feeds"][0]["state"] == "bad", what="the feed to fail")
    found = findings(parkd)
    assert "p fails: answered HTTP 500" in of(found, "feed")[0]["what"] and "feed try" in of(found, "feed")[0]["do"]
    world.lotsim.fault("http_500", False, feed="p")
    world.lotsim.value(world.lots[0]["id"], 3)
    wait_for(lambda: parkd.sink()["state"] == "paused", what="the pause")
    found = findings(parkd, 1)
    assert worst(found, "platform") == "bad" and "sinks resume" in of(found, "platform")[0]["do"]


def test_what_is_wrong_with_the_house(parkd):
    (parkd.state / "master.key").chmod(0o644)
    parkd.redis("CONFIG", "SET", "appendonly", "no")
    parkd.redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    found = findings(parkd, 1)
    assert "master.key may be read" in of(found, "files")[0]["what"]
    assert {one["level"] for one in of(found, "redis")} == {"bad"} and len(of(found, "redis")) == 2
    for first in parkd.redis("XRANGE", "parkd:audit", "-", "+")[:1]:
        parkd.redis("XDEL", "parkd:audit", first[0])
    parkd.staff("/v1/admin/accounts/a", {"id": "a", "role": "viewer", "name": "a"}, "PUT")
    parkd.staff("/v1/admin/accounts/b", {"id": "b", "role": "viewer", "name": "b"}, "PUT")
    parkd.staff("/v1/admin/accounts/c", {"id": "c", "role": "viewer", "name": "c"}, "PUT")
    second = parkd.redis("XRANGE", "parkd:audit", "-", "+")[1]
    parkd.redis("XDEL", "parkd:audit", second[0])
    assert worst(findings(parkd, 1), "audit") == "bad"


def test_certificates_that_run_out(parkd, folder, keep):
    """Of our own listener, ten days before its end."""
    from harness.parkd import Parkd
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", "10",
                    "-subj", "/CN=localhost"], check=True, capture_output=True, timeout=60)
    secure = keep(Parkd(folder / "secure", {"public": {"tls_cert_file": str(cert), "tls_key_file": str(key)}}))
    secure.start()
    one = of(findings(secure), "certificate")[0]
    assert one["level"] == "warn" and "public listener ends in" in one["what"] and "renew" in one["do"]


def test_without_a_running_parkd(parkd, folder):
    parkd.kill()
    found = findings(parkd, 1)
    assert worst(found, "parkd") == "bad" and of(found, "disk") and of(found, "backup")
    done = run("--state", folder / "nowhere", "doctor", program=PARKCTL)
    assert done.returncode == 1 and "bad   parkd        does not run on" in done.stdout and "→ start it" in done.stdout
    assert run("doctor", "--what", program=PARKCTL).returncode == 2
