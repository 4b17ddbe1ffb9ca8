# SPDX-License-Identifier: MIT
"""The fault matrix: what goes wrong, on which surface, and what must come of it. Every cell names the test that fills it:
a function of harness/fault_cells.py (one link) or harness/fault_stories.py (several cells at once), run here, or a test
elsewhere as file::name."""
import pathlib
import re

import pytest

from harness import fault_cells, fault_stories

HERE = pathlib.Path(__file__).resolve().parent
KILLED = "crash::nothing_answered_is_lost"
MATRIX = {
    "refuse, reset, black hole": {
        "poll": ("the number ages, others are unaffected, it recovers", "poll_refused", "poll::dead_feed_turns_its_lots_unknown_once"),
        "push": ("the client sees a reset, nothing is half written", "push_reset"),
        "Redis": ("503, memory serves, back by itself, what was polled is written", "redis_refused", "faults::redis_stopped_for_a_minute",
                  "faults::external_redis_killed"),
        "sink": ("the difference grows by lots only, the newest arrives", "sink_refused", "faults::platform_away_for_a_minute",
                 "faults::platform_that_hangs")},
    "DNS hangs": {
        "poll": ("other feeds go on", "faults::resolver_that_never_answers"),
        "Redis": ("looked up beside the loop", "redis_name_hangs"),
        "sink": ("other sinks go on", "faults::resolver_that_never_answers")},
    "a byte a second": {
        "poll": ("cut, the feed is bad, others go on", "faults::a_lot_that_drips_a_byte_a_second"),
        "push": ("cut, it costs its own connection only", "faults::a_client_that_drips_a_byte_a_second"),
        "Redis": ("the command's timer: 503, and back", "redis_drip"),
        "sink": ("cut and retried", "sink_drip"),
        "public API": ("a slow reader of the stream is closed", "stream::a_slow_reader_is_closed")},
    "truncated body, wrong length": {
        "poll": ("rejected, the old value stays", "poll::faults_of_the_way_fail_the_feed_with_their_reason"),
        "push": ("not taken, nothing changes", "push_truncated", "api::requests_that_break_http"),
        "Redis": ("a protocol error: connected anew", "redis_spoilt"),
        "sink": ("unknown, hence retried", "sink::platform_misbehaves_and_gets_all_in_the_end")},
    "huge, bomb": {
        "poll": ("stopped at the limit", "access::an_answer_over_the_limit_is_refused"),
        "push": ("413", "ingest::too_large", "ingest::too_many_items"),
        "Redis": ("memory stays, connected anew", "redis_huge"),
        "sink": ("memory stays, asked again", "sink_huge"),
        "public API": ("414, 431 or 400", "api_huge")},
    "malformed": {
        "poll": ("the feed is marked, nothing counts", "hostile::nothing_hostile_counts"),
        "push": ("a problem that names the place", "ingest::malformed_bodies"),
        "sink": ("the dialect judges the answer", "sink::hangzhou_platform_misbehaves"),
        "public API": ("400 that names the parameter", "api::bad_parameters_are_problems")},
    "TLS: expired, wrong host, self-signed": {
        "poll": ("named to the operator, nothing is asked", "poll_tls"),
        "push": ("who does not trust us says nothing", "push_tls"),
        "sink": ("retried, and told", "sink::certificates_that_must_be_refused")},
    "3xx, 4xx, 5xx": {
        "poll": ("backs off, the number stays", "poll_statuses"),
        "sink": ("retried, put aside or paused, by the table of deploy/PLATFORM.md", "sink_statuses", "sink::retry_after_is_obeyed")},
    "replay, bad signature, old key, wrong clock": {
        "push": ("401, or 200 and nothing changes", "ingest::standard_webhooks", "ingest::replayed_message_changes_nothing")},
    "Redis refuses: OOM, READONLY, NOAUTH, LOADING, MOVED …": {
        "push": ("503, never a yes", "redis_refuses"),
        "Redis": ("told apart, and tried again", "redis_says"),
        "sink": ("acknowledgements wait and never fall", "redis_refuses"),
        "public API": ("memory serves", "redis_refuses")},
    "kill -9 of parkd, Redis, both; SIGSTOP": {
        "poll": ("resumes", KILLED),
        "push": ("what was answered is there", KILLED),
        "Redis": ("the append-only file is replayed", KILLED, "truncate::nothing_answered_before_the_cut_is_lost"),
        "sink": ("duplicates have the same bytes", KILLED),
        "public API": ("the stream goes on by Last-Event-ID", "api_resumes")},
    "two owners": {
        "poll": ("polled twice, which harms nobody", "two_owners"),
        "push": ("the script decides", "two_owners", "registry::two_parkd_on_one_redis"),
        "Redis": ("seq rises, what is acknowledged never falls", "two_owners"),
        "sink": ("the same bytes, no overlap", "two_owners")},
    "the last writes are lost (failover)": {
        "poll": ("the next poll repairs", "lost_tail"),
        "push": ("503 meanwhile", "lost_tail"),
        "Redis": ("what memory knows is written again", "lost_tail"),
        "sink": ("seq is never used again", "lost_tail"),
        "public API": ("the number with its age", "lost_tail")},
    "disk full, no descriptors": {
        "poll": ("goes on afterwards", "no_descriptors"),
        "push": ("503, never a yes", "disk_full"),
        "Redis": ("started again, and told", "disk_full"),
        "sink": ("retried", "no_descriptors", "disk_full"),
        "public API": ("memory serves; accepting pauses", "disk_full", "no_descriptors")},
    "the clock steps": {
        "poll": ("timers are monotonic", "clock_steps"),
        "push": ("taken; the window of signatures is the wall clock's", "clock_steps", "ingest::standard_webhooks"),
        "Redis": ("state goes on", "clock_steps"),
        "sink": ("seq rises", "clock_steps"),
        "public API": ("ages are never negative", "clock_steps")},
}
CELLS = {(fault, surface): cell for fault, row in MATRIX.items() for surface, cell in row.items()}
MODULES = (fault_cells, fault_stories)
OWN = sorted({name for _, *names in CELLS.values() for name in names if name.isidentifier()})


def find(name):
    return next((getattr(one, name) for one in MODULES if hasattr(one, name)), None)


def test_every_cell_is_filled():
    assert len(MATRIX) == 15 and len(CELLS) == 59
    for cell, (outcome, *names) in CELLS.items():
        assert outcome and names, cell
        for name in names:
            file, _, test = name.partition("::")
            if test:
                text = (HERE / f"test_{file}.py").read_text(encoding="utf-8")
                assert re.search(rf"^def test_{test}\(", text, re.M), name
            else:
                assert find(name), name


@pytest.mark.parametrize("name", OWN)
def test_cell(world, name):
    find(name)(world)
