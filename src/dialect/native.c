/* SPDX-License-Identifier: MIT
 * parkd's native format, read. Numbers are numbers here: a count as text, with a fraction or out of range
 * costs its item, because whoever speaks our own format can be told so. A wrong item never costs its
 * neighbours.
 *
 * Times: `at` dates the values. Where the envelope also says when they were last observed (relays), `at` is
 * the change and `observed` the observation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"
#include "parkd/dialect/native.h"

#define SEQ_MAX   (((int64_t)1 << 53) - 1) /* JSON numbers are exact up to here */
#define HINT_MAX  1000
#define FLAGS_MAX 32

/* Where the items of a message are: the array (or the one item), and the pointer to it. */
struct message {
    const struct json *items;
    const struct json **observed; /* members of lot → time, by name; NULL if not said */
    size_t n_observed;
    const char *prefix;
    bool single;
};

/* A time as RFC 3339 text or epoch ms. ERR_TYPE, ERR_SYNTAX, ERR_RANGE. */
static int read_time(const struct json *v, int64_t *ms)
{
    if (json_is(v, JSON_NUMBER))
        return json_int(v, 1, TIME_MAX_MS, ms);
    return json_is(v, JSON_STRING) ? iso8601_parse(json_text(v), ms) : ERR_TYPE;
}

/* 0 when absent or null. */
static int want_time(const struct json *obj, const char *key, int64_t *out, struct why *why)
{
    const struct json *v = json_get(obj, key);
    *out = 0;
    if (!v || json_is(v, JSON_NULL))
        return 0;
    int err = read_time(v, out);
    if (!err)
        return 0;
    char at[16];
    (void)snprintf(at, sizeof at, "/%s", key);
    return why_set(why, err, at, "must be an RFC 3339 time or whole milliseconds since 1970");
}

static int read_counts(const struct json *j, struct report *r, struct why *why)
{
    int err = json_want_int(j, "free", -COUNT_MAX, COUNT_MAX, &r->free, why);
    if (!err)
        err = json_want_int(j, "open", 0, COUNT_MAX, &r->open, why);
    if (!err)
        err = json_want_int(j, "total", 0, COUNT_MAX, &r->total, why);
    if (!err)
        err = json_want_int(j, "occupied", 0, COUNT_MAX, &r->occupied, why);
    return err;
}

/* A word of one of the closed vocabularies, in `dst`; empty when absent. */
static int want_word(const struct json *j, const char *key, char dst[16], struct why *why)
{
    dst[0] = '\0';
    return json_want_str(j, key, dst, 16, why);
}

static int read_words(const struct json *j, struct report *r, struct why *why)
{
    char word[16];
    int err = want_word(j, "status", word, why);
    if (err)
        return err;
    if (word[0] && status_of(view_of(word), &r->status))
        return why_set(why, ERR_INVALID, "/status", "must be open, closed or unknown");
    err = want_word(j, "band", word, why);
    if (err)
        return err;
    if (word[0] && band_of(view_of(word), &r->band))
        return why_set(why, ERR_INVALID, "/band", "must be full, few, some, plenty or unknown");
    return 0;
}

/* Flags that this version does not know are skipped: a newer sender may state more than we understand. */
static int read_quality(const struct json *j, struct report *r, struct why *why)
{
    const struct json *list = NULL;
    int err = json_want_node(j, "quality", JSON_ARRAY, &list, why);
    if (err || !list)
        return err;
    if (json_size(list) > FLAGS_MAX)
        return why_set(why, ERR_TOO_BIG, "/quality", "more than %d flags", FLAGS_MAX);
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        uint32_t mask = 0;
        if (!json_is(v, JSON_STRING))
            return why_set(why, ERR_TYPE, "/quality", "must be a list of names");
        if (!quality_of(json_text(v), &mask))
            r->quality |= mask;
    }
    return 0;
}

static int read_place(const struct json *j, struct place_claim *out, struct why *why)
{
    if (!json_is(j, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object with free and total");
    int err = json_want_int(j, "free", -COUNT_MAX, COUNT_MAX, &out->free, why);
    return err ? err : json_want_int(j, "total", 0, COUNT_MAX, &out->total, why);
}

static int read_classes(const struct json *j, struct report *r, struct why *why)
{
    const struct json *map = NULL;
    int err = json_want_node(j, "classes", JSON_OBJECT, &map, why);
    if (err || !map)
        return err;
    for (const struct json *v = json_first(map); v; v = json_next(v)) {
        enum place_class c;
        if (place_class_of(json_key(v), &c))
            continue;
        err = read_place(v, &r->classes[c], why);
        if (err) {
            why_under(why, "/classes/%s", place_class_name(c));
            return err;
        }
    }
    return 0;
}

static bool zone_known(const struct report *r, const char *id)
{
    for (int i = 0; i < r->n_zones; i++) {
        if (strcmp(r->zones[i].id, id) == 0)
            return true;
    }
    return false;
}

static int read_zone(const struct json *j, struct report *r, struct why *why)
{
    struct zone_claim z = {.count = {REPORT_NONE, REPORT_NONE}};
    if (!json_is(j, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object with id, free and total");
    int err = json_need_str(j, "id", z.id, sizeof z.id, why);
    if (err)
        return err;
    if (!z.id[0] || zone_known(r, z.id))
        return why_set(why, ERR_INVALID, "/id", "must not be empty, nor named twice");
    err = read_place(j, &z.count, why);
    if (!err)
        r->zones[r->n_zones++] = z;
    return err;
}

static int read_zones(const struct json *j, struct report *r, struct why *why)
{
    const struct json *list = NULL;
    int err = json_want_node(j, "zones", JSON_ARRAY, &list, why);
    if (err || !list)
        return err;
    if (json_size(list) > REPORT_MAX_ZONES)
        return why_set(why, ERR_TOO_BIG, "/zones", "more than %d zones", REPORT_MAX_ZONES);
    int i = 0;
    for (const struct json *v = json_first(list); v; v = json_next(v), i++) {
        err = read_zone(v, r, why);
        if (err) {
            why_under(why, "/zones/%d", i);
            return err;
        }
    }
    return 0;
}

static int read_hint(const struct json *j, struct report *r, struct why *why)
{
    int64_t in = 0, out = 0;
    int err = json_want_int(j, "in", 0, HINT_MAX, &in, why);
    if (!err)
        err = json_want_int(j, "out", 0, HINT_MAX, &out, why);
    r->in = (int32_t)in;
    r->out = (int32_t)out;
    return err;
}

static int by_name(const void *a, const void *b)
{
    struct view x = json_key(*(const struct json *const *)a), y = json_key(*(const struct json *const *)b);
    int d = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return d ? d : (x.n > y.n) - (x.n < y.n);
}

/* Sorted, because thousands of items look themselves up in it. */
static int index_observed(const struct json *map, struct message *m)
{
    if (json_size(map) == 0)
        return 0;
    m->observed = calloc(json_size(map), sizeof *m->observed);
    if (!m->observed)
        return ERR_NOMEM;
    for (const struct json *v = json_first(map); v; v = json_next(v))
        m->observed[m->n_observed++] = v;
    qsort(m->observed, m->n_observed, sizeof *m->observed, by_name);
    return 0;
}

/* When the envelope says that `lot` was last observed; 0 if it does not, or not readably. */
static int64_t observed_of(const struct message *m, const char *lot)
{
    size_t lo = 0, hi = m->n_observed;
    struct view name = view_of(lot);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        struct view key = json_key(m->observed[mid]);
        int d = memcmp(key.p, name.p, key.n < name.n ? key.n : name.n);
        if (d == 0 && key.n == name.n) {
            int64_t ms = 0;
            return read_time(m->observed[mid], &ms) ? 0 : ms;
        }
        if (d < 0 || (d == 0 && key.n < name.n))
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

static int read_times(const struct json *j, const struct message *m, struct report *r, struct why *why)
{
    int64_t at = 0, seq = 0;
    int err = want_time(j, "at", &at, why);
    if (!err)
        err = json_want_int(j, "seq", 1, SEQ_MAX, &seq, why);
    if (err)
        return err;
    r->source_seq = (uint64_t)seq;
    r->source_ms = at;
    int64_t seen = observed_of(m, r->lot);
    if (seen > 0) {
        r->source_ms = seen;
        r->changed_ms = at;
    }
    return 0;
}

static bool says_classes(const struct report *r)
{
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (r->classes[c].free != REPORT_NONE || r->classes[c].total != REPORT_NONE)
            return true;
    }
    return r->n_zones > 0;
}

/* What kind of claim the members make: counts before a band, a band before a hint, a hint before a bare sign
 * of life. A free that is there and null says "unknown", which is a claim too. */
static int classify(const struct json *j, struct report *r, struct why *why)
{
    bool heartbeat = false;
    int err = json_want_bool(j, "heartbeat", &heartbeat, why);
    if (err)
        return err;
    bool counted = r->free != REPORT_NONE || r->occupied != REPORT_NONE || says_classes(r);
    bool spoken = r->open != REPORT_NONE || r->total != REPORT_NONE || r->status != STATUS_UNKNOWN;
    r->kind = REPORT_COUNTS;
    if (counted)
        return 0;
    if (r->band != BAND_UNKNOWN)
        r->kind = REPORT_BAND;
    else if (r->in || r->out)
        r->kind = REPORT_HINT;
    else if (heartbeat)
        r->kind = REPORT_BEAT;
    else if (!spoken && !json_get(j, "free") && !json_get(j, "status"))
        return why_set(why, ERR_MISSING, "",
                       "says nothing: needs free, occupied, status, band, in/out or heartbeat");
    return 0;
}

static int read_item(const struct json *j, const struct message *m, struct report *r, struct why *why)
{
    report_init(r);
    if (!json_is(j, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object");
    int err = json_need_str(j, "lot", r->lot, sizeof r->lot, why);
    if (err)
        return err;
    if (!r->lot[0])
        return why_set(why, ERR_INVALID, "/lot", "must not be empty");
    if ((err = read_counts(j, r, why)) || (err = read_words(j, r, why)) || (err = read_quality(j, r, why)) ||
        (err = read_classes(j, r, why)) || (err = read_zones(j, r, why)) || (err = read_hint(j, r, why)) ||
        (err = read_times(j, m, r, why)))
        return err;
    return classify(j, r, why);
}

/* One item into the list: as a report, or as a fault that names it. Only trouble of our own stops the
 * message. */
static int add_item(const struct json *j, int32_t index, const struct message *m, struct report_list *out)
{
    struct report r;
    struct why why = {0};
    int err = read_item(j, m, &r, &why);
    r.item = index;
    if (!err)
        return report_list_add(out, &r);
    if (!m->single)
        why_under(&why, "%s/%d", m->prefix, (int)index);
    return report_list_fault(out, index, view_of(r.lot), &why);
}

static int check_envelope(const struct json *root, struct why *why)
{
    char type[64] = "", version[16] = "";
    int err = json_want_str(root, "type", type, sizeof type, why);
    if (!err)
        err = json_want_str(root, "version", version, sizeof version, why);
    if (err)
        return err;
    if (type[0] && strcmp(type, "parking.availability.updated") != 0)
        return why_set(why, ERR_INVALID, "/type", "is not parking.availability.updated");
    if (version[0] && !view_starts(view_of(version), "1."))
        return why_set(why, ERR_INVALID, "/version", "is not a version 1 of the native format");
    return 0;
}

static int find_items(const struct json *root, struct message *m, struct why *why)
{
    const struct json *data = NULL, *observed = NULL;
    if (!json_is(root, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object: one item, or {\"items\":[…]}");
    if (json_get(root, "data")) {
        int err = check_envelope(root, why);
        if (!err)
            err = json_want_node(root, "data", JSON_OBJECT, &data, why);
        if (err)
            return err;
    }
    const struct json *holder = data ? data : root;
    m->prefix = data ? "/data/items" : "/items";
    int err = json_want_node(holder, "items", JSON_ARRAY, &m->items, why);
    if (!err)
        err = json_want_node(holder, "observed", JSON_OBJECT, &observed, why);
    if (err) {
        why_under(why, "%s", data ? "/data" : "");
        return err;
    }
    if (m->items)
        return observed ? index_observed(observed, m) : 0;
    if (data || !json_get(root, "lot"))
        return why_set(why, ERR_MISSING, m->prefix,
                       data ? "missing" : "needs \"lot\" (one item) or \"items\" (a list of them)");
    m->items = root;
    m->single = true;
    return 0;
}

static int read_items(const struct message *m, struct report_list *out, struct why *why)
{
    if (m->single)
        return add_item(m->items, 0, m, out);
    if (json_size(m->items) > REPORT_LIST_MAX)
        return why_set(why, ERR_TOO_BIG, m->prefix, "more than %d items", REPORT_LIST_MAX);
    int32_t index = 0;
    for (const struct json *v = json_first(m->items); v; v = json_next(v), index++) {
        int err = add_item(v, index, m, out);
        if (err)
            return why_set(why, err, m->prefix, "%s", err_text(err));
    }
    return 0;
}

int native_decode(struct view body, struct report_list *out, struct why *why)
{
    struct json *root = NULL;
    struct message m = {0};
    int err = json_parse(body, &root, why);
    if (!err)
        err = find_items(root, &m, why);
    if (!err)
        err = read_items(&m, out, why);
    free(m.observed);
    json_free(root);
    return err;
}
