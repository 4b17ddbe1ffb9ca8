/* SPDX-License-Identifier: MIT
 * Inside of dialect.h: what the three kinds of dialect (native, generic, a Lua file) have in common.
 *
 * dialect.c owns every struct dialect and every session; an implementation owns its `impl` (one a dialect)
 * and `self` (one a session). The rules that hold for all dialects (statuses, empty lists, follow-ups, slices
 * of a push) stand in dialect.c, so an implementation only translates.
 */
#ifndef PARKD_SRC_DIALECT_OPS_H
#define PARKD_SRC_DIALECT_OPS_H

#include "parkd/base/json.h"
#include "parkd/dialect/dialect.h"

#define DIALECT_NAME_SIZE 33

/* A call that a dialect has no part in is NULL here. Outputs come initialised; on an error dialect.c frees
 * them. */
struct dialect_ops {
    int (*open)(const struct dialect *d, const struct json *params, struct view text, void **self,
                struct why *why);
    void (*close)(void *self);
    int (*poll)(void *self, const struct dialect_ctx *ctx, struct dialect_request *out, struct why *why);
    int (*decode)(void *self, const struct dialect_ctx *ctx, const struct dialect_response *res,
                  struct report_list *out, struct dialect_request *next, bool *more, struct why *why);
    int (*receive)(void *self, const struct dialect_ctx *ctx, const struct dialect_inbound *req,
                   struct report_list *out, struct dialect_reply *reply, struct why *why);
    int (*push)(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why);
    int (*beat)(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why);
    int (*check)(void *self, const struct dialect_ctx *ctx, const struct dialect_request *req,
                 const struct dialect_response *res, struct dialect_judgement *out);
    int (*enrol)(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why); /* dialect_register */
    int (*day)(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
               struct dialect_request_list *out, struct why *why);
    int (*ask)(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
               struct dialect_request_list *out, struct why *why);
    int (*answer)(void *self, const struct dialect_ctx *ctx, const struct dialect_request *req,
                  const struct dialect_response *res, struct dialect_known_list *out, struct why *why);
};

struct dialect {
    char name[DIALECT_NAME_SIZE];
    unsigned parts;
    size_t max_batch;
    bool any_status; /* decode wants to see answers other than 2xx too */
    int follow_ups;  /* the most further requests of a poll; 0: DIALECT_MAX_FOLLOW_UPS */
    char *params;    /* declared parameters, a JSON object */
    const struct dialect_ops *ops;
    void *impl;
    void (*impl_free)(void *impl);
    struct dialects *table; /* it stands in */
    struct view source;     /* of a Lua file, as long as impl lives; empty: built in */
};

extern const struct dialect_ops native_ops, generic_ops, lua_ops;

/* What says which fields are looked at: the dialect's file, or the parameters of one that is built in. */
struct view dialect_source(const struct dialect_session *s);
/* Adds an empty request. NULL: out of memory. */
struct dialect_request *dialect_request_add(struct dialect_request_list *l);
/* An entry of nothing. NULL: out of memory. */
struct dialect_known_item *dialect_known_add(struct dialect_known_list *l);
/* Names the items that a request carries: `n` indexes from `first`. */
int dialect_request_items(struct dialect_request *r, uint32_t first, size_t n) must_check;
/* ERR_INVALID: not a header (name no token, control characters in the value, too long); ERR_FULL. */
int dialect_request_header(struct dialect_request *r, struct view name, struct view value,
                           struct why *why) must_check;
/* ERR_INVALID: not an absolute http(s) URL, or too long. */
int dialect_request_url(struct dialect_request *r, struct view url, struct why *why) must_check;
/* Parses the body of an answer; says so when it is empty or HTML. */
int dialect_parse_json(struct view body, struct json **out, struct why *why) must_check;
/* May this lot's number be told as current? */
bool dialect_item_current(const struct dialect_ctx *ctx, const struct dialect_item *item);

#endif
