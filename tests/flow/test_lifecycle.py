# SPDX-License-Identifier: MIT
"""Starting and ending: with nothing configured, in order, by force, beside another one, with bad
configurations."""
import json
import os
import pathlib
import re
import signal
import stat

import pytest

from harness import http
from harness.parkd import PARKD, SANITIZERS, Parkd, run
from harness.process import Process, alive, free_port
from harness.redis import Redis, RedisServer
from harness.wait import wait_for


def children_of(pid):
    """Process ids whose parent is pid."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text(errors="replace").rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
        except (OSError, ValueError):
            continue
    return found


def test_starts_with_no_configuration_at_all(keep, folder):
    """The contract for scripts: no file, no flag but where; Redis embedded; an empty list."""
    state = folder / "state"
    process = Process([PARKD, "--state", state, "--listen", "127.0.0.1:0"], folder / "parkd.log",
                      env=SANITIZERS)
    run_file = wait_for(lambda: (state / "run.json").exists()
                        and json.loads((state / "run.json").read_text()),
                        what=lambda: f"run.json\n{process.tail()}")
    assert run_file.keys() >= {"pid", "public", "staff", "redis"} and run_file["pid"] == process.pid
    public = run_file["public"]
    assert http.call(public, "/v1/lots").json()["lots"] == []
    assert http.call(public, "/healthz").status == 200 and http.call(public, "/readyz").status == 200
    assert http.call(public, "/").status == 200
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    redis = Redis(run_file["redis"])
    pid = int(redis.info("process_id"))
    assert redis("CONFIG", "GET", "appendfsync")[1] == b"always"
    assert redis("CONFIG", "GET", "maxmemory-policy")[1] == b"noeviction"
    redis.close()
    left = children_of(process.pid)
    assert process.end() == 0, process.tail()
    assert not (state / "run.json").exists()
    for one in {pid, *left}:
        assert not alive(one), f"process {one} is left"
    text = (folder / "parkd.log").read_text()
    assert "Sanitizer" not in text and "did not close clean" not in text, text[-3000:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_order_under_load_and_keeps_all(world, number):
    lots = world.feed("f", "native", 3, sim={"push_interval_ms": 20}, lot={"model": "counter"})
    world.start_lotsim()
    parkd = world.start_parkd()
    wait_for(lambda: all(parkd.store.record(lot) for lot in lots), what="readings")
    children = children_of(parkd.process.pid)
    assert children
    assert parkd.process.end(number) == 0, parkd.log()
    assert not [one for one in children if alive(one)]
    parkd.check_log()
    world.lotsim.post("pause")
    acked = {lot: one["acked"]["seq"] for lot, one in world.lotsim.lots().items()}
    parkd.start()
    for lot in lots:
        assert parkd.store.record(lot).sseq >= acked[lot]


def test_second_parkd_on_the_same_state_is_refused(parkd):
    other = run("--state", parkd.state, "--listen", "127.0.0.1:0")
    assert other.returncode == 1
    assert "another parkd" in other.stderr + other.stdout and str(parkd.state) in other.stderr + other.stdout
    assert parkd.up() and (parkd.state / "run.json").exists()


def test_address_in_use_is_refused_with_words(parkd, folder):
    other = run("--state", folder / "other", "--listen", parkd.listen)
    assert other.returncode == 1
    assert "in use" in other.stderr + other.stdout
    assert not (folder / "other/run.json").exists()


def test_kill_of_parkd_takes_its_redis_along_and_it_comes_back(parkd):
    pid = parkd.redis_pid()
    parkd.put("lots", {"id": "A", "name": "A"})
    parkd.process.kill()
    wait_for(lambda: not alive(pid), what=f"redis-server {pid} to end")
    parkd.start()
    assert list(parkd.lots()) == ["A"]


def test_killed_redis_is_started_again(parkd):
    parkd.put("lots", {"id": "A", "name": "A"})
    parkd.renew_redis()
    parkd.put("lots", {"id": "B", "name": "B"})
    assert sorted(parkd.lots()) == ["A", "B"]
    assert parkd.metrics()["parkd_redis_restarts_total"] >= 1


def test_version_and_help():
    assert re.fullmatch(r"parkd \d+\.\d+\.\d+\S*\n", run("--version").stdout)
    assert "--check-config" in run("--help").stdout
    for wrong in (["--nonsense"], ["one-word"]):
        assert run(*wrong).returncode == 2


def test_print_config_is_a_configuration(folder):
    printed = run("--print-config", "--state", folder / "s", "--listen", "127.0.0.1:0")
    conf = json.loads(printed.stdout)
    assert printed.returncode == 0
    assert conf["state_dir"] == str(folder / "s") and conf["public"]["listen"] == "127.0.0.1:0"
    assert conf["redis"]["partitions"] == 16 and conf["series"]["keep_days"] == 40
    path = folder / "c.json"
    path.write_text(printed.stdout)
    checked = run("--check-config", "--config", path)
    assert checked.returncode == 0, checked.stderr
    assert run("--print-config", "--config", path).stdout == printed.stdout


def test_environment_wins_over_file_and_flags_over_both(folder):
    path = folder / "c.json"
    path.write_text('{"public":{"listen":"127.0.0.1:1"},"log":{"level":"warn"},"state_dir":"from-file"}')
    env = {"PARKD_PUBLIC_LISTEN": "127.0.0.1:2", "PARKD_STATE_DIR": "from-env"}
    conf = json.loads(run("--print-config", "--config", path, "--state", "from-flag", env=env).stdout)
    assert (conf["state_dir"], conf["public"]["listen"], conf["log"]["level"]) == ("from-flag",
                                                                                   "127.0.0.1:2", "warn")


@pytest.mark.parametrize("text, words", [
    ('{"publik":{"listen":"x"}}', ["publik", "public"]),
    ('{"public":{"lisen":"127.0.0.1:0"}}', ["/public/lisen", "listen"]),
    ('{"redis":{"fsync":"sometimes"}}', ["/redis/fsync", "always"]),
    ('{"redis":{"partitions":0}}', ["/redis/partitions"]),
    ('{"series":{"keep_days":"40"}}', ["/series/keep_days"]),
    ('{"net":{"allow_subnets":["10.0.0.0/40"]}}', ["/net/allow_subnets"]),
    ('{"public":{"listen":"nowhere"}}', ["/public/listen"]),
    ('{"public":{"tls_cert_file":"/x.pem"}}', ["tls_key_file"]),
    ('{"redis":{"url":"http://127.0.0.1"}}', ["redis", "url"]),
    ('{"log":{"level":"info","level":"warn"}}', ["duplicate key"]),
    ('{"log":', []),
    ('[]', []),
    ('{"state_dir":1e999}', ["line 1"]),
])
def test_bad_configuration_names_the_key(folder, text, words):
    path = folder / "c.json"
    path.write_text(text)
    checked = run("--check-config", "--config", path)
    assert checked.returncode == 2, checked.stdout
    assert checked.stderr.startswith("parkd: ")
    for word in words:
        assert word in checked.stderr, checked.stderr
    started = run("--config", path, "--state", folder / "s")
    assert started.returncode == 2 and not (folder / "s").exists()


def test_missing_configuration_file_is_named(folder):
    gone = run("--check-config", "--config", folder / "not-there.json")
    assert gone.returncode == 2 and "not-there.json" in gone.stderr


def log_lines(parkd, word):
    return [line for line in parkd.log_text().splitlines() if word in line]


def test_hup_applies_all_or_nothing(parkd):
    before = parkd.conf
    parkd.write_conf('{"public":{"lisen":"x"}}')
    parkd.hup()
    wait_for(lambda: log_lines(parkd, "refused"), what="the refusal in the log")
    line = log_lines(parkd, "refused")[-1]
    assert "lisen" in line and "nothing changed" in line
    assert parkd.up()
    parkd.write_conf(json.dumps(before | {"log": {"level": "debug"}, "redis": {"partitions": 8}}))
    # one key that cannot change while running: nothing changes
    parkd.hup()
    wait_for(lambda: len(log_lines(parkd, "refused")) == 2, what="the second refusal")
    assert "redis.partitions" in log_lines(parkd, "refused")[-1]
    parkd.write_conf(json.dumps(before | {"log": {"format": "json"}}))
    parkd.hup()
    wait_for(lambda: [one for one in parkd.log_text().splitlines() if one.startswith("{")], what="JSON lines")


def test_hup_reads_dialects_again_and_keeps_feeds(world, folder):
    (dialects := folder / "dialects").mkdir()
    world.feed("f", "hikvision", 1, interval_ms=100, lot={"model": "manual"})
    world.start_lotsim()
    world.lotsim.value("f-1", 7)
    parkd = world.start_parkd({"dialects": {"folders": [str(dialects)]}})
    wait_for(lambda: parkd.lot("f-1")["free"] == 7, what="the first reading")
    (dialects / "broken.lua").write_text("return {")
    parkd.hup()
    wait_for(lambda: log_lines(parkd, "refused"), what="the refusal")
    assert "broken" in log_lines(parkd, "refused")[-1]
    (dialects / "broken.lua").unlink()
    packaged = (pathlib.Path(__file__).resolve().parents[2] / "src/dialects/hikvision.lua").read_text()
    assert "free = park.leftPlace," in packaged
    (dialects / "hikvision.lua").write_text(packaged.replace("free = park.leftPlace,",
                                                             "free = tonumber(park.leftPlace) + 1,"))
    parkd.hup()
    wait_for(lambda: parkd.lot("f-1")["free"] == 8, what="the other dialect to be used")
    world.lotsim.value("f-1", 20)
    wait_for(lambda: parkd.lot("f-1")["free"] == 21, what="the feed to go on")


def test_external_redis_by_url_with_another_prefix(keep, folder):
    server = keep(RedisServer(folder / "redis")).start()
    parkd = keep(Parkd(folder / "parkd", {"redis": {"url": server.url, "prefix": "kreis:",
                                                    "partitions": 4}})).start()
    parkd.put("lots", {"id": "A", "name": "A"})
    redis = Redis(server.url)
    keys = [one.decode() for one in redis("KEYS", "*")]
    assert keys and all(one.startswith("kreis:") for one in keys), keys
    assert redis.hash("kreis:meta")["partitions"] == "4"
    redis.close()
    assert not [one for one in children_of(parkd.process.pid)
                if "redis" in pathlib.Path(f"/proc/{one}/comm").read_text()]
    other = keep(Parkd(folder / "other", {"redis": {"url": server.url, "prefix": "kreis:"}})).start()
    assert list(other.lots()) == ["A"]                   # the stored number of partitions wins
    other.put("lots", {"id": "B", "name": "B"})
    wait_for(lambda: sorted(parkd.lots()) == ["A", "B"], what="the first to follow the second")


def test_newer_schema_is_refused(keep, folder):
    server = keep(RedisServer(folder / "redis")).start()
    redis = keep(Redis(server.url))
    redis("HSET", "parkd:meta", "schema", "999", "partitions", "16")
    parkd = keep(Parkd(folder / "parkd", {"redis": {"url": server.url}})).spawn()
    wait_for(lambda: "newer parkd" in parkd.log_text(), what="words about the schema")
    assert not (parkd.state / "run.json").exists()
    assert parkd.process.end() in (0, 1)


def test_long_state_path(keep, folder):
    """A UNIX socket's path has 107 bytes; a state directory may be longer."""
    parkd = keep(Parkd(folder / ("d" * 60) / ("e" * 60), {"staff": {"listen": "127.0.0.1:0"}})).start()
    assert parkd.get("/v1/lots").json()["lots"] == []


def test_redis_program_missing_is_said(folder):
    done = run("--state", folder / "s", "--listen", f"127.0.0.1:{free_port()}",
               env={"PARKD_REDIS_SERVER": "no-such-redis-server"})
    assert done.returncode == 1 and "no-such-redis-server" in done.stderr + done.stdout


def test_run_file_of_a_dead_parkd_does_no_harm(parkd):
    parkd.process.kill()
    assert (parkd.state / "run.json").exists()
    done = parkd.ctl("lots", "list")
    assert done.returncode == 3 and done.stderr
    parkd.start()
    assert parkd.ctl("lots", "list").returncode == 0


def sockets_of(pid):
    """Inodes of a process's sockets."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target[8:-1])
    return found


def test_redis_inherits_no_connection_of_ours(world):
    """A redis-server that is started again while all is open must not keep listeners or connections alive."""
    world.feed("n", "native", 1, sim={"push_interval_ms": 50})
    world.feed("g", "generic", 1, interval_ms=100)
    world.start_lotsim()
    world.start_platform("--plain")
    world.sink()
    parkd = world.start_parkd()
    wait_for(lambda: len(world.platform.held()) == 2)
    parkd.renew_redis()
    inside = {line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]}
    assert not sockets_of(parkd.redis_pid()) & sockets_of(parkd.process.pid) & inside


def test_a_large_district(keep, folder):
    """More registrations than are under way to the store at once."""
    lots = [{"id": f"L{n:05d}", "name": f"L{n}", "total": 9} for n in range(9000)]
    parkd = keep(Parkd(folder / "parkd", district={"lots": lots})).start()
    assert wait_for(lambda: parkd.get("/v1/summary").json()["district"]["lots"]["all"] == 9000, 60, "all of them")
