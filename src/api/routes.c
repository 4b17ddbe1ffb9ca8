/* SPDX-License-Identifier: MIT
 * The table of routes. Few enough for a plain scan; the most asked stand first.
 */
#include <stdio.h>
#include <string.h>

#include "api/assets.h"
#include "api/routes.h"

struct row {
    const char *pattern; /* "{}" stands for one path segment that is not empty */
    enum route_id id;
    unsigned methods;
    bool staff, open;
    enum noun noun;
    enum access read, write;
    const char *name;
};

#define EDIT   (ROUTE_GET | ROUTE_PUT | ROUTE_DELETE)
#define PUBLIC ACCESS_ANYBODY, ACCESS_ANYBODY, ""

/* clang-format off */
static const struct row rows[] = {
    {"/v1/lots", ROUTE_LOTS, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/ingest/{}", ROUTE_INGEST, ROUTE_POST, false, false, NOUN_FEED, PUBLIC},
    {"/v1/lots/{}", ROUTE_LOT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/lots/{}/history", ROUTE_HISTORY, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/lots/{}/forecast", ROUTE_FORECAST, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/summary", ROUTE_SUMMARY, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/stream", ROUTE_STREAM, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/export/snapshot", ROUTE_SNAPSHOT, ROUTE_GET, false, false, NOUN_SINK, PUBLIC},
    {"/v1/export/geojson", ROUTE_EXPORT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/export/csv", ROUTE_EXPORT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/export/parkapi", ROUTE_EXPORT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/export/datex2-light", ROUTE_EXPORT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/export/siri-fm", ROUTE_EXPORT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/v1/export/ngsi-ld", ROUTE_EXPORT, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/", ROUTE_PAGE, ROUTE_GET, false, false, NOUN_LOT, PUBLIC},
    {"/lots/{}", ROUTE_PAGE_LOT, ROUTE_GET, false, false, NOUN_LOT, PUBLIC},
    {"/map", ROUTE_PAGE_MAP, ROUTE_GET, false, false, NOUN_LOT, PUBLIC},
    {"/board", ROUTE_PAGE_BOARD, ROUTE_GET, false, false, NOUN_LOT, PUBLIC},
    {"/manifest.webmanifest", ROUTE_MANIFEST, ROUTE_GET, false, false, NOUN_LOT, PUBLIC},
    {"/healthz", ROUTE_HEALTHZ, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/readyz", ROUTE_READYZ, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/problems/{}", ROUTE_PROBLEM, ROUTE_GET, false, true, NOUN_LOT, PUBLIC},
    {"/metrics", ROUTE_METRICS, ROUTE_GET, true, false, NOUN_LOT, PUBLIC},
    {"/v1/admin/status", ROUTE_STATUS, ROUTE_GET, true, false, NOUN_LOT, ACCESS_VIEWER, ACCESS_ADMIN, "status"},
    {"/v1/admin/lots", ROUTE_ADMIN_LIST, ROUTE_GET, true, false, NOUN_LOT, ACCESS_VIEWER, ACCESS_ADMIN, "lots"},
    {"/v1/admin/feeds", ROUTE_ADMIN_LIST, ROUTE_GET, true, false, NOUN_FEED, ACCESS_VIEWER, ACCESS_ADMIN, "feeds"},
    {"/v1/admin/sinks", ROUTE_ADMIN_LIST, ROUTE_GET, true, false, NOUN_SINK, ACCESS_VIEWER, ACCESS_ADMIN, "sinks"},
    {"/v1/admin/lots/{}", ROUTE_ADMIN_ONE, EDIT, true, false, NOUN_LOT, ACCESS_VIEWER, ACCESS_OFFICER, "lot"},
    {"/v1/admin/feeds/{}", ROUTE_ADMIN_ONE, EDIT, true, false, NOUN_FEED, ACCESS_VIEWER, ACCESS_OFFICER, "feed"},
    {"/v1/admin/sinks/{}", ROUTE_ADMIN_ONE, EDIT, true, false, NOUN_SINK, ACCESS_VIEWER, ACCESS_ADMIN, "sink"},
    {"/v1/admin/feeds/{}/poll", ROUTE_ADMIN_DO, ROUTE_POST, true, false, NOUN_FEED, ACCESS_OFFICER, ACCESS_OFFICER, "feed_poll"},
    {"/v1/admin/try", ROUTE_TRY, ROUTE_POST, true, false, NOUN_FEED, ACCESS_OFFICER, ACCESS_OFFICER, "try"},
    {"/v1/admin/try/sink", ROUTE_TRY_SINK, ROUTE_POST, true, false, NOUN_SINK, ACCESS_ADMIN, ACCESS_ADMIN, "try_sink"},
    {"/v1/admin/feeds/{}/bodies", ROUTE_BODIES, ROUTE_GET, true, false, NOUN_FEED, ACCESS_OFFICER, ACCESS_OFFICER, "feed_bodies"},
    {"/v1/admin/feeds/{}/replay", ROUTE_REPLAY, ROUTE_POST, true, false, NOUN_FEED, ACCESS_OFFICER, ACCESS_OFFICER, "feed_replay"},
    {"/v1/admin/sinks/{}/resume", ROUTE_ADMIN_DO, ROUTE_POST, true, false, NOUN_SINK, ACCESS_ADMIN, ACCESS_ADMIN, "sink_resume"},
};
/* clang-format on */

static const struct action {
    const char *name, *pattern;
    unsigned method;
    enum access access;
    unsigned flags;
} actions[ACTION_N] = {
#define ACTION(handler, method, pattern, who, flags) {#handler, pattern, ROUTE_##method, who, flags},
#include "parkd/office/actions.def"
#undef ACTION
};

/* The segments that "{}" stands for, at most two. */
static bool matches(const char *pattern, struct view path, struct view args[2])
{
    struct view p = view_of(pattern);
    size_t n = 0;
    while (p.n && path.n) {
        if (view_starts(p, "{}")) {
            size_t end = 0;
            while (end < path.n && path.p[end] != '/')
                end++;
            if (!end || n == 2)
                return false;
            args[n++] = (struct view){path.p, end};
            p = (struct view){p.p + 2, p.n - 2};
            path = (struct view){path.p + end, path.n - end};
            continue;
        }
        if (*p.p != *path.p)
            return false;
        p = (struct view){p.p + 1, p.n - 1};
        path = (struct view){path.p + 1, path.n - 1};
    }
    return !p.n && !path.n;
}

static unsigned method_bit(enum http_method method)
{
    switch (method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return ROUTE_GET;
    case HTTP_POST:
        return ROUTE_POST;
    case HTTP_PUT:
        return ROUTE_PUT;
    case HTTP_DELETE:
        return ROUTE_DELETE;
    default:
        return 0;
    }
}

static enum route_match find_row(unsigned bit, bool any, struct view path, bool staff, struct route *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct view args[2] = {{NULL, 0}, {NULL, 0}};
        if ((r->staff && !staff) || !matches(r->pattern, path, args))
            continue;
        *out = (struct route){.id = r->id,
                              .noun = r->noun,
                              .arg = args[0],
                              .second = args[1],
                              .methods = r->methods,
                              .staff = r->staff,
                              .open = r->open,
                              .name = r->name,
                              .access = bit == ROUTE_GET ? r->read : r->write};
        return any || (r->methods & bit) ? ROUTE_FOUND : ROUTE_WRONG_METHOD;
    }
    return ROUTE_UNKNOWN;
}

/* One row a method: those of the same path are gathered for Allow. */
static enum route_match find_action(unsigned bit, bool any, struct view path, bool staff, struct route *out)
{
    enum route_match found = ROUTE_UNKNOWN;
    unsigned methods = 0;
    for (int i = 0; i < ACTION_N; i++) {
        const struct action *a = &actions[i];
        struct view args[2] = {{NULL, 0}, {NULL, 0}};
        if (((a->flags & STAFF) && !staff) || !matches(a->pattern, path, args))
            continue;
        methods |= a->method;
        if (found == ROUTE_UNKNOWN)
            found = any ? ROUTE_FOUND : ROUTE_WRONG_METHOD;
        if (a->method != bit || found == ROUTE_FOUND)
            continue; /* of two patterns the first counts */
        found = ROUTE_FOUND;
        *out = (struct route){.id = ROUTE_OFFICE,
                              .arg = args[0],
                              .second = args[1],
                              .staff = (a->flags & STAFF) != 0,
                              .access = a->access,
                              .action = (enum office_action)i,
                              .quiet = (a->flags & QUIET) != 0,
                              .name = a->name};
    }
    out->methods = methods;
    return found;
}

static enum route_match find_asset(unsigned bit, bool any, struct view path, bool staff, struct route *out)
{
    size_t which = 0;
    if (!asset_find(path, staff, &which))
        return ROUTE_UNKNOWN;
    *out = (struct route){
        .id = ROUTE_ASSET, .methods = ROUTE_GET, .open = asset_at(which)->open, .name = "", .asset = which};
    return any || bit == ROUTE_GET ? ROUTE_FOUND : ROUTE_WRONG_METHOD;
}

enum route_match route_find(enum http_method method, struct view path, bool staff, struct route *out)
{
    unsigned bit = method_bit(method);
    bool any = method == HTTP_OPTIONS;
    *out = (struct route){0};
    enum route_match found = find_row(bit, any, path, staff, out);
    if (found == ROUTE_UNKNOWN)
        found = find_action(bit, any, path, staff, out);
    return found == ROUTE_UNKNOWN ? find_asset(bit, any, path, staff, out) : found;
}

void route_allow(const struct route *r, char dst[64])
{
    (void)snprintf(dst, 64, "%s%s%s%sOPTIONS", r->methods & ROUTE_GET ? "GET, HEAD, " : "",
                   r->methods & ROUTE_POST ? "POST, " : "", r->methods & ROUTE_PUT ? "PUT, " : "",
                   r->methods & ROUTE_DELETE ? "DELETE, " : "");
}
