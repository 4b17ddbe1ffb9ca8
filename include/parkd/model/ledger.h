/* SPDX-License-Identifier: MIT
 * The ledger (台账): every public car park of the district from the survey on, as documents. Pure.
 *
 * {"id","name","address","area","operator","operator_name","kind","total","open","location":{"lng","lat","datum"},
 *  "contact":{"person","phone"},"mode":"auto|manual","system","obstacle","plan","next_date":"YYYY-MM-DD","notes"}
 * are staff's; "state" and "history":[{"at","by","from","to","why"}] change by steps alone, so each has who,
 * when and why.
 *
 * What is true: a car park that has a registration is in that lot's stage, and belongs to that lot's operator
 * if it names one; the entry follows it. One without is where its entry says.
 */
#ifndef PARKD_MODEL_LEDGER_H
#define PARKD_MODEL_LEDGER_H

#include "parkd/base/json_write.h"
#include "parkd/model/lot.h"

#define LEDGER_HISTORY_MAX 60 /* the oldest go; the audit trail has all of them */
#define LEDGER_WHY_SIZE    256
#define LEDGER_CODE_DIGITS 12

enum ledger_mode { MODE_UNKNOWN, MODE_AUTO, MODE_MANUAL };

struct ledger_entry {
    char id[LOT_ID_SIZE], name[LOT_NAME_SIZE], address[192], area[48], owner[LOT_ID_SIZE], owner_name[96],
        kind[16], system[64], person[48], phone[32], obstacle[512], plan[512], next_date[11], notes[512];
    int32_t total, open; /* COUNT_NONE: not known */
    bool has_point;
    double lng, lat;
    enum datum datum;
    enum ledger_mode mode;
    enum lot_stage state;
};

void ledger_init(struct ledger_entry *e);
/* A lot's id, and none of the words that stand for something else in the API's paths. */
bool ledger_id_valid(struct view id);
/* Staff's members; ERR_* with `why`. State is left as it is in `out`. */
int ledger_parse(const struct json *doc, struct ledger_entry *out, struct why *why) must_check;
/* A stored document, state too. false: not one that parkd wrote. */
bool ledger_read(const struct json *doc, struct ledger_entry *out);

struct ledger_step {
    int64_t at_ms;
    const char *by, *why;
    enum lot_stage from, to;
};
/* The document: the history that was, and one more step (NULL: none). */
void ledger_write(struct json_writer *w, const struct ledger_entry *e, const struct json *history,
                  const struct ledger_step *step);
/* Its members inside an open object, without the history. */
void ledger_write_members(struct json_writer *w, const struct ledger_entry *e);
/* As a "YYYY-MM-DD"; ERR_RANGE: there is no such day. */
int ledger_date(unsigned year, unsigned month, unsigned day, char out[11]) must_check;
bool ledger_same(const struct ledger_entry *a, const struct ledger_entry *b); /* state aside */

/* Was the entry connected at that moment? What a capped history has lost is taken from its first step. */
bool ledger_was_connected(const struct json *history, int64_t ms);
/* Is this step one that the office knows? */
bool ledger_may_step(enum lot_stage from, enum lot_stage to);
const char *ledger_mode_name(enum ledger_mode m); /* "auto", "manual"; NULL for neither */

/* Division 6 + street 3 + class 1 + serial 2, as GB/T 2260 districts number their car parks. ERR_INVALID: not
 * digits of that many; ERR_RANGE: serial not 1…99. */
int ledger_code(struct view division, struct view street, char class_digit, int serial,
                char out[LEDGER_CODE_DIGITS + 1]) must_check;
char ledger_class_digit(struct view kind); /* 1 公共 2 路内 3 配建 4 换乘 9 else */

struct ledger_progress {
    size_t total, by_state[STAGE_RETIRED + 1], automatic, manual; /* the last two: of the connected */
};
void ledger_count(struct ledger_progress *p, const struct ledger_entry *e);
void ledger_write_progress(struct json_writer *w, const struct ledger_progress *p);

#endif
