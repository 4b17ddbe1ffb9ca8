/* SPDX-License-Identifier: MIT
 * Whom the residents' pages may ask, and who may show them: everything from here, but map pictures if the
 * office chose some.
 */
#include <stdio.h>
#include <string.h>

#include "api/page.h"

#define ORIGIN_MAX 200

static bool is_source(struct view v)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:/*";
    struct view host = v;
    if (view_is(v, "*"))
        return true;
    if (view_starts(v, "https://"))
        host = (struct view){v.p + 8, v.n - 8};
    else if (view_starts(v, "http://"))
        host = (struct view){v.p + 7, v.n - 7};
    else
        return false;
    for (size_t i = 0; i < host.n; i++)
        if (!memchr(plain, host.p[i], sizeof plain - 1) || host.p[i] == '/')
            return false;
    return host.n > 0;
}

/* "https://tiles.example:8443" of an address; {s} becomes a star. Empty: it is none. */
static struct view origin_of(const char *url, char out[ORIGIN_MAX])
{
    const char *slashes = strstr(url, "://");
    size_t n = slashes ? (size_t)(slashes + 3 - url) + strcspn(slashes + 3, "/?#") : 0, k = 0;
    if (n >= ORIGIN_MAX)
        return (struct view){NULL, 0};
    for (size_t i = 0; i < n; i++) {
        if (strncmp(url + i, "{s}", 3) == 0) {
            out[k++] = '*';
            i += 2;
        } else {
            out[k++] = url[i];
        }
    }
    return (struct view){out, k};
}

int pages_check(const struct pages_conf *c, struct why *why)
{
    char origin[ORIGIN_MAX];
    struct view rest = view_of(c->embedders);
    const char *url = c->tiles.url;
    if (url[0] && !is_source(origin_of(url, origin)))
        return why_set(why, ERR_INVALID, "/map/tiles",
                       "%s is no address like https://tiles.example/{z}/{x}/{y}.png", url);
    if (url[0] && (!strstr(url, "{x}") || !strstr(url, "{y}") || !strstr(url, "{z}")))
        return why_set(why, ERR_INVALID, "/map/tiles", "%s lacks {z}, {x} or {y}", url);
    if (rest.n > PAGES_POLICY / 2)
        return why_set(why, ERR_TOO_BIG, "/public/embedders", "is longer than %d bytes", PAGES_POLICY / 2);
    while (rest.n) {
        struct view one = view_trim(view_cut(&rest, ' '));
        if (one.n && !is_source(one))
            return why_set(why, ERR_INVALID, "/public/embedders",
                           VIEW_FMT " is neither * nor an origin like "
                                    "https://city.example",
                           VIEW_ARG(one));
    }
    return 0;
}

void page_policy(const struct pages_conf *c, bool embed, char out[PAGES_POLICY])
{
    char origin[ORIGIN_MAX];
    struct view tiles = origin_of(c->tiles.url, origin);
    (void)snprintf(out, PAGES_POLICY,
                   "default-src 'self'; img-src 'self' data:%s" VIEW_FMT
                   "; base-uri 'none'; form-action 'none'; frame-ancestors %s",
                   tiles.n ? " " : "", VIEW_ARG(tiles), embed && c->embedders[0] ? c->embedders : "'none'");
}
