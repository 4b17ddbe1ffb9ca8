/* SPDX-License-Identifier: MIT
 * What the tests of the documents share: reading one from a text, paths into it as text, and the words of its
 * fault.
 */
#ifndef PARKD_TEST_DOC_TEST_H
#define PARKD_TEST_DOC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect/doc.h"

static inline struct doc *read_doc(const struct doc_spec *spec, struct view type, struct view body)
{
    struct doc *d = NULL;
    struct why why = {0};
    if (doc_read(spec, type, body, &d, &why))
        fail_msg(VIEW_FMT ": %s", (int)(body.n < 80 ? body.n : 80), body.p, why.text);
    return d;
}

/* The words of a fault that reading must find. */
static inline const char *fault_of(const struct doc_spec *spec, struct view body, int code)
{
    static char words[300];
    struct doc *d = NULL;
    struct why why = {0};
    int err = doc_read(spec, (struct view){0}, body, &d, &why);
    if (!err) {
        doc_free(d);
        fail_msg("read without a fault: " VIEW_FMT, (int)(body.n < 80 ? body.n : 80), body.p);
    }
    assert_null(d);
    (void)snprintf(words, sizeof words, "%s%s", err == code ? "" : err_name(err), why.text);
    return words;
}

static inline void show_node(struct doc *d, struct doc_node n, char *dst, size_t size)
{
    char place[200];
    struct view text = doc_node_text(d, n);
    doc_node_place(d, n, place, sizeof place);
    if (n.j && json_is(n.j, JSON_NUMBER))
        (void)snprintf(dst, size, "%s=%g ", place, json_number(n.j));
    else
        (void)snprintf(dst, size, "%s=" VIEW_FMT " ", place, VIEW_ARG(text));
}

/* "place=text place=text ", "text:…", "number:…", "bool:…", "nothing", or the words of the fault. */
static inline const char *found_from(const struct doc_spec *spec, struct doc *d, struct doc_node from,
                                     const char *path)
{
    static char shown[2000];
    struct doc_path *p = NULL;
    struct doc_result r;
    struct why why = {0};
    size_t n = 0;
    if (doc_path_compile(spec, view_of(path), &p, &why))
        fail_msg("%s: %s", path, why.text);
    shown[0] = '\0';
    if (doc_path_eval(p, d, from, &r, &why))
        (void)snprintf(shown, sizeof shown, "%s", why.text);
    else if (r.kind == DOC_NOTHING)
        (void)snprintf(shown, sizeof shown, "nothing");
    else if (r.kind == DOC_TEXT_RESULT)
        (void)snprintf(shown, sizeof shown, "text:" VIEW_FMT, VIEW_ARG(r.text));
    else if (r.kind != DOC_NODES)
        (void)snprintf(shown, sizeof shown, "%s:%g", r.kind == DOC_BOOL ? "bool" : "number", r.number);
    else
        for (size_t i = 0; i < r.n && n + 300 < sizeof shown; i++) {
            show_node(d, r.v[i], shown + n, sizeof shown - n);
            n += strlen(shown + n);
        }
    doc_path_free(p);
    return shown;
}

static inline const char *found(const struct doc_spec *spec, struct doc *d, const char *path)
{
    return found_from(spec, d, doc_root(d), path);
}

static inline struct doc_node node_at(const struct doc_spec *spec, struct doc *d, const char *path)
{
    struct doc_path *p = NULL;
    struct doc_result r;
    struct why why = {0};
    if (doc_path_compile(spec, view_of(path), &p, &why) || doc_path_first(p, d, doc_root(d), &r, &why))
        fail_msg("%s: %s", path, why.text);
    assert_int_equal(r.kind, DOC_NODES);
    assert_int_equal(r.n, 1);
    doc_path_free(p);
    return r.v[0];
}

/* `n` times `unit` between `head` and `tail`; the caller frees. */
static inline struct view repeated(const char *head, const char *unit, size_t n, const char *tail)
{
    size_t size = strlen(head) + n * strlen(unit) + strlen(tail), at = strlen(head);
    char *p = malloc(size + 1);
    assert_non_null(p);
    memcpy(p, head, at);
    for (size_t i = 0; i < n; i++, at += strlen(unit))
        memcpy(p + at, unit, strlen(unit));
    memcpy(p + at, tail, strlen(tail) + 1);
    return (struct view){p, size};
}

/* A view of a literal in a static table. */
#define BYTES(literal)                 \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
#define ROWS(table) (sizeof(table) / sizeof *(table))

#endif
