# SPDX-License-Identifier: MIT
"""Fixtures of the flow tests. PARKD and PARKCTL name the programs (default build/asan), PARKD_DATA the
folder of recorded days, AWAY_S how long things stay away, PATIENCE multiplies every limit."""
import contextlib
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness.parkd import PARKCTL, PARKD, Parkd  # noqa: E402
from harness.world import World  # noqa: E402

NEEDS_PARKD = ("lifecycle", "crowd", "upgrade", "ingest", "poll", "push_dialect", "sink", "sink_register", "api", "parkctl",
               "registry", "replay", "crash", "truncate", "matrix",
               "relay", "faults", "access", "try", "hostile", "vendors",
               "sink_try", "snapshot", "sinks", "platform_page", "nat", "quality", "ledger", "ledger_ctl", "accounts", "selfservice", "authorisation", "onboarding", "telling",
               "ctl_office", "backup", "doctor", "pages", "attendant_page", "operator_pages",
               "stream", "rate", "exports", "contract", "contract_office", "api_page", "forecast", "residents", "smuggling")


def pytest_runtest_setup(item):
    """Without the program its tests fail with one clear line; they are never skipped."""
    if item.path.stem.removeprefix("test_") in NEEDS_PARKD and not (PARKD.exists() and PARKCTL.exists()):
        pytest.fail(f"{PARKD} or {PARKCTL} is not there; build it (make BUILD=asan) or name them in PARKD "
                    "and PARKCTL", pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the ends of the logs that the test left."""
    outcome = yield
    report = outcome.get_result()
    folder = item.funcargs.get("folder") if hasattr(item, "funcargs") else None
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    if report.failed and folder and folder.exists():
        for path in sorted(folder.rglob("*.log")):
            text = path.read_text(errors="replace")
            if text.strip() and path.name != "redis.log":
                report.sections.append((str(path.relative_to(folder)), text[-3000:]))


FAILED = pytest.StashKey()


@contextlib.contextmanager
def keeper():
    """keep(thing) closes the thing at the end, last come first; one that cannot be closed does not keep
    others."""
    with contextlib.ExitStack() as stack:
        def keep(thing):
            stack.callback(thing.close)
            return thing
        yield keep


@pytest.fixture(scope="module")
def keep_module():
    with keeper() as keep:
        yield keep


@pytest.fixture
def folder(tmp_path_factory, request):
    """A short path (UNIX sockets have 107 bytes), removed when the test was good."""
    path = tmp_path_factory.mktemp("t", numbered=True)
    yield path
    if not request.node.stash.get(FAILED, False):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def keep(folder):
    """After folder in order: things end before their logs are removed."""
    with keeper() as keep:
        yield keep


@pytest.fixture
def world(keep, folder):
    return World(keep, folder)


@pytest.fixture
def parkd(keep, folder):
    """A parkd without lots."""
    return keep(Parkd(folder / "parkd")).start()
