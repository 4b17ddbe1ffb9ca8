/* SPDX-License-Identifier: MIT
 * What the tests of dialects share: dialects from texts and from src/dialects, a small registry, a context,
 * reports as text.
 */
#ifndef PARKD_TEST_DIALECT_TEST_H
#define PARKD_TEST_DIALECT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect/table.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"

#ifndef PARKD_SHARE
#define PARKD_SHARE "src"
#endif

#define TEST_NOW 1700000000000 /* the time of the vectors */

/* Throw-away keys of 1024 bits, as Hangzhou's platform hands them out; they protect nothing. */
#define TEST_PRIVATE_KEY                                               \
    "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMhC7oK8G3tU8mBX" \
    "JIPo0axyvWoELXhem69UzX6yUM2ifVBWAhAi7Y4x94dKt72nfZl331SInIWwWxtn" \
    "ZPnDuSXkM8tul/2y4mhtGkYhFSHrZxxOJzXUB1YZd7uyoQWonyN//AqWtK3FLlcK" \
    "crcwoKGD4iP4sAhQr3jMC11QbD+dAgMBAAECgYAmbOlU/oELbiY/pBjmkqLAwxdj" \
    "I0ASS5z1zIDNoatteZMv+gDVVc5dLWtAc27EHkI0U1Lv5nKaGFey72jpn8uDiWom" \
    "F2LdqhtMdtgxIKIRFHJqsaSCHwPnx6UcyZTO1VctbUSSiM+dMtv+Xmd0jYuM8GBq" \
    "02GJl0vqSwH1YqiuxQJBAPqb8iknpGq2aRLSy+99K9bXxMWSfOUMORg8hGRoSWBr" \
    "Lhaoh8h82I46Ti3AgletuTOdOWUGDl819S3Wl5SC7kMCQQDMkbsmrdQUv6lmHTcJ" \
    "Zzr7LxZORZ3Yz4gDzHCuIr2U+OKH17gIlL70MimCC9KUgO8yLEyvdySyuLFiTudk" \
    "smyfAkEAko5cQcETH+zo6b8o0DdNSekJA9m0/GX3hbruWaG7N422eD26mn6YTiS+" \
    "z3bDQu8vXYXWqMOv5/IwHcxe/NTM7QJBAIZBgkURQiXX35IfzFYEhOYC8i2ubLi1" \
    "AvwTOURfknJpoSor/iDLlkLnhOxPXAWQVOtlvXJOzCvrIKd3R0+D9dsCQQCF+iAf" \
    "K0iyFFvASRsRJraumDqhHeOFRrHtmST8RTJEu4nr/S7tHlrcGuPNmquUEhH13z5i" \
    "G0JpdpLqYz8YzDeR"
#define TEST_PUBLIC_KEY                                                \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDIQu6CvBt7VPJgVySD6NGscr1q" \
    "BC14XpuvVM1+slDNon1QVgIQIu2OMfeHSre9p32Zd99UiJyFsFsbZ2T5w7kl5DPL" \
    "bpf9suJobRpGIRUh62ccTic11AdWGXe7sqEFqJ8jf/wKlrStxS5XCnK3MKChg+Ij" \
    "+LAIUK94zAtdUGw/nQIDAQAB"
#define TEST_OTHER_PUBLIC_KEY                                          \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCzcnY9TanqFwt/GGFnH3KI1RD7" \
    "RZgbP/N1kwa1RTqHsAlhlY1POBmd6Ou/a754jpumxSQz5B96r+tWB7HjZuKl4t8+" \
    "qB5HKGo6LNHFx+MpGWB1x+AykJRNIjqEkqHinKj8G7EUtDPkvFu10q5AKXKNBDf1" \
    "Hue5GrXWMq4kj3v4VQIDAQAB"

/* All of src/dialects and the built-in ones. */
static inline struct dialects *load_shipped(void)
{
    const char *folders[] = {PARKD_SHARE "/dialects", NULL};
    struct why why = {0};
    int failed = 0;
    struct dialects *ds = dialects_load(folders, &failed, &why);
    if (failed)
        fail_msg("%s: %s", why.at, why.text);
    assert_non_null(ds);
    return ds;
}

/* One dialect from a text, which must load. */
static inline struct dialects *load_text(const char *source)
{
    struct why why = {0};
    struct dialects *ds = dialects_new();
    assert_non_null(ds);
    if (dialects_add_lua(ds, "test.lua", view_of(source), &why))
        fail_msg("%s: %s", why.at, why.text);
    return ds;
}

static inline struct dialect_session *open_session(const struct dialects *ds, const char *name,
                                                   const char *params)
{
    struct why why = {0};
    const struct dialect *d = dialects_find(ds, name);
    assert_non_null(d);
    struct dialect_session *s = dialect_open(d, view_of(params), &why);
    if (!s)
        fail_msg("%s: %s", why.at, why.text);
    return s;
}

static inline struct dialect_ctx test_ctx(const struct registry *lots)
{
    return (struct dialect_ctx){
        .now_ms = TEST_NOW,
        .url = VIEW("https://lot.example/"),
        .lots = lots,
        .feed = "f1",
        .nonce = VIEW("1700000000000"),
    };
}

static inline void add_lot(struct registry *reg, const char *id, const char *feed, const char *foreign)
{
    struct lot lot;
    struct json *j = NULL;
    struct why why = {0};
    uint32_t idx;
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"%s\",\"name\":\"%s\",\"total\":100,\"feed\":\"%s\",\"foreign_id\":\"%s\"}", id,
                   id, feed, foreign);
    assert_int_equal(json_parse(view_of(text), &j, &why), 0);
    assert_int_equal(lot_parse(j, &lot, &why), 0);
    assert_int_equal(registry_put(reg, &lot, view_of(text), 1, &idx), 0);
    json_free(j);
}

static inline bool has_text(struct view v, const char *piece)
{
    return v.p && memmem(v.p, v.n, piece, strlen(piece)) != NULL;
}

static inline const char *header_of(const struct dialect_request *r, const char *name)
{
    for (int i = 0; i < r->n_headers; i++) {
        if (view_ieq(view_of(r->headers[i].name), name))
            return r->headers[i].value;
    }
    return "";
}

static inline void print_count(struct buf *b, const char *name, int64_t v)
{
    if (v != REPORT_NONE)
        buf_printf(b, " %s=%lld", name, (long long)v);
}

static inline void print_report(struct buf *b, const struct report *r)
{
    static const char *const kinds[] = {"counts", "band", "beat", "hint"};
    char time[ISO8601_SIZE];
    buf_printf(b, "report %d lot=%s %s", (int)r->item, r->lot, kinds[r->kind]);
    print_count(b, "free", r->free);
    print_count(b, "open", r->open);
    print_count(b, "total", r->total);
    print_count(b, "occupied", r->occupied);
    if (r->status != STATUS_UNKNOWN)
        buf_printf(b, " status=%s", status_name(r->status));
    if (r->band != BAND_UNKNOWN)
        buf_printf(b, " band=%s", band_name(r->band));
    if (r->source_ms)
        buf_printf(b, " time=%s", iso8601_format(r->source_ms, time));
    if (r->changed_ms)
        buf_printf(b, " changed=%s", iso8601_format(r->changed_ms, time));
    if (r->source_seq)
        buf_printf(b, " seq=%llu", (unsigned long long)r->source_seq);
    if (r->in || r->out)
        buf_printf(b, " in=%d out=%d", (int)r->in, (int)r->out);
    for (int q = 0; q < QUALITY_N; q++) {
        if (r->quality >> q & 1)
            buf_printf(b, " +%s", quality_name((enum quality_bit)q));
    }
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (r->classes[c].free == REPORT_NONE && r->classes[c].total == REPORT_NONE)
            continue;
        buf_printf(b, " %s:", place_class_name((enum place_class)c));
        print_count(b, "free", r->classes[c].free);
        print_count(b, "total", r->classes[c].total);
    }
    for (int z = 0; z < r->n_zones; z++) {
        buf_printf(b, " zone %s:", r->zones[z].id);
        print_count(b, "free", r->zones[z].count.free);
        print_count(b, "total", r->zones[z].count.total);
    }
    buf_char(b, '\n');
}

/* Reports, then faults, a line each. */
static inline void print_list(struct buf *b, const struct report_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        print_report(b, &l->v[i]);
    for (size_t i = 0; i < l->n_faults; i++)
        buf_printf(b, "fault %d lot=%s %s: %s\n", (int)l->faults[i].item, l->faults[i].lot,
                   l->faults[i].why.at, l->faults[i].why.text);
}

static inline void assert_list(const struct report_list *l, const char *want)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    print_list(&b, l);
    assert_string_equal(b.p ? b.p : "", want);
    buf_fini(&b);
}

#endif
