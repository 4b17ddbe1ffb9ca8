/* SPDX-License-Identifier: MIT
 * From what was claimed to what is held true. The order is: range checks, then counts (claim.c), then the
 * time that may be believed, then doubts. A report never makes a reading look newer than its evidence.
 */
#include "parkd/norm/norm.h"

#include "norm/claim.h"
#include "parkd/model/band.h"
#include "parkd/norm/accept.h"

#define AHEAD_MS  (2 * 60 * 1000) /* a source's clock may be so far ahead of ours … */
#define BEHIND_MS (5 * 60 * 1000) /* … or behind, and still be believed */

/* Flags that follow from two readings or from capacity; made anew whenever counts are. */
#define REMADE ((uint32_t)(QUALITY_JUMP | QUALITY_TOTAL_CHANGED | QUALITY_FROZEN))

/* Flags that follow from the count and the office's correction of it. */
#define CORRECTED (QUALITY_MANUAL | QUALITY_NEGATIVE)

struct work {
    const struct lot *lot;
    const struct reading *held;
    const struct report *rep;
    int64_t now_ms;
    bool relay; /* another parkd's state: whole, and judged by the sender */
};

static bool is_ahead(int64_t ms, int64_t now_ms)
{
    return ms > now_ms + AHEAD_MS;
}

static bool is_behind(int64_t ms, int64_t now_ms)
{
    return ms < now_ms - BEHIND_MS;
}

/* When the source may be believed to have observed this; our own time, and a flag, if its clock is off. */
static int64_t believe(const struct work *w, int64_t source_ms, uint32_t *quality)
{
    if (source_ms <= 0)
        return w->now_ms;
    if (is_ahead(source_ms, w->now_ms) || (!w->relay && is_behind(source_ms, w->now_ms))) {
        *quality |= QUALITY_CLOCK_SKEW;
        return w->now_ms;
    }
    return source_ms;
}

/* When the value became so: as the source says, if its clock is believed. A relay's may lie behind or before
 * the observation; anybody else's may not lie after it. */
static int64_t changed_at(const struct work *w, const struct reading *next)
{
    int64_t ms = w->rep->changed_ms;
    if (ms <= 0 || ((next->quality & QUALITY_CLOCK_SKEW) && !w->relay))
        return next->observed_ms;
    int64_t latest = w->relay ? w->now_ms + AHEAD_MS : next->observed_ms;
    return ms > latest ? (w->relay ? w->now_ms : latest) : ms;
}

static void set_times(const struct work *w, struct reading *next)
{
    next->observed_ms = believe(w, w->rep->source_ms, &next->quality);
    next->changed_ms = changed_at(w, next);
    next->received_ms = w->now_ms;
    next->source_seq = w->rep->source_seq;
    next->source_ms = w->rep->source_ms > 0 && w->rep->source_ms <= READING_TIME_MAX ? w->rep->source_ms : 0;
}

static bool has_number(const struct reading *r)
{
    return r->expired || r->free != COUNT_NONE || r->band != BAND_UNKNOWN;
}

/* Is a number held, or was one when it expired? */
static bool has_counted(const struct reading *r)
{
    return r->free != COUNT_NONE || r->band != BAND_UNKNOWN || r->last_free != COUNT_NONE;
}

static void forget_parts(struct reading *r)
{
    for (int c = 0; c < PLACE_CLASS_N; c++)
        r->classes[c].free = COUNT_NONE;
    for (int z = 0; z < r->n_zones; z++)
        r->zones[z].count.free = COUNT_NONE;
}

/* The same values as held, or as were held until they expired? Doubts do not count. */
static bool says_the_same(const struct reading *held, const struct reading *next)
{
    struct reading r = *next;
    if (held->expired)
        return next->free == held->last_free;
    r.quality = held->quality;
    return reading_same(held, &r);
}

/* Does its clock stand far behind and still? */
static bool is_stuck(const struct work *w)
{
    return !w->relay && w->rep->source_ms > 0 && w->rep->source_ms == w->held->source_ms &&
           is_behind(w->rep->source_ms, w->now_ms);
}

/* A source whose clock stands far behind and still, and whose values stand still too, has stopped. Values
 * that move prove it alive whatever its clock says (some feeds date the record and not the count). */
static bool has_stopped(const struct work *w, const struct reading *next)
{
    return is_stuck(w) && says_the_same(w->held, next);
}

/* Doubts that follow from what was held. The jumps of another parkd (it tells when the value changed and when
 * it was seen) were judged there, where every step was seen. */
static void add_doubts(const struct work *w, struct reading *next)
{
    uint32_t flags = accept_flags(w->lot, w->held, next);
    next->quality |= w->relay && w->rep->changed_ms > 0 ? flags & ~(uint32_t)QUALITY_JUMP : flags;
}

static enum lot_status status_next(const struct work *w)
{
    bool said = w->relay || w->rep->status != STATUS_UNKNOWN;
    return said ? w->rep->status : w->held->status;
}

static uint32_t stated_quality(const struct report *rep)
{
    return rep->quality & ((UINT32_C(1) << QUALITY_N) - 1);
}

/* A relay's band stands if hysteresis could have made it; so both ends show the same. */
static enum band band_of_count(const struct work *w, const struct reading *next)
{
    bool theirs = w->relay && w->rep->band != BAND_UNKNOWN;
    return band_next(theirs ? w->rep->band : w->held->band, next->free, claim_base(next));
}

/* What a relay says when it knows no number (any more). */
static void set_unknown(const struct work *w, struct reading *next)
{
    next->expired = has_number(w->held);
    next->last_free = w->held->expired ? w->held->last_free : w->held->free;
}

/* Capacity, status or classes without any number of free places: what is held stays, and so does its
 * observation time, because nobody counted. */
static void keep_counts(const struct work *w, struct reading *next)
{
    const struct reading *held = w->held;
    struct reading said = *next;
    *next = *held;
    next->quality =
        (held->quality & ~REMADE) | stated_quality(w->rep) | (said.quality & QUALITY_TOTAL_CHANGED);
    if (w->rep->open != REPORT_NONE || w->rep->total != REPORT_NONE || claim_base(held) == COUNT_NONE) {
        next->open = said.open;
        next->total = said.total;
        next->raw_total = said.raw_total;
        next->quality |= said.quality & QUALITY_OVER_TOTAL;
    }
    if (held->free != COUNT_NONE) {
        claim_set_free(next, held->raw_free != RAW_NONE ? held->raw_free : held->free,
                       claim_correction(w->lot, w->now_ms));
        next->band = band_next(held->band, next->free, claim_base(next));
    }
    claim_places(w->lot, w->rep, next);
    if (!has_counted(held)) {
        next->expired = false;
        set_times(w, next);
        return;
    }
    if (next->expired)
        forget_parts(next); /* nothing would ever take them back */
    uint32_t ignored = 0;
    next->changed_ms = believe(w, w->rep->source_ms, &ignored);
    next->received_ms = w->now_ms;
}

/* Counts or a band: the whole reading is made from the report and the registration. */
static void make_reading(const struct work *w, struct reading *next, bool counted, int64_t raw)
{
    next->quality |= stated_quality(w->rep);
    claim_places(w->lot, w->rep, next);
    if (counted) {
        claim_set_free(next, raw, claim_correction(w->lot, w->now_ms));
        next->band = band_of_count(w, next);
    } else if (w->rep->band != BAND_UNKNOWN) {
        next->band = w->rep->band;
    } else {
        set_unknown(w, next);
    }
    next->status = status_next(w);
    if (has_stopped(w, next)) {
        *next = *w->held;
        next->received_ms = w->now_ms;
        return;
    }
    set_times(w, next);
    add_doubts(w, next);
}

static int norm_counts(const struct work *w, struct reading *next, struct why *why)
{
    int64_t raw = 0;
    int err = claim_check(w->rep, why);
    if (err)
        return err;
    reading_init(next);
    claim_capacity(w->lot, w->rep, next);
    bool counted = claim_free(w->rep, next, &raw);
    if (counted || w->rep->band != BAND_UNKNOWN || w->relay) {
        make_reading(w, next, counted, raw);
    } else if (claim_speaks(w->rep)) {
        keep_counts(w, next);
        next->status = status_next(w);
        add_doubts(w, next);
    } else if (w->rep->occupied != REPORT_NONE) {
        return why_set(why, ERR_MISSING, "/total", "occupied places alone: neither open nor total is known");
    } else {
        return why_set(why, ERR_MISSING, "", "says nothing: no count, status, band, movement or heartbeat");
    }
    next->seq = 0;
    return 0;
}

static int norm_movement(const struct work *w, struct norm_result *out, struct why *why)
{
    uint32_t ignored = 0;
    int32_t in = w->rep->in, gone = w->rep->out;
    if (in < 0 || in > COUNT_MAX || gone < 0 || gone > COUNT_MAX)
        return why_set(why, ERR_RANGE, in < 0 || in > COUNT_MAX ? "/in" : "/out", "outside 0 to %d",
                       COUNT_MAX);
    if (in == 0 && gone == 0)
        return why_set(why, ERR_MISSING, "", "says nothing: no car came in or went out");
    out->op = NORM_HINT;
    out->in = in;
    out->out = gone;
    out->hint_ms = believe(w, w->rep->source_ms, &ignored);
    return 0;
}

int norm_report(const struct lot *lot, const struct reading *held, const struct report *rep, int64_t now_ms,
                struct norm_result *out, struct why *why)
{
    struct work w = {.lot = lot, .held = held, .rep = rep, .now_ms = now_ms, .relay = rep->source_seq > 0};
    uint32_t ignored = 0;
    *out = (struct norm_result){.op = NORM_SET};
    reading_init(&out->reading);
    switch (rep->kind) {
    case REPORT_BEAT:
        out->op = NORM_BEAT;
        out->reading.observed_ms = is_stuck(&w) ? held->observed_ms : believe(&w, rep->source_ms, &ignored);
        return 0;
    case REPORT_HINT:
        return norm_movement(&w, out, why);
    case REPORT_COUNTS:
    case REPORT_BAND:
        break;
    }
    return norm_counts(&w, &out->reading, why);
}

/* An absolute count of the same clock that is not older has this movement in it. */
static bool is_counted(const struct reading *held, int64_t at_ms)
{
    return held->source_ms > 0 && !(held->quality & QUALITY_CLOCK_SKEW) && at_ms <= held->source_ms;
}

int norm_hint(const struct lot *lot, const struct reading *held, int32_t delta, int64_t at_ms, int64_t now_ms,
              struct reading *out)
{
    struct reading next = *held;
    if (held->expired || held->free == COUNT_NONE)
        return ERR_STATE;
    next.seq = 0;
    next.received_ms = now_ms;
    if (is_ahead(at_ms, now_ms))
        at_ms = now_ms;
    if (!is_counted(held, at_ms)) {
        next.quality = (held->quality & ~REMADE) | QUALITY_DERIVED;
        claim_set_free(&next, (held->raw_free != RAW_NONE ? held->raw_free : held->free) + (int64_t)delta,
                       claim_correction(lot, now_ms));
        next.band = band_next(held->band, next.free, claim_base(&next));
        next.changed_ms = at_ms > held->changed_ms ? at_ms : held->changed_ms;
        next.quality |= accept_flags(lot, held, &next);
    }
    *out = next;
    return 0;
}

void norm_expire(const struct reading *held, int64_t now_ms, struct reading *out)
{
    struct reading next = *held;
    next.seq = 0;
    if (!held->expired)
        next.last_free = held->free;
    next.expired = true;
    next.free = COUNT_NONE;
    next.band = BAND_UNKNOWN;
    next.status = STATUS_UNKNOWN;
    next.changed_ms = now_ms;
    forget_parts(&next);
    *out = next;
}

int norm_restate(const struct lot *lot, const struct reading *held, uint32_t flags, int64_t now_ms,
                 struct reading *out)
{
    const struct correction *c = claim_correction(lot, now_ms);
    struct reading next = *held;
    if (held->expired || held->free == COUNT_NONE || held->raw_free == RAW_NONE)
        return ERR_STATE;
    next.quality = (held->quality & ~(uint32_t)CORRECTED) | flags;
    claim_set_free(&next, held->raw_free, c);
    next.band = band_next(held->band, next.free, claim_base(&next));
    next.seq = 0;
    next.changed_ms = held->changed_ms > now_ms ? held->changed_ms : now_ms;
    next.received_ms = now_ms;
    *out = next;
    return 0;
}
