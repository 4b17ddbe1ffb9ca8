/* SPDX-License-Identifier: MIT
 * Vendors' and platforms' protocols behind a few calls. A dialect is a Lua file or one of two built in C
 * (`native`, `generic`).
 *
 * dialects_load reads every *.lua of the folders in order; a name seen first wins. A session is one feed's or
 * sink's use of a dialect: its parameters (checked at opening) and its small memory (login tokens), which
 * lives as long as the session. Calls are synchronous and bounded in memory and instructions; a breach costs
 * ERR_BUDGET and a fresh Lua state for that dialect, never the process. All inputs are borrowed for the call;
 * outputs are owned by the caller and freed with their _fini.
 *
 * Pure but for random numbers that a script asks for, and the CPU-time ceiling that stands behind the
 * instruction budget: no loop, wall clock, file (after loading), socket, log.
 */
#ifndef PARKD_DIALECT_DIALECT_H
#define PARKD_DIALECT_DIALECT_H

#include "parkd/base/buf.h"
#include "parkd/model/reading.h"
#include "parkd/model/summary.h"

#define DIALECT_INTERFACE_VERSION "1.2" /* semantic version of what Lua files rely on */
#define DIALECT_MAX_BODY          (4 * 1024 * 1024)
#define DIALECT_MAX_FOLLOW_UPS    32          /* of a mapping; a Lua file gets 8 */
#define DIALECT_ASIDE_BODY        (64 * 1024) /* what is larger is read aside, in libuv's pool */

struct dialects;
struct dialect;
struct dialect_session;

enum dialect_part {
    DIALECT_POLL = 1,
    DIALECT_RECEIVE = 2,
    DIALECT_PUSH = 4,
    DIALECT_BEAT = 8,
    DIALECT_REGISTER = 16, /* lots are made known to the platform before their counts */
    DIALECT_DAY = 32,      /* a daily statement of cars in and out */
    DIALECT_ASK = 64       /* the platform tells what it holds */
};

/* Loads the built-in dialects and all *.lua files of `folders` (NULL-terminated; a folder that is not there
 * is skipped). Lua files find as `lib` what the lib.lua of their folder returns, else that of the last
 * folder. A file that fails is left out, and `why` (of the last) and the return value say so; the others are
 * usable. NULL only without memory. */
struct dialects *dialects_load(const char *const *folders, int *n_failed, struct why *why);
/* Adds one file, with the lib.lua beside it, else that of before, else the packaged one. The place of a fault
 * is in `why`. */
int dialects_add_file(struct dialects *ds, const char *path, struct why *why) must_check;
/* The table goes when its last session is closed: one may still be decoding aside. */
void dialects_free(struct dialects *ds);
const struct dialect *dialects_find(const struct dialects *ds, const char *name);
const struct dialect *dialects_next(const struct dialects *ds,
                                    const struct dialect *after); /* iterate by name; NULL starts */
const char *dialect_name(const struct dialect *d);
unsigned dialect_parts(const struct dialect *d);
/* Parameters as declared, a JSON object {"app_id":"string"} ("string", "number", "object", "boolean",
 * "secret"; with "?" optional). */
struct view dialect_params(const struct dialect *d);
/* The most items that one push should carry (protocols that sign each lot are slow); 0: no wish. A larger
 * batch works, but holds the caller up longer. */
size_t dialect_max_batch(const struct dialect *d);

/* NULL with `why` ("/params/app_id") when a parameter is missing, unknown or wrong, or a mapping does not
 * compile. */
struct dialect_session *dialect_open(const struct dialect *d, struct view params_json,
                                     struct why *why) must_check;
void dialect_close(struct dialect_session *s); /* NULL is fine */

/* The lots of a feed as registered: a copy, for calls that must not see the registry. */
struct dialect_lot {
    char id[LOT_ID_SIZE], foreign[FOREIGN_SIZE];
};
/* A further message that a mapping joins, given instead of asked for (a trial). */
struct dialect_side {
    struct view name, body;
};
struct dialect_trace; /* see propose.h */

struct dialect_ctx {
    int64_t now_ms;
    struct view url;             /* as registered: feed's or sink's base URL */
    const struct registry *lots; /* to look up lots of the feed; NULL: `known` has them */
    const struct dialect_lot *known;
    size_t n_known;
    const char *feed;  /* feed id, for polls and receives */
    struct view topic; /* MQTT: where the message was published */
    const struct dialect_side *sides;
    size_t n_sides;
    struct dialect_trace *trace; /* notes what a mapping looked at; NULL: nobody asks */
    bool aside;                  /* another thread than the loop's; see dialect_decode */
    bool unguarded; /* a push that nobody checked: the feed has neither keys nor addresses, the dialect must
                       look */
    struct view secret, bearer; /* the sink's, for native */
    struct view nonce; /* what a script gets as ctx.nonce; empty (always but in tests): a random UUID */
};

struct dialect_header {
    char name[64];
    char value[1024];
};
#define DIALECT_MAX_HEADERS 12
struct dialect_request {
    char method[8]; /* empty: GET, or POST with a body */
    char url[2048]; /* absolute */
    struct dialect_header headers[DIALECT_MAX_HEADERS];
    int n_headers;
    struct buf body;
    uint32_t *items; /* push: indexes into the items given; NULL for polls */
    size_t n_items;
    enum dialect_part part; /* which call made it */
    bool first;             /* goes before what was asked for (a login), alone; see dialect_push */
};
void dialect_request_init(struct dialect_request *r);
void dialect_request_fini(struct dialect_request *r);

struct dialect_response {
    int status;
    struct view head, body; /* head as in fetch_result */
};

/* We ask. */
int dialect_poll(struct dialect_session *s, const struct dialect_ctx *ctx, struct dialect_request *out,
                 struct why *why) must_check;
/* We read the answer: reports, or a further request in `next` (*more true). Errors name what was wrong with
 * the answer: an error envelope, an empty list where lots are expected, HTML, half a body (ERR_REFUSED,
 * ERR_PROTOCOL, ERR_SYNTAX …).
 *
 * With ctx->aside this and dialect_receive may run in another thread than the loop's, provided that ctx->lots
 * is NULL, no other call of this session runs before it ends; it is closed in the loop again. A Lua dialect
 * uses a second state of its own for such calls, which wait for each other. */
int dialect_decode(struct dialect_session *s, const struct dialect_ctx *ctx,
                   const struct dialect_response *res, struct report_list *out, struct dialect_request *next,
                   bool *more, struct why *why) must_check;

/* They tell us. */
struct dialect_inbound {
    struct view method, path, content_type, body;
    struct view (*header)(void *ctx, const char *name);
    struct view (*query)(void *ctx, const char *name);
    void *accessor;
};
struct dialect_reply {
    int status; /* 200 when left 0 */
    char content_type[64];
    struct buf body;
};
void dialect_reply_fini(struct dialect_reply *r);
/* ERR_AUTH: the signature is wrong (reply filled in the vendor's manner if the dialect does). `reply` is what
 * to answer once the reports are stored; parkd answers 503 in its place when they could not be. A reply
 * without a body (native): the caller answers in parkd's own manner. `reply` needs no preparation; it is set
 * in every case, and the caller frees it with dialect_reply_fini. */
int dialect_receive(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_inbound *req, struct report_list *out, struct dialect_reply *reply,
                    struct why *why) must_check;

/* We tell a platform. */
struct dialect_item {
    const struct lot *lot;
    const struct reading *reading;
    uint64_t version;          /* of the registration */
    bool filed;                /* the platform has acknowledged a registration of it before */
    const char *code;          /* what the platform called it then; NULL or empty: nothing */
    int32_t cars_in, cars_out; /* of batch->date; COUNT_NONE: not known */
};
struct dialect_batch {
    const struct dialect_item *items;
    size_t n;
    const struct summary *summary; /* aggregates that go along; NULL none */
    const char *batch_id;          /* the same for every attempt of one batch */
    const char *date;              /* dialect_day: yyyy-mm-dd in Beijing */
};
struct dialect_request_list {
    struct dialect_request *v;
    size_t n;
};
void dialect_request_list_fini(struct dialect_request_list *l);
/* Every item stands in at most one request. An item in none has nothing that this protocol could say (an
 * unknown count, where it knows no null): the caller takes it as acknowledged. No request at all is a good
 * answer.
 *
 * A single request with `first` and without items must go before (a login): the caller sends it, gives the
 * answer to dialect_check and, where that is good, calls again; twice in a row at most. So in all calls of
 * this group. */
int dialect_push(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why) must_check;
int dialect_beat(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why) must_check;
/* Makes lots known, or tells what changed of them. An item in no request needs no registration here. */
int dialect_register(struct dialect_session *s, const struct dialect_ctx *ctx,
                     const struct dialect_batch *batch, struct dialect_request_list *out,
                     struct why *why) must_check;
/* What passed the gates on batch->date; items without a known number are not to be told. */
int dialect_day(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why) must_check;
/* Asks what the platform holds of these lots … */
int dialect_ask(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why) must_check;
/* … and reads its answer: one entry an item of the request that it knows. */
struct dialect_known_item {
    uint32_t item;             /* index into the batch's items */
    int32_t free, open, total; /* COUNT_NONE: not said */
    int64_t time_ms;           /* 0: not said */
};
struct dialect_known_list {
    struct dialect_known_item *v;
    size_t n;
};
void dialect_known_list_fini(struct dialect_known_list *l);
int dialect_answer(struct dialect_session *s, const struct dialect_ctx *ctx,
                   const struct dialect_request *req, const struct dialect_response *res,
                   struct dialect_known_list *out, struct why *why) must_check;

enum dialect_verdict { VERDICT_OK, VERDICT_RETRY, VERDICT_REJECT, VERDICT_PAUSE };
struct dialect_judgement {
    enum dialect_verdict all;    /* for every item that `each` does not name */
    enum dialect_verdict *each;  /* NULL, or one per request->items (malloc) */
    struct why why;              /* words of the platform, bounded */
    char (*codes)[FOREIGN_SIZE]; /* NULL, or one per request->items (malloc): what it calls the lot from now
                                    on */
    bool *unbalanced;            /* NULL, or one per request->items (malloc): its day's statement disagrees */
    int64_t clock_ms;            /* what time the platform says it is; 0: nothing said */
};
void dialect_judgement_fini(struct dialect_judgement *j);
/* Judges an HTTP answer of 2xx (req->body as it was sent); what other statuses mean is the publisher's
 * business. A dialect without `check` says OK. */
int dialect_check(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_request *req,
                  const struct dialect_response *res, struct dialect_judgement *out) must_check;

#endif
