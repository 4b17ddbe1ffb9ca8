/* SPDX-License-Identifier: MIT
 * The acceptance test (联调) of a lot: what its readings have shown so far, judged check by check. A value;
 * pure.
 *
 * The test begins when the operator asks for it and runs by itself over everything the lot reports. It has
 * passed when every check has; a check that failed says what to mend, and can still pass when enough good
 * reports follow. It ends after `days` in any case.
 *
 *   reports     so many good reports over so many minutes
 *   plausible   counts within 0 and open, total as registered, no leaps: at most 5 % of the reports may be
 * doubted clock       the source's time, where it sends one, is right regular     no gap beyond three
 * intervals but the outage's, and at most one more outage      one gap or refusal was followed by good
 * reports again: pull the plug, or let an officer waive it A lot whose counts people enter has `reports`
 * (fewer, over longer) and `plausible` alone.
 */
#ifndef PARKD_MODEL_ACCEPTANCE_H
#define PARKD_MODEL_ACCEPTANCE_H

#include "parkd/base/json_write.h"
#include "parkd/model/reading.h"

struct json;

struct acceptance_rules {
    int32_t reports, minutes, manual_reports, manual_minutes, days;
};
void acceptance_rules_default(struct acceptance_rules *r); /* 20, 30, 3, 120, 7 */
/* Over the defaults; ERR_* with `why`. */
int acceptance_rules_parse(const struct json *j, struct acceptance_rules *out, struct why *why) must_check;
void acceptance_rules_write(struct json_writer *w, const struct acceptance_rules *r);

enum acceptance_state { ACCEPTANCE_RUNNING, ACCEPTANCE_PASSED, ACCEPTANCE_FAILED };
enum acceptance_check { CHECK_REPORTS, CHECK_PLAUSIBLE, CHECK_CLOCK, CHECK_REGULAR, CHECK_OUTAGE, CHECK_N };
enum check_result { RESULT_WAITING, RESULT_PASS, RESULT_FAIL };

struct acceptance {
    char lot[LOT_ID_SIZE];
    bool manual;
    enum acceptance_state state;
    int64_t since_ms, until_ms;
    int64_t first_ms, last_ms; /* of good reports; 0: none yet */
    int32_t reports, doubted, skewed, gaps, survived;
    int32_t least, most;           /* counts seen */
    bool away;                     /* in a gap now */
    char waived[128];              /* why the outage need not be shown; empty: it must */
    struct acceptance_rules rules; /* as they were when it began */
};
void acceptance_begin(struct acceptance *a, const char *lot, bool manual, const struct acceptance_rules *r,
                      int64_t now_ms);
/* A reading that is held now; what is not newer than the last is passed over. */
void acceptance_observe(struct acceptance *a, const struct reading *r, int64_t interval_ms);
/* Time passed: a gap begins, the end is reached. */
void acceptance_tick(struct acceptance *a, int64_t interval_ms, int64_t now_ms);
enum check_result acceptance_result(const struct acceptance *a, enum acceptance_check c);
/* Passed, failed or still running, by the checks as they stand; changes `state`. True when that changed. */
bool acceptance_judge(struct acceptance *a, int64_t now_ms);

/* The stored form, and back; false: not one that parkd wrote. */
void acceptance_write(struct json_writer *w, const struct acceptance *a);
bool acceptance_read(const struct json *j, struct acceptance *out);
/* For people:
 * {"state","since","until","checks":[{"name","result","have","want","zh","en","advice_zh","advice_en"}]} */
void acceptance_show(struct json_writer *w, const char *key, const struct acceptance *a);

#endif
