/* SPDX-License-Identifier: MIT
 * What reading a feed of 1 000 lots through `generic` costs beside json_parse of the same bytes. Both in
 * turn, so that they share whatever the machine does meanwhile; medians. One line a mapping: name, decode and
 * parse in µs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parkd/base/json.h"
#include "parkd/dialect/dialect.h"

#define LOTS   1000
#define ROUNDS 201

static const char plain[] =
    "{\"mapping\":{\"items\":\"/data/list\",\"lot\":\"/parkId\",\"free\":\"/free\",\"total\":\"/total\"}}";
static const char full[] = "{\"mapping\":{\"items\":\"/data/list\",\"success\":{\"path\":\"/"
                           "code\",\"equals\":[0],\"message\":\"/msg\"},"
                           "\"filter\":{\"path\":\"/type\",\"equals\":\"park\"},\"lot\":\"/"
                           "parkId\",\"free\":\"/free\",\"total\":\"/total\","
                           "\"name\":\"/name\",\"status\":{\"path\":\"/"
                           "state\",\"map\":{\"1\":\"open\",\"0\":\"closed\"},\"default\":\"unknown\"},"
                           "\"time\":{\"path\":\"/updated\",\"format\":\"%Y-%m-%d "
                           "%H:%M:%S\"},\"point\":{\"lat\":\"/lat\",\"lng\":\"/lng\"},"
                           "\"numbers\":{\"text\":true,\"unknown\":[\"-\",-1]}}}";

static void write_feed(struct buf *out)
{
    buf_printf(out, "{\"code\":0,\"msg\":\"ok\",\"data\":{\"list\":[");
    for (int i = 0; i < LOTS; i++) {
        buf_printf(
            out,
            "%s{\"parkId\":\"P%05d\",\"name\":\"Car park %d\",\"type\":\"park\",\"free\":%d,\"total\":%d,"
            "\"state\":\"1\",\"updated\":\"2026-03-01 08:%02d:%02d\",\"lng\":120.%06d,\"lat\":30.%06d}",
            i ? "," : "", i, i, i * 7 % 400, 400 + i % 100, i / 60 % 60, i % 60, 100000 + i * 31,
            200000 + i * 17);
    }
    buf_printf(out, "]}}");
}

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof *v, by_size);
    return v[ROUNDS / 2];
}

static void die(const char *what, const struct why *why)
{
    (void)fprintf(stderr, "decode: %s: %s %s\n", what, why->at, why->text);
    exit(1);
}

static double decode_once(struct dialect_session *s, struct view body)
{
    bool more = false;
    struct why why = {0};
    struct report_list list;
    struct dialect_request next;
    struct dialect_ctx ctx = {
        .now_ms = 1772323200000, .url = view_of("http://vendor.example/parks"), .feed = "F"};
    struct dialect_response res = {200, {0}, body};
    double began = now_us();
    report_list_init(&list);
    int err = dialect_decode(s, &ctx, &res, &list, &next, &more, &why);
    size_t n = list.n;
    dialect_request_fini(&next);
    report_list_fini(&list);
    double took = now_us() - began;
    if (err || n != LOTS)
        die("reading the feed", &why);
    return took;
}

static double parse_once(struct view body)
{
    struct why why = {0};
    struct json *doc = NULL;
    double began = now_us();
    int err = json_parse(body, &doc, &why);
    json_free(doc);
    double took = now_us() - began;
    if (err)
        die("parsing the feed", &why);
    return took;
}

static void measure(const struct dialect *generic, const char *name, const char *params, struct view body)
{
    static double ours[ROUNDS], parse[ROUNDS];
    struct why why = {0};
    struct dialect_session *s = dialect_open(generic, view_of(params), &why);
    if (!s)
        die(name, &why);
    for (int i = 0; i < ROUNDS; i++) {
        parse[i] = parse_once(body);
        ours[i] = decode_once(s, body);
    }
    dialect_close(s);
    (void)printf("%s %.1f %.1f\n", name, median(ours), median(parse));
}

int main(void)
{
    int failed = 0;
    struct buf body;
    struct why why = {0};
    const char *const nowhere[] = {NULL};
    struct dialects *ds = dialects_load(nowhere, &failed, &why);
    buf_init(&body, 1 << 20);
    write_feed(&body);
    const struct dialect *generic = ds ? dialects_find(ds, "generic") : NULL;
    if (!generic || body.err)
        die("setting up", &why);
    measure(generic, "plain", plain, buf_get(&body));
    measure(generic, "full", full, buf_get(&body));
    buf_fini(&body);
    dialects_free(ds);
    return 0;
}
