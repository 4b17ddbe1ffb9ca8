/* SPDX-License-Identifier: MIT
 * A document, and a path into it: what the targets of the formats have in common.
 */
#ifndef PARKD_TEST_FUZZ_DOC_H
#define PARKD_TEST_FUZZ_DOC_H

#include "fuzz.h"

#include "dialect/doc.h"

static inline void fuzz_node(struct doc *d, struct doc_node n)
{
    char place[120];
    struct doc_node up;
    struct view text = doc_node_text(d, n);
    HOLDS(text.n == 0 || view_is_utf8(text));
    doc_node_place(d, n, place, sizeof place);
    HOLDS(memchr(place, '\0', sizeof place) != NULL);
    for (int i = 1; i < 4; i++)
        (void)doc_node_parent(d, n, i, &up);
}

static inline void fuzz_path(const struct doc_spec *spec, struct doc *d, struct doc_node from,
                             struct view path)
{
    struct doc_path *p = NULL;
    struct doc_result all, one;
    struct why why = {0};
    int err = doc_path_compile(spec, path, &p, &why);
    if (err)
        fuzz_explained(err, &why);
    else if ((err = doc_path_eval(p, d, from, &all, &why)) != 0)
        fuzz_explained(err, &why);
    else if (doc_path_first(p, d, from, &one, &why) == 0) {
        HOLDS(one.kind == all.kind);
        HOLDS(one.kind != DOC_NODES || (one.n == 1 && all.n > 0));
        for (size_t i = 0; all.kind == DOC_NODES && i < all.n && i < 50; i++)
            fuzz_node(d, all.v[i]);
    }
    doc_path_free(p);
}

/* `items` from the root, and `field` from each thing found. */
static inline void fuzz_doc(const struct doc_spec *spec, struct view type, struct view body,
                            struct view items, struct view field)
{
    struct doc *d = NULL;
    struct doc_path *p = NULL;
    struct doc_result found;
    struct why why = {0};
    char *copy = fuzz_copy(body);
    int err = doc_read(spec, type, (struct view){copy, body.n}, &d, &why);
    free(copy); /* nothing of the tree may point into the body */
    if (err) {
        HOLDS(!d);
        fuzz_explained(err, &why);
        return;
    }
    fuzz_path(spec, d, doc_root(d), items);
    if (doc_path_compile(spec, items, &p, &why) == 0 && doc_path_eval(p, d, doc_root(d), &found, &why) == 0 &&
        found.kind == DOC_NODES)
        for (size_t i = 0; i < found.n && i < 8; i++)
            fuzz_path(spec, d, found.v[i], field);
    doc_path_free(p);
    doc_free(d);
}

#endif
