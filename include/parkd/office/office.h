/* SPDX-License-Identifier: MIT
 * The office: accounts and keys, the ledger, acceptance, quality, incidents, audit. It answers requests that
 * the API has let in, and does on its own what falls due (acceptance tests, daily records, messages).
 *
 * Everything it knows stands in Redis as documents (model/nouns.def), rows by lot and period, and the audit
 * trail; its memory is a projection that office_take keeps. It never talks to another stage but through its
 * port, which app/wire_office.c fills. Several parkd share one office: whoever holds the sink-independent
 * lease "office" does the work that falls due, everybody answers.
 *
 * Owner: app. One thread. A request's views stay valid until it is answered; every request is answered
 * exactly once, at the end with ERR_AWAY at the latest. Errors: ERR_NOT_FOUND (also what is another
 * operator's), ERR_CONFLICT, ERR_INVALID with `why`, ERR_AUTH, ERR_REFUSED, ERR_AWAY.
 */
#ifndef PARKD_OFFICE_OFFICE_H
#define PARKD_OFFICE_OFFICE_H

#include "parkd/base/clock.h"
#include "parkd/base/json_write.h"
#include "parkd/model/feed.h"
#include "parkd/model/principal.h"
#include "parkd/model/registry.h"
#include "parkd/model/report.h"

struct office;
struct loop;
struct fetcher;

struct office_conf {
    const char *district_name; /* 淄川区 … for reports and messages */
    const char *division;      /* six digits of GB/T 2260 for lot codes; "": none, codes are given */
    const char *public_url; /* for links in messages: "https://parking.example"; "": the listener's address */
    const unsigned char *master_key; /* SEAL_KEY_BYTES, by which secrets are sealed */
};

/* Of actions.def. */
enum action_flag { NONE = 0, QUIET = 1, STAFF = 2 };

enum office_action {
#define ACTION(handler, method, pattern, who, flags) ACTION_##handler,
#include "parkd/office/actions.def"
#undef ACTION
    ACTION_N
};

struct office_param {
    struct view name, value;
};
struct office_request {
    enum office_action action;
    const struct principal *who; /* may do this; whose objects it may touch is the handler's to check */
    struct view args[2];         /* the {} of the path */
    const struct office_param *params;
    size_t n_params;
    struct view body, content_type;
    struct view if_match;            /* without its quotes; empty: none */
    struct view address, request_id; /* for the audit trail */
    bool tls;
    bool private; /* nobody reads along: TLS, or from this very machine */
};
struct office_answer {
    int err; /* ERR_*: a problem with `why`; 0: an answer */
    struct why why;
    int status;
    const char *type;     /* NULL: JSON */
    struct view body;     /* copied by who gets it */
    uint64_t version;     /* ETag; 0 none */
    const char *cookie;   /* Set-Cookie; NULL none */
    const char *filename; /* Content-Disposition: attachment; NULL none */
    int retry_s;          /* Retry-After; 0 none */
};
typedef void office_answer_fn(void *ctx, const struct office_answer *a);
typedef void office_saved_fn(void *ctx, int err, uint64_t version);
typedef void office_series_fn(void *ctx, int err, const struct view *parts, size_t n);
typedef void office_json_fn(void *ctx, int err, const struct why *why, struct view json);
typedef void office_row_fn(void *ctx, struct view lot, struct view text);
typedef void office_cars_fn(void *ctx, struct view lot, bool out, int32_t n);
typedef void office_statement_fn(void *ctx, struct view lot, uint32_t date, bool unbalanced);

/* An entry of the audit trail: hash = SHA-256 of prev, a line feed and the entry. id: where to read on. */
struct office_entry {
    struct view id;
    uint64_t n;
    struct view prev, hash, entry;
};
typedef void office_entry_fn(void *ctx, const struct office_entry *e);

/* What a request showed of who it is. Empty views: not there. */
struct office_evidence {
    bool socket; /* came over the UNIX socket, whose permissions let only the owner in */
    bool unsafe; /* would change something: a session needs its CSRF token then */
    bool private;
    struct view authorization, cookie, csrf, origin, host, address;
};

struct office_row {
    const char *lot;
    struct view text;
};

/* A feed's or sink's state, as its stage sees it now. Texts are valid during the call. ELSEWHERE: another
 * parkd serves it, and knows. */
enum office_health { HEALTH_UNTRIED, HEALTH_GOOD, HEALTH_BAD, HEALTH_OFF, HEALTH_ELSEWHERE };
struct office_party {
    const char *id, *owner; /* owner: of a feed, or "" */
    enum office_health health;
    int64_t last_ok_ms; /* 0 never */
    int64_t waiting_ms; /* sinks: since when the longest waiting lot waits, 0 none */
    int http;           /* of the last failure; 0 none */
    const char *reason; /* "" none */
    size_t held;        /* a sink's quarantine */
};
typedef void office_party_fn(void *ctx, const struct office_party *p);

/* What a platform refused of a lot, and will be told again at retry_ms of the wall clock. */
struct office_hold {
    const char *lot, *what, *code; /* what: "state", "registration", "day" */
    int tries;
    int64_t retry_ms;
};
typedef void office_hold_fn(void *ctx, const struct office_hold *h);

struct office_port {
    void *ctx;
    bool (*store_up)(void *ctx);
    /* Documents; as store_put and store_remove. Secrets of feeds and sinks are sealed below this. */
    int (*put)(void *ctx, enum noun noun, struct view id, struct view json, uint64_t if_version,
               office_saved_fn *done, void *done_ctx);
    int (*remove)(void *ctx, enum noun noun, struct view id, office_saved_fn *done, void *done_ctx);
    /* What a put of a lot, feed or sink would refuse. */
    int (*check)(void *ctx, enum noun noun, struct view id, const struct json *doc, struct why *why);
    /* Feeds and sinks as stored, opened; of lots the registry knows. */
    void (*each)(void *ctx, enum noun noun,
                 void (*fn)(void *ctx, struct view id, struct view json, uint64_t version), void *fn_ctx);
    const struct feed *(*feed)(void *ctx, struct view id);
    /* Rows of a kind ("quality", "month" …), one a lot and period ("20261123", "202611"); keep_days 0: for
     * ever. */
    int (*put_rows)(void *ctx, const char *kind, const char *period, int keep_days,
                    const struct office_row *rows, size_t n, office_saved_fn *done, void *done_ctx);
    int (*read_rows)(void *ctx, const char *kind, const char *period, office_row_fn *each,
                     office_saved_fn *done, void *done_ctx);
    /* The audit trail: `entry` is a JSON object, `done` when it is on disk (version: its number). Entries
     * newer than `after`
     * ("": from the oldest), at most n ≤ 1000; `done` with how many came. */
    int (*audit)(void *ctx, struct view entry, office_saved_fn *done, void *done_ctx);
    int (*read_audit)(void *ctx, struct view after, size_t n, office_entry_fn *each, office_saved_fn *done,
                      void *done_ctx);
    /* The cars that passed on a day in Beijing (yyyymmdd), as store_read_cars. */
    int (*read_cars)(void *ctx, uint32_t date, office_cars_fn *each, office_saved_fn *done, void *done_ctx);
    /* The last day's statement of each lot that a sink acknowledged, and whether it disagreed. */
    int (*read_statements)(void *ctx, const char *sink, office_statement_fn *each, office_saved_fn *done,
                           void *done_ctx);
    /* The lot's reading made anew, with these quality flags and its correction as it now stands. ERR_STATE:
     * no number is held. */
    int (*restate)(void *ctx, uint32_t lot, uint32_t flags);
    int (*read_days)(void *ctx, uint32_t lot, int64_t first_ms, int n_days, office_series_fn *done,
                     void *done_ctx);
    /* Norm and store for reports that people made. */
    int (*report)(void *ctx, const struct feed *f, const struct report_list *reports,
                  void (*done)(void *ctx, size_t accepted, const struct why *why), void *done_ctx);
    /* Trials, as POST /v1/admin/try. */
    int (*try_it)(void *ctx, struct view request, office_json_fn *done, void *done_ctx, struct why *why);
    int (*replay)(void *ctx, struct view feed, struct view request, office_json_fn *done, void *done_ctx,
                  struct why *why);
    void (*write_bodies)(void *ctx, struct view feed, uint64_t after, struct json_writer *w);
    int (*poll_now)(void *ctx, struct view feed);
    void (*each_feed)(void *ctx, office_party_fn *fn, void *fn_ctx);
    void (*each_sink)(void *ctx, office_party_fn *fn, void *fn_ctx);
    /* A sink's quarantine; ERR_* as publisher_each_held. */
    int (*each_held)(void *ctx, struct view sink, office_hold_fn *fn, void *fn_ctx);
    int (*held_retry)(void *ctx, struct view sink, struct view lot);
    int (*held_discard)(void *ctx, struct view sink, struct view lot);
    uint64_t (*acked)(void *ctx, struct view sink, uint32_t lot);
    int (*hash)(struct view prev, struct view entry, char out[65]); /* of the audit trail */
    /* Whether this parkd does what falls due. */
    bool (*leads)(void *ctx);
    struct view (*dialect_params)(void *ctx, struct view dialect);
    void (*each_dialect)(void *ctx,
                         void (*fn)(void *ctx, const char *name, bool polls, bool receives,
                                    struct view params),
                         void *fn_ctx);
    struct fetcher *fetcher; /* for messages to people */
};

struct office *office_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                          const struct office_conf *conf, const struct office_port *port,
                          struct why *why) must_check;
/* Ends what is under way here. Requests that wait for the store are answered when that ends, so office_free
 * comes after it. */
void office_stop(struct office *o);
void office_free(struct office *o);

/* A document as it now stands, or a lot's registration; json empty: removed. */
void office_take(struct office *o, enum noun noun, struct view id, struct view json, uint64_t version);
/* Everything is loaded, for the first time: what falls due may begin. The one-time link of the first
 * administrator, to be shown on the terminal, when there is no staff yet; else "". Valid until the next call.
 */
const char *office_loaded(struct office *o);

/* Who asks. ERR_AUTH: it showed something, and that is wrong, revoked or expired. ERR_REFUSED: a session
 * without its CSRF token, or from another origin. 0 with ROLE_NOBODY: it showed nothing. */
int office_identify(struct office *o, const struct office_evidence *e, struct principal *out,
                    struct why *why) must_check;
/* Writes who wants to do what to the audit trail; `done` when it is on disk, ERR_AWAY otherwise. What is not
 * audited must not happen. */
struct office_act {
    const char *action; /* "ledger_put" */
    struct view method, path, address, request_id;
};
int office_witness(struct office *o, const struct principal *who, const struct office_act *act,
                   office_saved_fn *done, void *ctx);
/* The outcome where it was not what was asked for: a status of 400 or more. */
void office_outcome(struct office *o, const struct principal *who, const struct office_act *act, int status);

void office_handle(struct office *o, const struct office_request *r, office_answer_fn *done, void *ctx);

#endif
