# SPDX-License-Identifier: MIT
"""Upgrade in place: state directories that former versions left (tests/data/upgrade, where `make` makes another) are taken on,
with everything that was in them."""
import json
import pathlib
import tarfile

import pytest

from harness import http
from harness.office import PASSWORD, Person, sign_in
from harness.parkd import Parkd
from harness.wait import wait_for
from harness.world import Clock

PAST = pathlib.Path(__file__).resolve().parents[1] / "data/upgrade"
KEY = "k" * 40
TOLD_OTHERWISE = ("age_s", "trend", "freshness", "open_now")


@pytest.fixture(params=sorted(one.name.removesuffix(".tar.gz") for one in PAST.glob("*.tar.gz")))
def upgraded(request, keep, folder):
    """(a parkd of today on the state of then, what that one said at its end). The wall clock goes on from there."""
    found = json.loads((PAST / f"{request.param}.json").read_text())
    parkd = Parkd(folder / "parkd", {"test": Clock(found["at_ms"], 1).conf()})
    with tarfile.open(PAST / f"{request.param}.tar.gz") as tar:
        tar.extractall(parkd.folder)
    parkd.state.chmod(0o700)
    return keep(parkd).start(), found


def acked(parkd):
    return {lot: int(text.split()[0]) for n in range(parkd.store.partitions())
            for lot, text in parkd.store.redis.hash(parkd.store.tag(n) + ":acked:city").items()}


def test_everything_is_there(upgraded):
    parkd, then = upgraded
    assert {lot: one.text for lot, one in parkd.store.records().items()} == then["records"]
    shown = parkd.lots()
    for lot in then["lots"]:
        assert {k: v for k, v in shown[lot["id"]].items() if k not in TOLD_OTHERWISE and k in lot} == {
            k: v for k, v in lot.items() if k not in TOLD_OTHERWISE}
    assert parkd.staff("/v1/admin/ledger/370302001101").json()["name"] == then["ledger"]["name"]
    assert [one["id"] for one in parkd.staff("/v1/admin/accounts").json()["accounts"]] == then["accounts"]
    assert len(parkd.staff("/v1/admin/audit").json()["entries"]) >= then["audit"]
    done = parkd.ctl("audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_people_and_keys_work(upgraded):
    parkd, then = upgraded
    assert isinstance(sign_in(parkd.run["console"], {"account": "chief", "password": PASSWORD}), Person)
    assert http.call(parkd.run["public"], "/v1/operator/lots", headers={"Authorization": f"Bearer {then['key']}"}).status == 200


def test_the_sink_is_owed_nothing_and_updates_go_on(upgraded):
    parkd, then = upgraded
    assert acked(parkd) == then["acked"]
    wait_for(lambda: parkd.sink()["state"] != "loading" and parkd.sink()["unacknowledged"] == 0,
             what=lambda: f"nothing to be owed: {parkd.sink()}")
    lot = then["lots"][0]
    answer = http.call(parkd.run["public"], "/v1/ingest/f", {"lot": f"X{lot['id']}", "free": 7, "seq": 99},
                       headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status == 200 and answer.json()["results"][0]["seq"] > lot["seq"], answer
    assert parkd.lot(lot["id"])["free"] == 7
