/* SPDX-License-Identifier: MIT
 * Values → the bytes of answers. Pure: registry, question and now in, bytes out. Whatever came from outside
 * (names, reasons) is escaped for where it stands.
 */
#ifndef PARKD_SRC_API_RENDER_H
#define PARKD_SRC_API_RENDER_H

#include "api/select.h"
#include "parkd/api/api.h"
#include "parkd/base/json_write.h"
#include "parkd/model/forecast.h"
#include "parkd/model/trend.h"

enum problem {
#define PROBLEM(id, name, status, title, meaning) id,
#include "api/problems.def"
#undef PROBLEM
    PROBLEM_N
};
int problem_status(enum problem p);
/* One place that is wrong; `at` is a JSON pointer ("/free") or a parameter's name. */
struct problem_error {
    const char *at, *text;
};
struct problem_answer {
    enum problem kind;
    const char *detail;   /* NULL: none */
    struct view instance; /* the request's id */
    const struct problem_error *errors;
    size_t n_errors;
};
/* RFC 9457. */
int render_problem(const struct problem_answer *p, struct buf *out) must_check;
/* What /problems/<name> says, as plain text. ERR_NOT_FOUND. */
int render_problem_page(struct view name, struct buf *out) must_check;

/* Where a lot's free places go; NULL functions: nobody knows. */
struct lot_outlook {
    enum trend (*trend)(void *ctx, uint32_t idx);
    bool (*arrival)(void *ctx, uint32_t idx, int minutes, struct forecast *out);
    bool (*day)(void *ctx, uint32_t idx, int64_t ms, struct forecast_day *out); /* the one that holds ms */
    void *ctx;
    int minutes; /* of the arrival; 0: not asked */
};
struct lot_view {
    enum datum crs;
    int64_t now_ms;
    double distance_m; /* DISTANCE_NONE: left out */
    uint64_t fields;   /* bits of enum lot_field */
    struct lot_outlook outlook;
};
/* One lot as an object: never `free` but when it is current. */
void render_lot_object(struct json_writer *w, const struct registry_lot *l, const struct lot_view *v);
int render_lot(const struct registry_lot *l, const struct lot_view *v, struct buf *out) must_check;
/* {"as_of","count","lots":[…],"next"?}. *until_ms: the moment the first of the numbers turns into unknown;
 * INT64_MAX never. */
int render_lots(const struct selection *s, const struct lots_query *q, const struct lot_outlook *outlook,
                int64_t now_ms, struct buf *out, int64_t *until_ms) must_check;
/* {"as_of","name","district":{…},"areas":[…],"classes":[…]}; of one area ("" none)
 * {"as_of","name","area":{…}, "classes":[…]}. */
int render_summary(const struct summary *s, const char *district, struct view area, int64_t as_of_ms,
                   struct buf *out) must_check;
/* What a sink is told, all of it (native.schema.json, snapshot). */
struct snapshot_view {
    struct view sink;
    int64_t now_ms;
    uint64_t (*acked)(void *ctx, struct view sink, uint32_t lot); /* 0: nothing */
    void *ctx;
};
int render_snapshot(const struct registry *reg, const struct snapshot_view *v, struct buf *out) must_check;
/* Counters and open connections, in the text format 0.0.4. */
int render_metrics(struct buf *out, int public_connections, int staff_connections,
                   int stream_readers) must_check;

#endif
