/* SPDX-License-Identifier: MIT
 * One lot's quality on one Beijing day: made from its minute series and what was seen beside it; kept as one
 * line of text. Pure.
 *
 * Invariant: a record says only what was observed. Minutes on which nothing is asked of the lot (before it
 * was connected, in a maintenance window, in the future) count nowhere. Making it again from the same input
 * gives the same text.
 *
 * The samples are the office's: every 30 minutes, is there a number? `good`: observed within the last 10
 * minutes (or three of the feed's intervals), `late`: within 30, `none`: longer ago. Both good and late are
 * online. A slot is as long as a fresh number may be old (two intervals, 2 to 30 minutes); timely are those
 * with an observation. Complete are the minutes on which the number was current.
 */
#ifndef PARKD_MODEL_DAILY_H
#define PARKD_MODEL_DAILY_H

#include "parkd/base/buf.h"
#include "parkd/model/lot.h"

#define DAILY_CELLS    48
#define DAILY_LEAD     30 /* minutes before the day that are looked at too */
#define DAILY_MINUTES  (DAILY_LEAD + 1440)
#define DAILY_MAX_TEXT 640

enum daily_cell { CELL_OFF = '-', CELL_WINDOW = 'w', CELL_GOOD = 'g', CELL_LATE = 'l', CELL_NONE = 'n' };
enum daily_duty { DUTY_OFF, DUTY_WINDOW, DUTY_ON };
enum daily_sum { SUM_UNKNOWN, SUM_GOOD, SUM_BAD };

struct daily {
    char cells[DAILY_CELLS];         /* enum daily_cell */
    int timely, slots;               /* slots with an observation, of so many */
    int current, minutes;            /* minutes with a current number, of so many */
    int32_t min, max, first, last;   /* free places; COUNT_NONE */
    uint16_t moves[24];              /* changes by hour */
    uint32_t quality;                /* flags that were seen */
    int frozen_min, manual_min;      /* minutes under these flags */
    int frozen_days, unsettled_days; /* days in a row up to this one: frozen at all, or not reconciled */
    bool drift;
    int32_t in, out;           /* cars; COUNT_NONE where nobody counts them */
    enum daily_sum reconciled; /* do the counts agree with the cars, or the platform's sums with ours? */
    int counted, miscounted;   /* counts by hand, and those beyond the tolerance */
    int reported;              /* residents who said that its number was wrong */
};

/* What a day is asked of, and what the feed promised. */
struct daily_frame {
    unsigned char duty[1440]; /* enum daily_duty by minute */
    int64_t interval_ms;      /* of the feed; 0 not known */
};

void daily_init(struct daily *d); /* nothing asked, nothing seen */
/* The minutes of a Beijing day out of the two UTC days it lies on: `before` begins 24 h before `after`. */
void daily_minutes(struct view before, struct view after, int32_t out[DAILY_MINUTES]);
/* Sets all that follows from the series: cells, timely, current, min to last, moves. */
void daily_series(struct daily *d, const int32_t minutes[DAILY_MINUTES], const struct daily_frame *f);
/* Cars in and out, and whether the counts at both ends agree with them within the tolerance. */
void daily_cars(struct daily *d, int32_t in, int32_t out, int32_t open);
/* Days in a row, from the record of the day before (NULL: none). */
void daily_follow(struct daily *d, const struct daily *before);
/* Shares 0…1; -1: nothing was asked. */
double daily_online(const struct daily *d);
double daily_timeliness(const struct daily *d);
double daily_completeness(const struct daily *d);
double daily_silent_hours(const struct daily *d);
/* How far a hand count may lie off: max(3, 3 % of open). */
int32_t daily_tolerance(int32_t open);
/* The Beijing day of a moment: days since 1970, and its name "20261123". */
int64_t daily_of(int64_t ms);
void daily_name(int64_t day, char name[9]);

/* One line: "cells=… tm=47/48 cm=1400/1440 free=3..120 ends=100,98 mv=0,0,… q=negative fz=0/0 mn=0 un=0 dr=0
 * in=12 out=10 rec=1 hc=2/1 rp=3". */
int daily_encode(const struct daily *d, struct buf *out) must_check;
/* ERR_SYNTAX for what daily_encode cannot have written; members that are not known are skipped. */
int daily_decode(struct view text, struct daily *out) must_check;

#endif
