/* SPDX-License-Identifier: MIT
 * Residents say that a number is wrong. Each report is a row of its day, which the day's quality record
 * counts; nothing about who sent it is written anywhere.
 *
 * One address counts once an hour and lot, and so many times an hour at all; a lot takes so many an hour.
 * What is remembered for that are hashes, in this process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/quality.h"
#include "parkd/base/counters.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"

#define BODY_MAX        1024
#define REMEMBERED      4096
#define PER_ADDRESS     10 /* an hour, over all lots */
#define PER_LOT         60 /* an hour, from all addresses */
#define SHOWN_MAX       65534
#define REPORT_ID_CHARS 10

struct note {
    uint64_t who, lot;
    int64_t mono_ms;
};
struct resident_reports {
    struct note v[REMEMBERED];
    size_t next;
};

static int reports_make(struct office *o, struct why *why)
{
    o->reports = calloc(1, sizeof *o->reports);
    return o->reports ? 0 : why_set(why, ERR_NOMEM, "", "out of memory");
}

static void reports_release(struct office *o)
{
    free(o->reports);
    o->reports = NULL;
}

const struct office_part part_reports = {.make = reports_make, .release = reports_release};

/* --- how often --- */

enum verdict { TAKE, TWICE, TOO_MANY };

static enum verdict judge(const struct resident_reports *r, uint64_t who, uint64_t lot, int64_t mono_ms)
{
    int of_address = 0, of_lot = 0;
    for (size_t i = 0; i < REMEMBERED; i++) {
        const struct note *n = &r->v[i];
        if (!n->mono_ms || mono_ms - n->mono_ms >= HOUR_MS)
            continue;
        if (n->who == who && n->lot == lot)
            return TWICE;
        of_address += n->who == who;
        of_lot += n->lot == lot;
    }
    return of_address >= PER_ADDRESS || of_lot >= PER_LOT ? TOO_MANY : TAKE;
}

static void remember(struct resident_reports *r, uint64_t who, uint64_t lot, int64_t mono_ms)
{
    r->v[r->next++ % REMEMBERED] = (struct note){who, lot, mono_ms};
}

/* --- one report --- */

static void answer(struct call *c, bool noted)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_bool(&w, "noted", noted);
    jw_end_object(&w);
    call_json(c, 200, &b);
}

static void on_noted(void *ctx, int err, uint64_t version)
{
    (void)version;
    if (err) {
        call_why(ctx, err, NULL);
        return;
    }
    counter_add(C_RESIDENT_REPORTS, 1);
    answer(ctx, true);
}

/* What the page showed; COUNT_NONE: no number. false: answered. */
static bool read_shown(struct call *c, int32_t *shown)
{
    static const char *const members[] = {"shown", NULL};
    struct why why = {0};
    int64_t n = COUNT_NONE;
    *shown = COUNT_NONE;
    if (!c->r.body.n)
        return true;
    struct json *doc = call_object(c, BODY_MAX, members);
    if (!doc)
        return false;
    int err = json_want_int(doc, "shown", 0, SHOWN_MAX, &n, &why);
    json_free(doc);
    if (err)
        call_why(c, err, &why);
    *shown = (int32_t)n;
    return !err;
}

static int write_report(struct call *c, const struct registry_lot *l, int32_t shown)
{
    struct office *o = c->o;
    char field[LOT_ID_SIZE + REPORT_ID_CHARS + 2], id[REPORT_ID_CHARS + 1], text[96], day[9];
    int err = random_id(id, REPORT_ID_CHARS);
    if (err)
        return err;
    (void)snprintf(field, sizeof field, "%s" REPORTS_MARK "%s", l->lot.id, id);
    (void)snprintf(text, sizeof text, "at=%lld shown=%d free=%d", (long long)call_now(c), (int)shown,
                   (int)l->reading.free);
    daily_name(daily_of(call_now(c)), day);
    const struct office_row row = {field, view_of(text)};
    return o->port.put_rows(o->port.ctx, REPORTS_KIND, day, QUALITY_KEEP_DAYS, &row, 1, on_noted, c);
}

void office_lot_reported(struct call *c)
{
    struct office *o = c->o;
    int32_t shown = COUNT_NONE;
    uint32_t idx = registry_find(o->reg, c->r.args[0]);
    const struct registry_lot *l = idx == REGISTRY_NONE ? NULL : registry_lot(o->reg, idx);
    int64_t now = clock_mono_ms(o->clock);
    if (!l || l->removed || l->lot.stage == STAGE_RETIRED) {
        call_fail(c, ERR_NOT_FOUND, "", "no lot has this id");
        return;
    }
    if (!read_shown(c, &shown))
        return;
    uint64_t who = view_hash(c->r.address), lot = view_hash(c->r.args[0]);
    enum verdict v = judge(o->reports, who, lot, now);
    if (v == TWICE) {
        answer(c, false);
        return;
    }
    int err = v == TOO_MANY ? ERR_BUSY : write_report(c, l, shown);
    if (v == TOO_MANY)
        call_answer(c, &(struct office_answer){.err = err,
                                               .retry_s = 3600,
                                               .why = {.text = "too many reports; try again in an hour"}});
    else if (err)
        call_why(c, err, NULL);
    else
        remember(o->reports, who, lot, now ? now : 1);
}
