/* SPDX-License-Identifier: MIT
 * Errors as RFC 9457 problem details, and the pages that explain them.
 */
#include <stdio.h>

#include "api/render.h"

struct problem_kind {
    const char *name;
    int status;
    const char *title, *meaning;
};

static const struct problem_kind kinds[PROBLEM_N] = {
#define PROBLEM(id, name, status, title, meaning) {name, status, title, meaning},
#include "api/problems.def"
#undef PROBLEM
};

int problem_status(enum problem p)
{
    return kinds[p].status;
}

static void write_error(struct json_writer *w, const struct problem_error *e)
{
    bool pointer = !e->at[0] || e->at[0] == '/';
    jw_object(w, NULL);
    jw_str(w, pointer ? "pointer" : "parameter", e->at);
    jw_str(w, "detail", e->text);
    jw_end_object(w);
}

static void write_type(struct json_writer *w, const char *name)
{
    char type[64];
    (void)snprintf(type, sizeof type, "/problems/%s", name);
    jw_str(w, "type", type);
}

int render_problem(const struct problem_answer *p, struct buf *out)
{
    const struct problem_kind *k = &kinds[p->kind];
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    write_type(&w, k->name);
    jw_str(&w, "title", k->title);
    jw_int(&w, "status", k->status);
    if (p->detail && p->detail[0])
        jw_str(&w, "detail", p->detail);
    if (p->instance.n)
        jw_view(&w, "instance", p->instance);
    if (p->n_errors) {
        jw_array(&w, "errors");
        for (size_t i = 0; i < p->n_errors; i++)
            write_error(&w, &p->errors[i]);
        jw_end_array(&w);
    }
    jw_end_object(&w);
    buf_char(out, '\n');
    return out->err;
}

int render_problem_page(struct view name, struct buf *out)
{
    for (size_t i = 0; i < PROBLEM_N; i++) {
        if (view_is(name, kinds[i].name))
            return buf_printf(out, "%s (%d)\n\n%s\n", kinds[i].title, kinds[i].status, kinds[i].meaning);
    }
    return ERR_NOT_FOUND;
}
