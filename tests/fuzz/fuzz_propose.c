/* SPDX-License-Identifier: MIT
 * A draft of a mapping for a message: a line with a Content-Type, and the message. A draft must be JSON, and
 * the mapping in it must be one that `generic` takes; then it reads the message, and what it left over is
 * told.
 */
#include "fuzz_dialect.h"

#include "parkd/dialect/propose.h"

static const struct dialect *generic(void)
{
    static struct dialects *ds;
    if (!ds && (!(ds = dialects_new()) || dialects_add_all_built_in(ds)))
        abort();
    return dialects_find(ds, "generic");
}

static void check_json(const struct buf *b)
{
    struct json *tree = NULL;
    struct why why = {0};
    HOLDS(json_parse(buf_get(b), &tree, &why) == 0);
    json_free(tree);
}

static void use(struct view draft, struct view type, struct view body)
{
    struct json_writer w;
    struct buf out;
    struct why why = {0};
    char head[200];
    struct dialect_ctx ctx = fuzz_ctx();
    struct dialect_session *s = dialect_open(generic(), draft, &why);
    if (!s)
        (void)fprintf(stderr, "%s: %s\n" VIEW_FMT "\n", why.at, why.text, VIEW_ARG(draft));
    HOLDS(s != NULL);
    (void)snprintf(head, sizeof head, "Content-Type: " VIEW_FMT "\r\n\r\n", VIEW_ARG(type));
    struct dialect_response res = {.status = 200, .head = view_of(head), .body = body};
    ctx.trace = dialect_trace_new();
    fuzz_decode(s, &ctx, view_of(head), body);
    buf_init(&out, 16 << 20);
    jw_init(&w, &out);
    dialect_write_leftovers(s, &res, ctx.trace, &w);
    if (out.n > 0)
        check_json(&out);
    buf_fini(&out);
    dialect_trace_free(ctx.trace);
    dialect_close(s);
}

static void use_draft(const struct buf *draft, struct view type, struct view body)
{
    struct json *tree = NULL;
    struct json_writer w;
    struct buf params;
    struct why why = {0};
    HOLDS(json_parse(buf_get(draft), &tree, &why) == 0);
    buf_init(&params, 16 << 20);
    jw_init(&w, &params);
    jw_object(&w, NULL);
    jw_json(&w, "mapping", json_get(tree, "mapping"));
    jw_end_object(&w);
    use(buf_get(&params), type, body);
    buf_fini(&params);
    json_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view body = {(const char *)data, size}, type = view_cut(&body, '\n');
    struct json_writer w;
    struct buf draft;
    struct why why = {0};
    char *copy = fuzz_copy(body);
    body.p = copy;
    buf_init(&draft, 16 << 20);
    jw_init(&w, &draft);
    int err = dialect_propose(type, body, &w, &why);
    if (err)
        fuzz_explained(err, &why);
    else
        use_draft(&draft, type, body);
    buf_fini(&draft);
    free(copy);
    return 0;
}
