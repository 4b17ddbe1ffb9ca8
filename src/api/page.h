/* SPDX-License-Identifier: MIT
 * The residents' pages: templates with {{tokens}} → HTML, in two languages. Pure: registry, outlook and now
 * in, bytes out.
 *
 * A template is a file of src/web; what its tokens stand for is in page.c. Everything that people need is in
 * the HTML; scripts keep it current. Whatever came from outside is escaped for where it stands, and a name
 * with braces is no token. Words come from page_words.def.
 */
#ifndef PARKD_SRC_API_PAGE_H
#define PARKD_SRC_API_PAGE_H

#include "api/render.h"
#include "parkd/api/pages.h"

/* The address that starts that program with the way to the lot's entrance. ERR_NOT_FOUND: the lot has no
 * place. */
int navigator_link(enum navigator n, const struct lot *lot, struct buf *out) must_check;

struct page_view {
    bool english, large, embed;
    const char *district;
    const char *assets;                  /* "/a/1f3c9a2b": where this program's scripts and styles stand */
    const struct navigators *navigators; /* NULL: none */
    const struct tiles *tiles;           /* NULL: none */
    int64_t now_ms;
    struct lot_outlook outlook;
};
/* `html` with its tokens filled. Those of lists take the selection; those of one lot its first. */
int page_render(struct view html, const struct selection *s, const struct page_view *v,
                struct buf *out) must_check;
/* The web application's manifest. */
int page_manifest(const struct page_view *v, struct buf *out) must_check;

/* The Content-Security-Policy of the pages; of the one that others may embed. Of a configuration that
 * pages_check took. */
void page_policy(const struct pages_conf *c, bool embed, char out[PAGES_POLICY]);

#endif
