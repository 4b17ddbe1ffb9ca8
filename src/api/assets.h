/* SPDX-License-Identifier: MIT
 * The files that live in the program: pages, scripts, styles, the schema. Pure.
 *
 * All of src/web but the residents' page, which is rendered, is found at build time (tools/embed-web): a new
 * file needs no line of C. They change with the program only; browsers ask each time and are told "the same"
 * by ETag, so a page never runs with an older page's scripts.
 */
#ifndef PARKD_SRC_API_ASSETS_H
#define PARKD_SRC_API_ASSETS_H

#include "parkd/base/view.h"

struct asset {
    const char *path, *type;
    const unsigned char *bytes;
    size_t n;
    bool staff; /* on the staff listeners only */
    bool open;  /* for other origins too */
};

size_t asset_count(void);
const struct asset *asset_at(size_t i);
#define ASSETS_PATH 24
/* "/a/<hash of all files>", under which the residents' ones stand too: an address that never changes its
 * content. */
void asset_version(char out[ASSETS_PATH]);
/* Which file stands under that path; false: none, or none for this listener. */
bool asset_find(struct view path, bool staff, size_t *out);
/* A page of the office: it gets the strict policy. */
bool asset_is_page(const struct asset *a);
/* Belongs to the residents' page, whose scripts and styles caches may keep for a while. */
bool asset_is_residents(const struct asset *a);

#endif
