/* SPDX-License-Identifier: MIT
 * Counts as claimed → counts as held.
 */
#include "norm/claim.h"

#include <string.h>

static int check_count(int64_t v, int64_t min, const char *at, struct why *why)
{
    if (v == REPORT_NONE || (v >= min && v <= COUNT_MAX))
        return 0;
    return why_set(why, ERR_RANGE, at, "%lld is outside %lld to %d", (long long)v, (long long)min, COUNT_MAX);
}

static int check_place(const struct place_claim *p, struct why *why)
{
    int err = check_count(p->free, -COUNT_MAX, "/free", why);
    return err ? err : check_count(p->total, 0, "/total", why);
}

static int n_zones(const struct report *rep)
{
    if (rep->n_zones < 0)
        return 0;
    return rep->n_zones < REPORT_MAX_ZONES ? rep->n_zones : REPORT_MAX_ZONES;
}

static bool is_said(const struct place_claim *p)
{
    return p->free != REPORT_NONE || p->total != REPORT_NONE;
}

int claim_check(const struct report *rep, struct why *why)
{
    int err = check_count(rep->free, -COUNT_MAX, "/free", why);
    if (err || (err = check_count(rep->open, 0, "/open", why)) ||
        (err = check_count(rep->total, 0, "/total", why)) ||
        (err = check_count(rep->occupied, 0, "/occupied", why)))
        return err;
    for (int c = 0; c < PLACE_CLASS_N && !err; c++)
        if ((err = check_place(&rep->classes[c], why)))
            why_under(why, "/classes/%s", place_class_name((enum place_class)c));
    for (int z = 0; z < n_zones(rep) && !err; z++)
        if ((err = check_place(&rep->zones[z].count, why)))
            why_under(why, "/zones/%d", z);
    return err;
}

bool claim_speaks(const struct report *rep)
{
    for (int c = 0; c < PLACE_CLASS_N; c++)
        if (is_said(&rep->classes[c]))
            return true;
    return rep->status != STATUS_UNKNOWN || rep->open != REPORT_NONE || rep->total != REPORT_NONE ||
           n_zones(rep) > 0;
}

static int32_t first_said(int64_t claimed, int32_t registered)
{
    return claimed == REPORT_NONE ? registered : (int32_t)claimed;
}

void claim_capacity(const struct lot *lot, const struct report *rep, struct reading *out)
{
    /* No car park has a total of 0; vendors write it where they know none. */
    int64_t total = rep->total == 0 ? REPORT_NONE : rep->total;
    if (rep->total == 0 && lot->total > 0)
        out->quality |= QUALITY_TOTAL_CHANGED;
    out->raw_total = rep->total == REPORT_NONE ? RAW_NONE : (int32_t)rep->total;
    out->total = first_said(total, lot->total);
    out->open = first_said(rep->open, lot->open);
    if (out->open == COUNT_NONE || out->total == COUNT_NONE || out->open <= out->total)
        return;
    if (rep->open != REPORT_NONE && total == REPORT_NONE) {
        out->total = out->open; /* what is claimed now beats what was registered once */
        return;
    }
    out->open = out->total;
    if (rep->open != REPORT_NONE)
        out->quality |= QUALITY_OVER_TOTAL;
}

int32_t claim_base(const struct reading *r)
{
    return r->open != COUNT_NONE ? r->open : r->total;
}

bool claim_free(const struct report *rep, struct reading *out, int64_t *raw)
{
    int32_t base = claim_base(out);
    *raw = rep->free;
    if (rep->free != REPORT_NONE)
        return true;
    if (rep->occupied == REPORT_NONE || base == COUNT_NONE)
        return false;
    *raw = base - rep->occupied;
    out->quality |= QUALITY_DERIVED;
    return true;
}

/* `v` into 0…most, and the flag for what had to be cut. */
static int32_t clamp(int64_t v, int32_t most, uint32_t *quality)
{
    if (v < 0)
        *quality |= QUALITY_NEGATIVE;
    if (v > most)
        *quality |= QUALITY_OVER_TOTAL;
    if (v < 0)
        return 0;
    return v > most ? most : (int32_t)v;
}

const struct correction *claim_correction(const struct lot *lot, int64_t now_ms)
{
    return lot->correction.until_ms > now_ms ? &lot->correction : NULL;
}

void claim_set_free(struct reading *out, int64_t raw, const struct correction *c)
{
    int32_t base = claim_base(out);
    int64_t kept = raw < -INT32_MAX ? -INT32_MAX : raw;
    out->raw_free = kept > INT32_MAX ? INT32_MAX : (int32_t)kept;
    if (c)
        out->quality |= QUALITY_MANUAL;
    out->free = clamp(out->raw_free + (c ? (int64_t)c->offset : 0), base == COUNT_NONE ? COUNT_MAX : base,
                      &out->quality);
}

static struct place_count place_of(const struct place_claim *p, int32_t registered, uint32_t *quality)
{
    struct place_count c = {.free = COUNT_NONE, .total = first_said(p->total, registered)};
    if (p->free != REPORT_NONE)
        c.free = clamp(p->free, c.total == COUNT_NONE ? COUNT_MAX : c.total, quality);
    return c;
}

/* Copies an id; one that was cut inside a character loses the rest of it. */
static bool copy_zone_id(const char *from, char to[ZONE_ID_SIZE])
{
    size_t n = strnlen(from, ZONE_ID_SIZE - 1);
    while (n > 0 && !view_is_utf8((struct view){from, n}))
        n--;
    memset(to, 0, ZONE_ID_SIZE);
    memcpy(to, from, n);
    return n > 0;
}

static bool has_zone(const struct reading *r, const char *id)
{
    for (int z = 0; z < r->n_zones; z++)
        if (strcmp(r->zones[z].id, id) == 0)
            return true;
    return false;
}

void claim_places(const struct lot *lot, const struct report *rep, struct reading *out)
{
    for (int c = 0; c < PLACE_CLASS_N; c++)
        if (is_said(&rep->classes[c]))
            out->classes[c] = place_of(&rep->classes[c], lot->class_total[c], &out->quality);
    int n = n_zones(rep);
    if (n > 0)
        out->n_zones = 0;
    for (int i = 0; i < n; i++) {
        struct zone_count z = {.count = place_of(&rep->zones[i].count, COUNT_NONE, &out->quality)};
        if (copy_zone_id(rep->zones[i].id, z.id) && !has_zone(out, z.id))
            out->zones[out->n_zones++] = z;
    }
}
