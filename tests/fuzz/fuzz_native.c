/* SPDX-License-Identifier: MIT
 * `native`: a push as it stands, and the same bytes as what a platform answers.
 */
#include "fuzz_dialect.h"

#include "parkd/dialect/native.h"

/* As the answer to a push and to a question. */
static void answers(struct view body)
{
    static struct dialects *ds;
    uint32_t items[] = {0, 1};
    struct dialect_request req = {.items = items, .n_items = 2};
    struct dialect_response res = {.status = 200, .body = body};
    struct dialect_ctx ctx = fuzz_ctx();
    struct dialect_judgement j;
    struct dialect_known_list known;
    struct why why = {0};
    if (!ds)
        HOLDS((ds = dialects_new()) && dialects_add_all_built_in(ds) == 0);
    struct dialect_session *s = dialect_open(dialects_find(ds, "native"), VIEW("{}"), &why);
    HOLDS(s != NULL);
    buf_init(&req.body, 1024);
    HOLDS(buf_str(&req.body, "{\"data\":{\"items\":[{\"lot\":\"A\"},{\"lot\":\"B\"}]}}") == 0);
    int err = dialect_check(s, &ctx, &req, &res, &j);
    HOLDS(err == 0 && view_is_utf8(view_of(j.why.text)));
    dialect_judgement_fini(&j);
    err = dialect_answer(s, &ctx, &req, &res, &known, &why);
    if (err)
        fuzz_explained(err, &why);
    HOLDS(known.n == (err ? 0 : 1));
    dialect_known_list_fini(&known);
    buf_fini(&req.body);
    dialect_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report_list list;
    struct why why = {0};
    char *copy = fuzz_copy((struct view){(const char *)data, size});
    report_list_init(&list);
    int err = native_decode((struct view){copy, size}, &list, &why);
    if (err)
        fuzz_explained(err, &why);
    HOLDS(!err || list.n == 0);
    fuzz_reports(&list);
    report_list_fini(&list);
    answers((struct view){copy, size});
    free(copy);
    return 0;
}
