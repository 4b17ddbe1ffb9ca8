/* SPDX-License-Identifier: MIT
 * What an office may choose of the residents' pages: the programs that find the way, the pictures behind the
 * map, who may show the list in a page of its own. Values without owner; texts are the configuration's. Pure.
 */
#ifndef PARKD_API_PAGES_H
#define PARKD_API_PAGES_H

#include "parkd/model/lot.h"

enum navigator { NAVIGATE_AMAP, NAVIGATE_BAIDU, NAVIGATE_APPLE, NAVIGATE_GEO, NAVIGATE_N };
struct navigators {
    int n;
    enum navigator v[NAVIGATE_N]; /* in order; the first stands in lists */
};
/* Map pictures; url "": none, the map is drawn. BD-09 has a grid of its own and is not among them. */
struct tiles {
    const char *url; /* https, with {z}, {x} and {y} */
    const char *attribution;
    enum datum datum;
    int max_zoom;
};
struct pages_conf {
    struct navigators navigators;
    struct tiles tiles;
    const char *embedders; /* sources of frame-ancestors: "*", or origins with spaces between; "": nobody */
};

#define PAGES_POLICY 1024

/* "amap", "baidu", "apple", "geo". ERR_NOT_FOUND; ERR_CONFLICT: named twice. */
int navigators_add(struct navigators *n, struct view name) must_check;
/* Are address and embedders what a Content-Security-Policy can hold? `why` names the key. */
int pages_check(const struct pages_conf *c, struct why *why) must_check;

#endif
