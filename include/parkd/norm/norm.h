/* SPDX-License-Identifier: MIT
 * Report + registration + what is held → reading: the only place where claims become truth. Pure.
 *
 * Counts: free = reported remaining, else open − occupied, else total − occupied (derived). Clamped to 0…open
 * (else total) with a flag, the raw value kept. total differs from the registration → total_changed. What
 * contradicts itself: open above total is cut to total (over_total) when both are claimed, the registration
 * yields otherwise; a claimed total of 0 is no total (total_changed if one is registered). Zones without a
 * usable id, or named twice, are left out; zones and classes that a report with counts does not name become
 * unknown. A jump stays flagged until the number moves again.
 *
 * Times: source time more than 2 min ahead, or more than 5 min behind → receive time and clock_skew; but a
 * source time that is far behind and did not move since the last report confirms nothing: the observation
 * time stays, so a stopped source goes stale. (Values that moved prove the source alive, whatever its clock
 * says. From a stopped source the result is the held reading, expired or not.)
 *
 * Without a count: a band-only report leaves free unknown. A report of status, capacity or classes alone
 * keeps the held counts and does not confirm them: the observation time stays, unless no number is held (nor
 * was one that expired; while one has, classes and zones stay unknown too). A sign of life that repeats the
 * source time of the held counts, far behind, confirms nothing.
 * Counts without a status keep the held status.
 *
 * The office may correct a lot's counts (lot.h): its offset is added to every number that is reported while
 * it lasts, which is flagged `manual`; the raw value stays what was reported. `frozen` is found by the office
 * too, and stays until the raw number moves.
 *
 * Relays (reports with source_seq) are whole states: their times are taken unchanged unless more than 2 min
 * ahead, their flags are joined to ours (jumps are left to a sender that tells changed_ms), their band stands
 * if hysteresis allows it, their status replaces ours, and one without a count says "unknown".
 */
#ifndef PARKD_NORM_NORM_H
#define PARKD_NORM_NORM_H

#include "parkd/model/reading.h"

enum norm_op { NORM_SET, NORM_BEAT, NORM_HINT };

struct norm_result {
    enum norm_op op;
    struct reading reading; /* SET: the whole; BEAT: observed_ms only */
    int32_t in, out;        /* HINT: cars; free moves by out − in */
    int64_t hint_ms;        /* HINT: when */
};

/* ERR_RANGE and `why` ("/free", "/classes/charging/total") for counts outside −65534…65534 (free) or 0…65534
 * (others); ERR_MISSING for a report that says nothing. `held` is what the registry holds now. The
 * reading's seq is 0. */
int norm_report(const struct lot *lot, const struct reading *held, const struct report *rep, int64_t now_ms,
                struct norm_result *out, struct why *why) must_check;
/* Moves free by delta between two absolutes; flag derived. It moves from the raw value, as the lot's own
 * counter does, and confirms nothing: the observation time stays that of the absolute count. A movement not
 * newer than the source time of the held count is in it already: `out` is then `held`. ERR_STATE when no
 * number is held to move. */
int norm_hint(const struct lot *lot, const struct reading *held, int32_t delta, int64_t at_ms, int64_t now_ms,
              struct reading *out) must_check;
/* What is held, made anew with these flags beside its own and with the lot's correction as it stands now. The
 * observation time stays: nobody counted. ERR_STATE when no reported number is held. */
int norm_restate(const struct lot *lot, const struct reading *held, uint32_t flags, int64_t now_ms,
                 struct reading *out) must_check;
/* The reading that says "unknown" from now on (free, band, status, free places of classes and zones); the
 * count is kept as last_free. */
void norm_expire(const struct reading *held, int64_t now_ms, struct reading *out);

#endif
