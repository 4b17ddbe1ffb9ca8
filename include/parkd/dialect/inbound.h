/* SPDX-License-Identifier: MIT
 * A message that came to a feed, pushed or published at a broker, as a value: so that it can be read later,
 * and elsewhere than where it came in.
 *
 * A message's views are borrowed. A copy is one block and owns everything in it. Fields keep their order; of
 * several with one name the first counts.
 */
#ifndef PARKD_DIALECT_INBOUND_H
#define PARKD_DIALECT_INBOUND_H

#include "parkd/dialect/dialect.h"

struct inbound_field {
    struct view name, value;
};
struct inbound_message {
    struct view method, path, content_type, body;
    struct view topic; /* MQTT: where it was published; else empty */
    const struct inbound_field *headers, *query;
    size_t n_headers, n_query;
};

/* What came of it. Reports and reply belong to who gets it. */
struct inbound_result {
    int err; /* of dialect_receive; `why` then has words */
    struct why why;
    bool dropped; /* nobody read it: the feed was changed meanwhile, or too many waited, and it may come
                     again; ERR_CONFLICT: the feed has no session */
    struct report_list reports;
    struct dialect_reply reply;
};
void inbound_result_init(struct inbound_result *r);
void inbound_result_fini(struct inbound_result *r);

/* NULL: out of memory. Freed with free(). */
struct inbound_message *inbound_copy(const struct inbound_message *m) must_check;
/* dialect_receive of it; `out` is initialised. */
void inbound_read(struct dialect_session *s, const struct dialect_ctx *ctx, const struct inbound_message *m,
                  struct inbound_result *out);

#endif
