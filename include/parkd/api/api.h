/* SPDX-License-Identifier: MIT
 * The HTTP face: public reads, ingest, staff. Two listeners; the same handler knows from which one a request
 * came.
 *
 * Answers that many ask for are rendered once per change and served from memory. The API reads the registry
 * itself; everything else it needs from other stages comes through the port. Owner: app.
 */
#ifndef PARKD_API_API_H
#define PARKD_API_API_H

#include "parkd/base/clock.h"
#include "parkd/base/json_write.h"
#include "parkd/dialect/inbound.h"
#include "parkd/model/body.h"
#include "parkd/model/feed.h"
#include "parkd/model/words.h"
#include "parkd/office/office.h"

struct addr_filter;
struct holidays;
struct pages_conf;
struct api;
struct loop;

struct api_conf {
    const char *public_listen; /* "127.0.0.1:8080" */
    const char *staff_listen;  /* "127.0.0.1:8081", for who has an account; NULL or "": none */
    const char *socket;        /* "unix:/path": whoever may open it is the administrator; NULL or "": none */
    const char *staff_cert_file, *staff_key_file; /* of the staff listener; "": plain */
    const char *tls_cert_file, *tls_key_file;     /* of the public listener; "": plain */
    const char *public_url;                       /* where people find it; NULL or "": as it is bound */
    int64_t max_body;
    int max_connections, max_per_address;
    int rate_per_minute;               /* requests of one address; 0: no limit */
    int max_streams;                   /* readers of /v1/stream */
    const struct addr_filter *proxies; /* trusted ones; NULL: none; kept */
    const char *district_name;         /* for the page */
    const struct pages_conf *pages;    /* NULL: nothing chosen; kept */
    const struct holidays *holidays;   /* days that forecasts do not learn from; NULL: none; kept */
};

enum ingest_code { INGEST_OK, INGEST_TOUCH, INGEST_DUP, INGEST_OLD, INGEST_REJECTED, INGEST_AWAY };
struct ingest_result {
    const char *lot; /* as the feed named it */
    enum ingest_code code;
    uint64_t seq;
    struct why why; /* for rejected ones */
};
/* One result a report, in order. */
typedef void ingest_done_fn(void *ctx, const struct ingest_result *results, size_t n);
typedef void api_series_fn(void *ctx, int err, const struct view *parts, size_t n);
typedef void api_saved_fn(void *ctx, int err, uint64_t version);
/* One JSON value; err: `why` says what was wrong with the question. */
typedef void api_text_fn(void *ctx, int err, const struct why *why, struct view json);
typedef void api_each_fn(void *ctx, struct view id, struct view json, uint64_t version);

typedef void api_received_fn(void *ctx, const struct feed *f, const struct inbound_message *m,
                             struct inbound_result *result);

struct api_port {
    void *ctx;
    /* feeds */
    const struct feed *(*feed_by_id)(void *ctx, struct view id);
    const struct feed *(*feed_by_path)(void *ctx, struct view path);
    /* Reads a push; fn runs exactly once, perhaps at once, and owns the result. */
    void (*feed_receive)(void *ctx, const struct feed *f, const struct inbound_message *m,
                         api_received_fn *done, void *done_ctx);
    void (*feed_pushed)(void *ctx, const struct feed *f, const struct report_list *reports,
                        const struct why *why);
    int (*feed_poll_now)(void *ctx, struct view id);
    /* A raw body of a push, good or bad, for people; NULL: nobody keeps it. */
    void (*feed_body)(void *ctx, const struct feed *f, const struct feed_body *body);
    /* Members "newest", "passed" and "bodies" (those newer than `after`) inside an open object; and the
     * number of the newest. */
    void (*write_bodies)(void *ctx, struct view id, uint64_t after, struct json_writer *w);
    uint64_t (*newest_body)(void *ctx, struct view id);
    /* A trial, and kept bodies read again. The request is copied as far as needed; done later, exactly once.
     */
    int (*try_it)(void *ctx, struct view request, api_text_fn *done, void *done_ctx, struct why *why);
    int (*replay)(void *ctx, struct view id, struct view request, api_text_fn *done, void *done_ctx,
                  struct why *why);
    /* The same of a sink (app/sink_trial.h). */
    int (*try_sink)(void *ctx, struct view request, api_text_fn *done, void *done_ctx, struct why *why);
    /* The sink that the key with this digest reads for, empty: none; and what it acknowledged of a lot, 0:
     * nothing. */
    struct view (*reader_of)(void *ctx, const unsigned char digest[32], bool *enabled);
    uint64_t (*acked)(void *ctx, struct view sink, uint32_t lot);
    /* Norm and store for every report of a push; done later, exactly once. The list is copied as far as
     * needed. */
    int (*ingest)(void *ctx, const struct feed *f, const struct report_list *reports, ingest_done_fn *done,
                  void *done_ctx);
    /* store */
    bool (*store_up)(void *ctx);
    int (*read_days)(void *ctx, uint32_t lot, int64_t first_ms, int n_days, api_series_fn *done,
                     void *done_ctx);
    int (*read_years)(void *ctx, uint32_t lot, int first_year, int n_years, api_series_fn *done,
                      void *done_ctx);
    /* registrations: check everything that a put would refuse (fills why), then write */
    int (*check)(void *ctx, enum noun noun, struct view id, const struct json *doc, struct why *why);
    int (*put)(void *ctx, enum noun noun, struct view id, struct view json, uint64_t if_version,
               api_saved_fn *done, void *done_ctx);
    int (*remove)(void *ctx, enum noun noun, struct view id, api_saved_fn *done, void *done_ctx);
    void (*each)(void *ctx, enum noun noun, api_each_fn *fn,
                 void *fn_ctx); /* feeds and sinks; lots come from the registry */
    int (*sink_resume)(void *ctx, struct view id);
    /* What a dialect declares as parameters ({"app_secret":"secret"}), to mask secrets; empty if there is no
     * such dialect. NULL: every text among the parameters is masked. */
    struct view (*dialect_params)(void *ctx, struct view dialect);
    /* staff */
    void (*write_status)(
        void *ctx,
        struct json_writer *w); /* members "feeds", "sinks", "store", "process" inside an open object */
    void (*write_metrics)(void *ctx, struct buf *out); /* everything that is not counters or the API's own */
    bool (*ready)(void *ctx, const char **reason);
    /* The office: who asks, what is written before it may, and its own routes (parkd/office/office.h). */
    int (*identify)(void *ctx, const struct office_evidence *e, struct principal *out, struct why *why);
    int (*witness)(void *ctx, const struct principal *who, const struct office_act *act,
                   office_saved_fn *done, void *done_ctx);
    void (*outcome)(void *ctx, const struct principal *who, const struct office_act *act, int status);
    void (*office)(void *ctx, const struct office_request *r, office_answer_fn *done, void *done_ctx);
};

struct api *api_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                    const struct api_conf *conf, const struct api_port *port, struct why *why) must_check;
const char *api_public_address(const struct api *a);  /* "127.0.0.1:41234" as bound */
const char *api_staff_address(const struct api *a);   /* of the socket; without one of the staff listener */
const char *api_console_address(const struct api *a); /* of the staff listener; "" without */
/* Stops accepting, ends what is open within grace_ms, then calls back; free afterwards. */
void api_stop(struct api *a, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx);
void api_free(struct api *a);

#endif
