/* SPDX-License-Identifier: MIT
 * `generic`: the parameters of a feed (a JSON object) up to an empty line, a line with a Content-Type, and
 * the message, once as an answer to a poll and once as a push.
 */
#include "fuzz_dialect.h"

static const struct dialect *generic(void)
{
    static struct dialects *ds;
    if (!ds && (!(ds = dialects_new()) || dialects_add_all_built_in(ds)))
        abort();
    return dialects_find(ds, "generic");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view params = {(const char *)data, size}, body = {0};
    const char *end = size ? memmem(data, size, "\n\n", 2) : NULL;
    struct dialect_ctx ctx = fuzz_ctx();
    struct why why = {0};
    char head[200];
    if (end) {
        body = (struct view){end + 2, size - (size_t)(end + 2 - params.p)};
        params.n = (size_t)(end - params.p);
    }
    struct view type = view_cut(&body, '\n');
    struct dialect_session *s = dialect_open(generic(), params, &why);
    if (!s) {
        fuzz_explained(-1, &why);
        return 0;
    }
    char *copy = fuzz_copy(body);
    body.p = copy;
    struct dialect_request poll;
    dialect_request_init(&poll);
    if (dialect_poll(s, &ctx, &poll, &why))
        fuzz_explained(-1, &why);
    dialect_request_fini(&poll);
    (void)snprintf(head, sizeof head, "Content-Type: " VIEW_FMT "\r\n\r\n", VIEW_ARG(type));
    fuzz_decode(s, &ctx, view_of(head), body);
    fuzz_receive(s, &ctx, type, body);
    free(copy);
    dialect_close(s);
    return 0;
}
