/* SPDX-License-Identifier: MIT
 * The table of routes. Few enough for a plain scan; the most asked stand first.
 */
#include <stdio.h>
#include <string.h>

#include "api/routes.h"

struct row {
    const char *pattern; /* "{}" stands for one path segment that is not empty */
    enum route_id id;
    unsigned methods;
    bool staff, open;
    enum api_noun noun;
};

#define EDIT (ROUTE_GET | ROUTE_PUT | ROUTE_DELETE)

static const struct row rows[] = {
    {"/v1/lots", ROUTE_LOTS, ROUTE_GET, false, true, API_LOT},
    {"/v1/ingest/{}", ROUTE_INGEST, ROUTE_POST, false, false, API_FEED},
    {"/v1/lots/{}", ROUTE_LOT, ROUTE_GET, false, true, API_LOT},
    {"/v1/lots/{}/history", ROUTE_HISTORY, ROUTE_GET, false, true, API_LOT},
    {"/v1/summary", ROUTE_SUMMARY, ROUTE_GET, false, true, API_LOT},
    {"/v1/native.schema.json", ROUTE_SCHEMA, ROUTE_GET, false, true, API_LOT},
    {"/v1/export/snapshot", ROUTE_SNAPSHOT, ROUTE_GET, false, false, API_SINK},
    {"/", ROUTE_PAGE, ROUTE_GET, false, false, API_LOT},
    {"/style.css", ROUTE_STYLE, ROUTE_GET, false, false, API_LOT},
    {"/list.js", ROUTE_SCRIPT, ROUTE_GET, false, false, API_LOT},
    {"/healthz", ROUTE_HEALTHZ, ROUTE_GET, false, true, API_LOT},
    {"/readyz", ROUTE_READYZ, ROUTE_GET, false, true, API_LOT},
    {"/problems/{}", ROUTE_PROBLEM, ROUTE_GET, false, true, API_LOT},
    {"/metrics", ROUTE_METRICS, ROUTE_GET, true, false, API_LOT},
    {"/v1/admin/status", ROUTE_STATUS, ROUTE_GET, true, false, API_LOT},
    {"/v1/admin/lots", ROUTE_ADMIN_LIST, ROUTE_GET, true, false, API_LOT},
    {"/v1/admin/feeds", ROUTE_ADMIN_LIST, ROUTE_GET, true, false, API_FEED},
    {"/v1/admin/sinks", ROUTE_ADMIN_LIST, ROUTE_GET, true, false, API_SINK},
    {"/v1/admin/lots/{}", ROUTE_ADMIN_ONE, EDIT, true, false, API_LOT},
    {"/v1/admin/feeds/{}", ROUTE_ADMIN_ONE, EDIT, true, false, API_FEED},
    {"/v1/admin/sinks/{}", ROUTE_ADMIN_ONE, EDIT, true, false, API_SINK},
    {"/v1/admin/feeds/{}/poll", ROUTE_ADMIN_DO, ROUTE_POST, true, false, API_FEED},
    {"/v1/admin/try", ROUTE_TRY, ROUTE_POST, true, false, API_FEED},
    {"/v1/admin/try/sink", ROUTE_TRY_SINK, ROUTE_POST, true, false, API_SINK},
    {"/v1/admin/feeds/{}/bodies", ROUTE_BODIES, ROUTE_GET, true, false, API_FEED},
    {"/v1/admin/feeds/{}/replay", ROUTE_REPLAY, ROUTE_POST, true, false, API_FEED},
    {"/v1/admin/sinks/{}/resume", ROUTE_ADMIN_DO, ROUTE_POST, true, false, API_SINK},
};

static bool matches(const char *pattern, struct view path, struct view *arg)
{
    const char *gap = strstr(pattern, "{}");
    if (!gap)
        return view_is(path, pattern);
    size_t before = (size_t)(gap - pattern), after = strlen(gap + 2);
    if (path.n <= before + after || memcmp(path.p, pattern, before) != 0 ||
        memcmp(path.p + path.n - after, gap + 2, after) != 0)
        return false;
    *arg = (struct view){path.p + before, path.n - before - after};
    return !memchr(arg->p, '/', arg->n);
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

enum route_match route_find(enum http_method method, struct view path, bool staff, struct route *out)
{
    *out = (struct route){0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        if ((r->staff && !staff) || !matches(r->pattern, path, &out->arg))
            continue;
        *out = (struct route){r->id, r->noun, out->arg, r->methods, r->staff, r->open};
        return method == HTTP_OPTIONS || (r->methods & method_bit(method)) ? ROUTE_FOUND : ROUTE_WRONG_METHOD;
    }
    return ROUTE_UNKNOWN;
}

void route_allow(const struct route *r, char dst[64])
{
    (void)snprintf(dst, 64, "%s%s%s%sOPTIONS", r->methods & ROUTE_GET ? "GET, HEAD, " : "",
                   r->methods & ROUTE_POST ? "POST, " : "", r->methods & ROUTE_PUT ? "PUT, " : "",
                   r->methods & ROUTE_DELETE ? "DELETE, " : "");
}
