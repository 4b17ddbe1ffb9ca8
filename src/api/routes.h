/* SPDX-License-Identifier: MIT
 * Method and path → what is asked, of whom. Pure: the one table of everything parkd answers.
 *
 * Staff routes do not exist for the public listener. A path that is not in the table may still be a feed's
 * own fixed path; the caller asks the feeds then.
 */
#ifndef PARKD_SRC_API_ROUTES_H
#define PARKD_SRC_API_ROUTES_H

#include "parkd/api/api.h"
#include "parkd/net/http_server.h"
#include "parkd/office/office.h"

enum route_id {
    ROUTE_PAGE,
    ROUTE_PAGE_LOT,
    ROUTE_PAGE_MAP,
    ROUTE_PAGE_BOARD,
    ROUTE_MANIFEST,
    ROUTE_ASSET,
    ROUTE_LOTS,
    ROUTE_LOT,
    ROUTE_HISTORY,
    ROUTE_SUMMARY,
    ROUTE_STREAM,
    ROUTE_EXPORT,
    ROUTE_FORECAST,
    ROUTE_HEALTHZ,
    ROUTE_READYZ,
    ROUTE_PROBLEM,
    ROUTE_INGEST,
    ROUTE_METRICS,
    ROUTE_STATUS,
    ROUTE_ADMIN_LIST,
    ROUTE_ADMIN_ONE,
    ROUTE_ADMIN_DO,
    ROUTE_TRY,
    ROUTE_TRY_SINK,
    ROUTE_SNAPSHOT,
    ROUTE_BODIES,
    ROUTE_REPLAY,
    ROUTE_OFFICE
};

enum route_method { ROUTE_GET = 1, ROUTE_POST = 2, ROUTE_PUT = 4, ROUTE_DELETE = 8 };

struct route {
    enum route_id id;
    enum noun noun;            /* of the admin routes */
    struct view arg;           /* the {id} of the path, a view into it */
    struct view second;        /* and its second one */
    unsigned methods;          /* allowed, of enum route_method */
    bool staff, open;          /* open: a public read, for other origins too (CORS) */
    enum access access;        /* ACCESS_ANYBODY: nobody asks who it is, but for the office's own */
    enum office_action action; /* of ROUTE_OFFICE */
    bool quiet;                /* changes something, but is not audited */
    size_t asset;              /* of ROUTE_ASSET: which of assets.h */
    const char *name;          /* for the audit trail */
};

enum route_match { ROUTE_FOUND, ROUTE_UNKNOWN, ROUTE_WRONG_METHOD };

/* HEAD counts as GET. With OPTIONS the route is found whatever its methods. */
enum route_match route_find(enum http_method method, struct view path, bool staff, struct route *out);
/* "GET, HEAD, OPTIONS" */
void route_allow(const struct route *r, char dst[64]);

#endif
