/* SPDX-License-Identifier: MIT
 * The watch over every lot's honesty: who stands still, and the record of each day.
 *
 * Every parkd sees every reading through the registry, and keeps when a lot's raw number moved last and which
 * doubts it bore today. Only who leads the office judges and writes: it first reads the past (habits and
 * streaks from the records, movements from the minute series), then judges every ten minutes, renews today's
 * records every half hour, and makes yesterday's soon after midnight. A day's records are whole when its row
 * "#final" is there; whole days are made again only when a window was announced for them. A new leader begins
 * with the past again: nothing depends on what the one before it knew, but the minutes since the last half
 * hour.
 *
 * One job (struct day_job) is on its way at a time. Lots are known by their index in the registry.
 */
#ifndef PARKD_SRC_OFFICE_QUALITY_H
#define PARKD_SRC_OFFICE_QUALITY_H

#include "office/office_impl.h"
#include "parkd/model/drift.h"
#include "parkd/model/frozen.h"
#include "parkd/model/month.h"
#include "parkd/net/timer.h"

#define QUALITY_KIND      "quality"
#define QUALITY_FINAL     "#final"
#define QUALITY_KEEP_DAYS 400
/* What residents reported: rows of a day in Beijing, "<lot>#<random>" → "at=… shown=… free=…" (shown: the
 * number on their page; free: ours at that moment; -1 none). */
#define REPORTS_KIND      "reports"
#define REPORTS_MARK      "#"
#define QUALITY_SETTLE_MS INT64_C(120000) /* after midnight: the last minutes are still on their way */
#define QUALITY_BACK      7               /* days that are made up for, and made again */

/* What was seen of a lot on a day, beside its minutes. */
struct quality_facts {
    int64_t day;
    uint32_t quality;
    int64_t frozen_ms, manual_ms;
};
struct quality_lot {
    bool known, moved; /* a raw number was seen; it moved under our eyes */
    int32_t raw;
    int64_t moved_ms; /* or first seen */
    int64_t step;     /* in which it moved last */
    struct frozen_habit habit;
    struct quality_facts facts[2];     /* by day % 2 */
    struct drift_day days[DRIFT_DAYS]; /* by day % DRIFT_DAYS */
};

enum quality_phase { QUALITY_IDLE, QUALITY_PAST, QUALITY_RUNNING };

struct past;
struct day_job;
struct quality_run {
    struct office *o;
    struct timer *timer;
    enum quality_phase phase;
    struct quality_lot *lots;
    uint32_t n_lots;
    struct frozen_district district;
    int64_t step;   /* being counted */
    int64_t judged; /* step in which all were judged last */
    unsigned moved;
    int64_t correction_ends; /* the next one, or earlier; 0 none */
    int64_t accounted_ms;    /* wall clock up to which flags are counted */
    int64_t missing_from;    /* day; bits of `missing` count from it */
    uint32_t missing;        /* whole records to be made, days missing_from … */
    int64_t settled;         /* day that was made again when platforms had answered; 0 not known */
    int64_t half_hour;       /* of the last renewal of today's records */
    struct past *past;
    struct day_job *job;
};

/* NULL when memory is out. */
struct quality_lot *quality_lot(struct quality_run *q, uint32_t idx);
struct quality_facts *quality_facts(struct quality_lot *l, int64_t day);
void quality_miss(struct quality_run *q, int64_t day);
/* A record as it is written: its habit and its place among the last days. */
void quality_learn(struct quality_lot *l, int64_t day, const struct daily *d);
bool quality_drifts(const struct quality_lot *l, int64_t day, const struct daily *today, int32_t open);

/* quality_past.c: reads the past and sets the phase to QUALITY_RUNNING, or back to QUALITY_IDLE when it
 * cannot. */
int past_start(struct quality_run *q) must_check;
void past_free(struct past *p);

/* quality_day.c: makes the records of a day. */
int day_job_start(struct quality_run *q, int64_t day, bool whole) must_check;
void day_job_free(struct day_job *j);

/* quality_duty.c: on which minutes of a day something is asked of a lot: while the ledger has it connected;
 * of a lot without ledger entry, while it is registered as connected, from minute `from` on. */
void duty_of(struct office *o, const struct registry_lot *l, int64_t day, int from, int64_t now_ms,
             struct daily_frame *out);
/* Has an accepted objection taken this day of the lot out of the month? */
bool duty_left_out(struct office *o, const char *lot, int64_t day);
/* Counts by hand on that day. */
void duty_counted(struct office *o, const char *lot, int64_t day, struct daily *d);

/* corrections.c: gives the registry what the documents say; over: those whose time has passed are taken out
 * of the readings. */
void corrections_apply(struct office *o, uint32_t idx);
void corrections_expire(struct office *o);
/* Documents of a noun, of one lot (NULL: all). */
void documents_list(struct call *c, enum noun noun, const char *lot);
void documents_of_lot(struct call *c, enum noun noun); /* of the lot that the path names */
/* windows.c: has the lot as many as it may have; removes what is over for as long as records are kept. */
bool documents_full(struct call *c, enum noun noun, const char *lot);
void documents_purge(struct office *o);
int time_needed(const struct json *doc, const char *name, int64_t *out, struct why *why) must_check;

/* quality_routes.c */
uint64_t rules_current(struct office *o, struct rules *out); /* the version; 0: the defaults */
/* "2026-11-23" to days since 1970. ERR_INVALID. */
int date_parse(struct view text, int64_t *day) must_check;
void date_format(int64_t day, char out[11]);
void record_write(struct json_writer *w, const char *lot, const struct daily *d, const struct rules *r);

#endif
