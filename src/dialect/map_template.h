/* SPDX-License-Identifier: MIT
 * Texts with holes, filled: values, requests, replies. What is put in is escaped for where it goes. Pure.
 */
#ifndef PARKD_SRC_DIALECT_MAP_TEMPLATE_H
#define PARKD_SRC_DIALECT_MAP_TEMPLATE_H

#include "dialect/map_eval.h"

enum map_escape { ESCAPE_NONE, ESCAPE_URL, ESCAPE_JSON, ESCAPE_XML };

struct map_fill {
    struct map_eval *e;
    const struct map_frame *frame;
    enum map_escape escape;
    bool strict; /* a let that gives nothing, or is bad, makes the whole so (in *out); else it is an empty
                    text */
    struct found *out;
    struct view page;
    const struct view *ids;
    size_t n_ids;
};

/* ERR_NOT_FOUND (strict only), ERR_TOO_BIG, ERR_NOMEM. */
int map_template_fill(const struct map_template *t, const struct map_fill *f, struct buf *out) must_check;
/* How things are escaped in a body that looks like this. */
enum map_escape map_escape_of(const struct map_template *body, struct view content_type);
void map_escape(struct buf *out, enum map_escape how, struct view text);
/* A part of the request that brought a message: query:NAME, header:NAME, path:N, topic:N. */
void map_request_eval(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                      struct found *out);
/* A header of an answer, "" if it has none. */
struct view map_header_of(struct view head, const char *name);

#endif
