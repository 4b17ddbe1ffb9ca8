/* SPDX-License-Identifier: MIT
 * What the files that make pages share. Private to src/api/page*.c.
 */
#ifndef PARKD_SRC_API_PAGE_IMPL_H
#define PARKD_SRC_API_PAGE_IMPL_H

#include "api/page.h"

struct page {
    const struct page_view *v;
    const struct selection *s;
    struct buf *out;
};

/* Text for HTML elements and quoted attributes. */
void page_text(const struct page *p, const char *s);
void page_view_text(const struct page *p, struct view text);
/* The word in the page's language; "" when there is none of that name. */
const char *page_word(const struct page *p, const char *name);
/* A word whose "{}" is a number. */
void page_form(const struct page *p, const char *name, int64_t n);
/* The English word, small, beside the Chinese; nothing on the English page. */
void page_sub(const struct page *p, const char *name);
/* "/lots/A?lang=en&large=1": the path and what the person chose. */
void page_href(const struct page *p, const char *path, const char *rest);

/* page_row.c: what rows and a lot's own page say alike. */
bool page_current(const struct page *p, const struct registry_lot *l);
const char *page_band(const struct page *p, const struct registry_lot *l); /* "few", "never", "closed" … */
int32_t page_base(
    const struct registry_lot *l); /* what the free number is out of: the open places, else all */
void page_row(const struct page *p, const struct registry_lot *l, bool brief);
void page_head(const struct page *p, const struct registry_lot *l); /* free, band, trend, age */
void page_data(const struct page *p, const struct registry_lot *l); /* the attributes that scripts read */
void page_place_name(const struct page *p, const struct lot *lot);
void page_classes(const struct page *p, const struct registry_lot *l, const char *open, const char *close);

/* The tokens that are more than a word. */
void page_put_rows(const struct page *p);
void page_put_board(const struct page *p);
void page_put_name(const struct page *p);
void page_put_where(const struct page *p);
void page_put_lot(const struct page *p);
void page_put_facts(const struct page *p);
void page_put_go(const struct page *p);
void page_put_outlook(const struct page *p);
void page_put_day(const struct page *p);
void page_put_map(const struct page *p);

#endif
