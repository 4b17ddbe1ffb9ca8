/* SPDX-License-Identifier: MIT
 * Results of a native push. Reports and unreadable items are two lists, both in the message's order: they are
 * merged by it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/ingest_answer.h"
#include "parkd/base/json.h"

#define POINTER_SIZE 240

/* One item of the answer, whichever list it comes from. */
struct line {
    const char *lot, *code, *text;
    uint64_t seq;
    char pointer[POINTER_SIZE];
};

struct walk {
    const struct ingest_outcome *o;
    const char *prefix; /* of the items' pointers; NULL: the body is one item */
    size_t report, fault;
};

struct ingest_tally ingest_count(const struct ingest_outcome *o)
{
    struct ingest_tally t = {.rejected = o->list->n_faults};
    for (size_t i = 0; i < o->n; i++) {
        t.away |= o->results[i].code == INGEST_AWAY;
        t.rejected += o->results[i].code == INGEST_REJECTED;
        t.accepted += o->results[i].code != INGEST_REJECTED;
    }
    return t;
}

static const char *code_name(enum ingest_code code)
{
    static const char *const names[] = {"ok", "touch", "dup", "old", "rejected", "away"};
    return names[code];
}

/* Reports were refused behind the dialect, where the shape of the message is no longer known. */
static const char *prefix_of(const struct ingest_outcome *o)
{
    struct json *doc = NULL;
    const char *prefix = NULL;
    if (json_parse(o->body, &doc, NULL))
        return NULL;
    if (json_at(doc, VIEW("/data/items")))
        prefix = "/data/items";
    else if (json_get(doc, "items"))
        prefix = "/items";
    json_free(doc);
    return prefix;
}

static void line_of_fault(const struct report_fault *f, struct line *l)
{
    *l = (struct line){.lot = f->lot, .code = "rejected", .text = f->why.text};
    (void)snprintf(l->pointer, sizeof l->pointer, "%s", f->why.at);
}

static void line_of_result(const struct walk *w, size_t i, struct line *l)
{
    const struct ingest_result *r = &w->o->results[i];
    *l = (struct line){.lot = r->lot, .code = code_name(r->code), .seq = r->seq};
    if (r->code != INGEST_REJECTED)
        return;
    l->text = r->why.text;
    if (w->prefix)
        (void)snprintf(l->pointer, sizeof l->pointer, "%s/%d%s", w->prefix, (int)w->o->list->v[i].item,
                       r->why.at);
    else
        (void)snprintf(l->pointer, sizeof l->pointer, "%s", r->why.at);
}

static bool next(struct walk *w, struct line *l)
{
    const struct report_list *list = w->o->list;
    bool report = w->report < w->o->n, fault = w->fault < list->n_faults;
    if (report && fault)
        fault = list->faults[w->fault].item < list->v[w->report].item;
    if (fault)
        line_of_fault(&list->faults[w->fault++], l);
    else if (report)
        line_of_result(w, w->report++, l);
    return report || fault;
}

static struct walk begin(const struct ingest_outcome *o)
{
    struct walk w = {.o = o};
    for (size_t i = 0; i < o->n && !w.prefix; i++) {
        if (o->results[i].code == INGEST_REJECTED) {
            w.prefix = prefix_of(o);
            break;
        }
    }
    return w;
}

int render_ingest(const struct ingest_outcome *o, const struct ingest_tally *t, struct buf *out)
{
    struct walk walk = begin(o);
    struct json_writer w;
    struct line l;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_int(&w, "accepted", (int64_t)t->accepted);
    jw_int(&w, "rejected", (int64_t)t->rejected);
    jw_array(&w, "results");
    while (next(&walk, &l)) {
        jw_object(&w, NULL);
        jw_str(&w, "lot", l.lot);
        jw_str(&w, "code", l.code);
        if (l.seq)
            jw_int(&w, "seq", (int64_t)l.seq);
        if (l.text) {
            jw_str(&w, "pointer", l.pointer);
            jw_str(&w, "detail", l.text);
        }
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
    return out->err;
}

int render_ingest_problem(const struct ingest_outcome *o, struct view instance, struct buf *out)
{
    struct walk walk = begin(o);
    size_t n = 0, max = o->n + o->list->n_faults;
    struct line *lines = calloc(max + 1, sizeof *lines);
    struct problem_error *errors = calloc(max + 1, sizeof *errors);
    int err = lines && errors ? 0 : ERR_NOMEM;
    while (!err && n < max && next(&walk, &lines[n])) {
        errors[n] = (struct problem_error){lines[n].pointer, lines[n].text ? lines[n].text : lines[n].code};
        n++;
    }
    if (!err)
        err = render_problem(&(struct problem_answer){.kind = PROBLEM_INVALID,
                                                      .detail = "no item was accepted",
                                                      .instance = instance,
                                                      .errors = errors,
                                                      .n_errors = n},
                             out);
    free(lines);
    free(errors);
    return err;
}
