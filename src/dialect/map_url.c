/* SPDX-License-Identifier: MIT
 * Resolving references. Only what feeds' "next" links and relative joins need: http and https, paths,
 * queries.
 */
#include "dialect/map_url.h"

#include <string.h>

struct parts {
    struct view scheme, host, path, query; /* query with its '?', or empty */
};

static bool take_apart(struct view url, struct parts *out)
{
    const char *colon = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
    if (!colon)
        return false;
    out->scheme = (struct view){url.p, (size_t)(colon - url.p)};
    struct view rest = {colon + 3, url.n - out->scheme.n - 3};
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    out->host = (struct view){rest.p, n};
    rest = (struct view){rest.p + n, rest.n - n};
    for (n = 0; n < rest.n && rest.p[n] != '?' && rest.p[n] != '#'; n++) {}
    out->path = (struct view){rest.p, n};
    out->query = (struct view){rest.p + n, rest.n - n};
    return out->scheme.n > 0 && out->host.n > 0;
}

static bool has_scheme(struct view ref)
{
    size_t n = 0;
    while (n < ref.n && ((ref.p[n] | 0x20) >= 'a' && (ref.p[n] | 0x20) <= 'z'))
        n++;
    return n > 0 && n + 2 < ref.n && memcmp(ref.p + n, "://", 3) == 0;
}

/* "/a/b/../c" → "/a/c": segment by segment, cutting back for "..". */
static void put_path(struct buf *out, struct view path)
{
    size_t start = out->n;
    struct view rest = {path.p + 1, path.n - 1};
    while (rest.p) {
        struct view segment = view_cut(&rest, '/');
        bool up = view_is(segment, ".."), here = view_is(segment, ".");
        if (up) {
            while (out->n > start && out->p[out->n - 1] != '/')
                out->n--;
            out->n -= out->n > start;
        }
        if (!up && !here) {
            (void)buf_char(out, '/');
            (void)buf_view(out, segment);
        } else if (!rest.p) {
            (void)buf_char(out, '/');
        }
    }
}

static void put_merged(struct buf *out, struct view base_path, struct view path)
{
    struct buf whole;
    const char *slash = base_path.n ? memrchr(base_path.p, '/', base_path.n) : NULL;
    buf_init(&whole, 8192);
    if (slash)
        (void)buf_put(&whole, base_path.p, (size_t)(slash - base_path.p) + 1);
    else
        (void)buf_char(&whole, '/');
    (void)buf_view(&whole, path);
    if (whole.err)
        out->err = whole.err;
    else
        put_path(out, buf_get(&whole));
    buf_fini(&whole);
}

int url_resolve(struct view base, struct view ref, struct buf *out)
{
    struct parts b;
    if (has_scheme(ref))
        return buf_view(out, ref);
    if (!take_apart(base, &b))
        return ERR_INVALID;
    (void)buf_view(out, b.scheme);
    (void)buf_str(out, ":");
    if (view_starts(ref, "//"))
        return buf_view(out, ref);
    (void)buf_str(out, "//");
    (void)buf_view(out, b.host);
    size_t n = 0;
    while (n < ref.n && ref.p[n] != '?')
        n++;
    struct view path = {ref.p, n}, query = {ref.p + n, ref.n - n};
    if (path.n == 0)
        (void)buf_view(out, b.path);
    else if (path.p[0] == '/')
        put_path(out, path);
    else
        put_merged(out, b.path, path);
    (void)buf_view(out, path.n || query.n ? query : b.query);
    return out->err;
}

static bool same_letters(struct view a, struct view b)
{
    char text[256];
    return view_copy(b, text, sizeof text) == 0 && view_ieq(a, text);
}

bool url_same_origin(struct view a, struct view b)
{
    struct parts x, y;
    return take_apart(a, &x) && take_apart(b, &y) && same_letters(x.scheme, y.scheme) &&
           same_letters(x.host, y.host);
}
