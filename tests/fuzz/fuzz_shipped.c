/* SPDX-License-Identifier: MIT
 * Every shipped dialect, hostile on all sides: lines dialect, params (JSON), path with query ("" for an
 * answer to a poll); the rest is the body. It is read as what a lot says, and as what a platform answers to
 * what parkd would tell it. Seeds are the samples of tests/data/dialects (tests/fuzz/run makes them).
 */
#include "fuzz_dialect.h"

static const char *const folders[] = {"src/dialects", NULL};
static struct dialects *ds;

static struct view query(void *accessor, const char *name)
{
    struct view rest = *(const struct view *)accessor;
    while (rest.n) {
        struct view value = view_cut(&rest, '&');
        if (view_is(view_cut(&value, '='), name))
            return value;
    }
    return (struct view){0};
}

static void receive(struct dialect_session *s, const struct dialect_ctx *ctx, struct view path,
                    struct view body)
{
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct view rest = path, bare = view_cut(&rest, '?');
    struct dialect_inbound in = {.method = VIEW("POST"),
                                 .path = bare,
                                 .content_type = VIEW("application/json"),
                                 .body = body,
                                 .header = fuzz_no_field,
                                 .query = query,
                                 .accessor = &rest};
    report_list_init(&list);
    int err = dialect_receive(s, ctx, &in, &list, &reply, &why);
    if (err)
        fuzz_explained(err, &why);
    fuzz_reports(&list);
    dialect_reply_fini(&reply);
    report_list_fini(&list);
}

typedef int telling(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why);

/* What the platform answers to each request is the same bytes. */
static void tell(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 telling *fn, struct view body)
{
    struct dialect_request_list list;
    struct dialect_response res = {.status = 200, .body = body};
    struct why why = {0};
    int err = fn(s, ctx, batch, &list, &why);
    if (err)
        fuzz_explained(err, &why);
    for (size_t i = 0; !err && i < list.n; i++) {
        struct dialect_judgement j;
        HOLDS(list.v[i].n_items <= batch->n);
        int judged = dialect_check(s, ctx, &list.v[i], &res, &j);
        HOLDS(judged <= 0 && view_is_utf8(view_of(j.why.text)));
        dialect_judgement_fini(&j);
        struct dialect_known_list known;
        if (fn == dialect_ask && dialect_answer(s, ctx, &list.v[i], &res, &known, &why) == 0) {
            for (size_t k = 0; k < known.n; k++)
                HOLDS(known.v[k].item < batch->n);
            dialect_known_list_fini(&known);
        }
    }
    dialect_request_list_fini(&list);
}

static void sink(struct dialect_session *s, const struct dialect *d, const struct dialect_ctx *ctx,
                 struct view body)
{
    static const struct {
        unsigned part;
        telling *fn;
    } parts[] = {{DIALECT_PUSH, dialect_push},
                 {DIALECT_BEAT, dialect_beat},
                 {DIALECT_REGISTER, dialect_register},
                 {DIALECT_DAY, dialect_day},
                 {DIALECT_ASK, dialect_ask}};
    static struct lot lots[2];
    static struct reading readings[2];
    struct dialect_item items[2];
    for (int i = 0; i < 2; i++) {
        lots[i] = (struct lot){
            .total = 50, .open = 40, .free_minutes = COUNT_NONE, .has_point = true, .lng = 118, .lat = 36.8};
        (void)snprintf(lots[i].id, sizeof lots[i].id, "lot-%d", i + 1);
        (void)snprintf(lots[i].name, sizeof lots[i].name, "Lot %d", i + 1);
        reading_init(&readings[i]);
        readings[i].seq = 5;
        readings[i].changed_ms = readings[i].observed_ms = ctx->now_ms - 1000;
        readings[i].free = 7 + i;
        readings[i].open = 40;
        readings[i].total = 50;
        readings[i].status = STATUS_OPEN;
        items[i] = (struct dialect_item){&lots[i], &readings[i], 1, i == 1, i ? "C1" : NULL, 3, 2};
    }
    const struct dialect_batch batch = {.items = items, .n = 2, .batch_id = "b1", .date = "2023-11-14"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (dialect_parts(d) & parts[i].part)
            tell(s, ctx, &batch, parts[i].fn, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = {(const char *)data, size};
    struct why why = {0};
    char name_text[33];
    int failed = 0;
    if (!ds)
        HOLDS((ds = dialects_load(folders, &failed, &why)) && !failed);
    char *copy = fuzz_copy(rest);
    rest.p = copy;
    struct view name = view_cut(&rest, '\n'), params = view_cut(&rest, '\n'), path = view_cut(&rest, '\n');
    const struct dialect *d =
        view_copy(name, name_text, sizeof name_text) ? NULL : dialects_find(ds, name_text);
    struct dialect_session *s = d ? dialect_open(d, params, &why) : NULL;
    if (d && !s)
        fuzz_explained(ERR_INVALID, &why);
    if (s) {
        struct dialect_ctx ctx = fuzz_ctx();
        if (path.n && dialect_parts(d) & DIALECT_RECEIVE)
            receive(s, &ctx, path, rest);
        else if (dialect_parts(d) & DIALECT_POLL)
            fuzz_decode(s, &ctx, VIEW(""), rest);
        sink(s, d, &ctx, rest);
        dialect_close(s);
    }
    free(copy);
    return 0;
}
