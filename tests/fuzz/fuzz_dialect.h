/* SPDX-License-Identifier: MIT
 * A message through a dialect: what the targets of the dialects have in common.
 */
#ifndef PARKD_TEST_FUZZ_DIALECT_H
#define PARKD_TEST_FUZZ_DIALECT_H

#include "fuzz.h"

#include "dialect/table.h"
#include "parkd/model/report.h"

static inline struct view fuzz_no_field(void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return (struct view){0};
}

static inline struct dialect_ctx fuzz_ctx(void)
{
    static const struct dialect_lot known[] = {{"lot-1", "P1"}, {"lot-2", "P2"}, {"lot-3", "3"}};
    return (struct dialect_ctx){
        .now_ms = 1700000000000,
        .url = VIEW("https://lot.example/feed?x=1"),
        .known = known,
        .n_known = sizeof known / sizeof *known,
        .feed = "f1",
        .topic = VIEW("parking/P1/state"),
        .nonce = VIEW("1700000000000"),
    };
}

static inline void fuzz_reports(const struct report_list *l)
{
    HOLDS(l->n <= REPORT_LIST_MAX);
    for (size_t i = 0; i < l->n; i++) {
        HOLDS(view_is_utf8(view_of(l->v[i].lot)) && l->v[i].lot[0]);
        HOLDS(view_is_utf8(view_of(l->v[i].name)));
        HOLDS(l->v[i].n_zones >= 0 && l->v[i].n_zones <= REPORT_MAX_ZONES);
    }
    for (size_t i = 0; i < l->n_faults; i++)
        fuzz_explained(ERR_INVALID, &l->faults[i].why);
}

static inline void fuzz_decode(struct dialect_session *s, const struct dialect_ctx *ctx, struct view head,
                               struct view body)
{
    struct report_list list;
    struct dialect_request next;
    struct dialect_response res = {.status = 200, .head = head, .body = body};
    struct why why = {0};
    bool more = true;
    int err = 0;
    for (int i = 0; i < 3 && more && !err; i++) {
        report_list_init(&list);
        dialect_request_init(&next);
        more = false;
        err = dialect_decode(s, ctx, &res, &list, &next, &more, &why);
        if (err)
            fuzz_explained(err, &why);
        fuzz_reports(&list);
        report_list_fini(&list);
        dialect_request_fini(&next);
    }
}

static inline void fuzz_receive(struct dialect_session *s, const struct dialect_ctx *ctx, struct view type,
                                struct view body)
{
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct dialect_inbound in = {.method = VIEW("POST"),
                                 .path = VIEW("/v1/in/f1/push"),
                                 .content_type = type,
                                 .body = body,
                                 .header = fuzz_no_field,
                                 .query = fuzz_no_field};
    report_list_init(&list);
    int err = dialect_receive(s, ctx, &in, &list, &reply, &why);
    if (err)
        fuzz_explained(err, &why);
    fuzz_reports(&list);
    dialect_reply_fini(&reply);
    report_list_fini(&list);
}

#endif
