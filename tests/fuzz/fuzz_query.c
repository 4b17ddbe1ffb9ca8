/* SPDX-License-Identifier: MIT
 * What the public API is asked: each line is a query string, and Last-Event-ID. What is taken is within its
 * limits and prints to the same question; pages of a list, one cursor after the other, hold every lot once.
 */
#include "fuzz.h"

#include <math.h>

#include "api/event_ring.h"
#include "api/select.h"
#include "parkd/base/json.h"

#define NOW   INT64_C(1700000000000)
#define LOTS  12
#define EPOCH 0xab12u

static struct registry *reg;
static struct places *places;

static void make_lots(void)
{
    reg = registry_new();
    places = places_new();
    HOLDS(reg && places);
    for (int i = 0; i < LOTS; i++) {
        char text[300];
        struct json *j = NULL;
        struct lot lot;
        struct why why;
        uint32_t idx;
        (void)snprintf(
            text, sizeof text,
            "{\"id\":\"L%d\",\"name\":\"%s %d\",\"area\":\"%s\",\"total\":50,\"location\":{\"lng\":118.0%d,"
            "\"lat\":36.8%d,\"datum\":\"wgs84\"}}",
            i, i % 2 ? "\xE5\x8C\x97" : "lot", i % 3, i % 4 ? "a" : "b", i % 5, i % 7);
        HOLDS(json_parse(view_of(text), &j, &why) == 0 && lot_parse(j, &lot, &why) == 0);
        HOLDS(registry_put(reg, &lot, view_of(text), 1, &idx) == 0);
        json_free(j);
    }
    HOLDS(places_build(places, reg) == 0);
}

static struct query read(struct view text)
{
    struct query q = {.n = 0};
    while (text.n) {
        struct view value = view_cut(&text, '&'), name = view_cut(&value, '=');
        query_add(&q, name, value.p ? value : VIEW(""));
    }
    return q;
}

static void explained(int err, const struct why *why)
{
    if (err)
        fuzz_explained(err, why);
}

/* The pages of one question: each lot at most once, and an end. */
static void turn_pages(struct lots_query asked)
{
    char cursor[QUERY_CURSOR], text[QUERY_CURSOR + 16]; /* the next page's cursor borrows it */
    unsigned seen = 0;
    bool more = asked.limit > 0;
    for (int page = 0; more; page++) {
        struct selection s;
        struct why why = {0};
        HOLDS(page <= LOTS);
        int err = select_lots(reg, places, &asked, NOW, &s, &why);
        explained(err, &why);
        if (err)
            return;
        HOLDS(s.n <= (size_t)asked.limit);
        for (size_t i = 0; i < s.n; i++) {
            HOLDS(!(seen >> s.v[i].lot->idx & 1u) || page == 0);
            seen |= 1u << s.v[i].lot->idx;
        }
        more = s.more;
        if (more) {
            selection_cursor(&s, cursor);
            (void)snprintf(text, sizeof text, "cursor=%s", cursor);
            struct query q = read(view_of(text));
            struct lots_query next;
            HOLDS(query_lots(&q, &next, &why) == 0 || asked.order != BY_ID);
            if (asked.order != BY_ID)
                more = false; /* such a cursor stands beside its sort */
            asked.cursor = next.cursor;
        }
        selection_fini(&s);
    }
}

static void ask_lots(const struct query *q)
{
    struct lots_query out;
    struct why why = {0};
    struct buf key;
    int err = query_lots(q, &out, &why);
    explained(err, &why);
    if (err)
        return;
    HOLDS(out.limit >= 1 && out.limit <= QUERY_LIMIT_MAX && out.arrive_in >= 0 && out.arrive_in <= 120);
    HOLDS(!out.has_near || (isfinite(out.near.lng) && fabs(out.near.lng) <= 180 && fabs(out.near.lat) <= 90));
    HOLDS(out.radius_m >= 0 && isfinite(out.radius_m));
    turn_pages(out);
    buf_init(&key, 1 << 20);
    HOLDS(query_print(q, false, &key) == 0);
    buf_fini(&key);
}

static void ask_others(const struct query *q)
{
    struct lots_query lots;
    struct history_query h;
    struct view a, b;
    struct why why = {0};
    explained(query_export(q, &lots, &why), &why);
    explained(query_lot(q, &lots, &why), &why);
    explained(query_summary(q, &a, &why), &why);
    explained(query_stream(q, &a, &b, &why), &why);
    explained(query_none(q, &why), &why);
    (void)query_page(q);
    int err = query_history(q, NOW, &h, &why);
    explained(err, &why);
    HOLDS(err ||
          (h.from_ms < h.to_ms && h.step_ms > 0 && (h.to_ms - h.from_ms) / h.step_ms <= HISTORY_MAX_POINTS));
}

static void go_on(struct view last)
{
    static struct event_ring *ring;
    uint64_t next = 0;
    if (!ring) {
        HOLDS((ring = event_ring_new()) != NULL);
        for (int i = 0; i < 5; i++)
            event_ring_add(ring, 0, VIEW("x"));
    }
    HOLDS(!event_ring_after(ring, EPOCH, last, &next) || (next >= 1 && next <= event_ring_next(ring)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data, size};
    if (!reg)
        make_lots();
    char *copy = fuzz_copy(text);
    text.p = copy;
    for (int i = 0; i < 8 && text.n; i++) {
        struct view one = view_cut(&text, '\n');
        struct query q = read(one);
        ask_lots(&q);
        ask_others(&q);
        go_on(one);
    }
    free(copy);
    return 0;
}
