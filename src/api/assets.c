/* SPDX-License-Identifier: MIT
 * A plain scan: some dozens of files, asked for by people.
 */
#include "api/assets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gen/api/native_schema_json.h"
#include "gen/api/openapi_json.h"
#include "gen/web_assets.h"

#define WEB_N (sizeof web_assets / sizeof web_assets[0])

#define DOCUMENT(path, type, bytes)                      \
    {                                                    \
        path, type, bytes, sizeof bytes - 1, false, true \
    }

static const struct asset documents[] = {
    DOCUMENT("/openapi.json", "application/json", openapi_json),
    DOCUMENT("/v1/native.schema.json", "application/schema+json", native_schema_json),
};

size_t asset_count(void)
{
    return WEB_N + sizeof documents / sizeof documents[0];
}

const struct asset *asset_at(size_t i)
{
    return i < WEB_N ? &web_assets[i] : &documents[i - WEB_N];
}

/* FNV-1a: two builds differ, nobody is deceived. */
void asset_version(char out[ASSETS_PATH])
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < WEB_N; i++)
        for (size_t k = 0; k < web_assets[i].n; k++)
            hash = (hash ^ web_assets[i].bytes[k]) * UINT64_C(1099511628211);
    (void)snprintf(out, ASSETS_PATH, "/a/%016" PRIx64, hash);
}

/* "/a/<anything>/list.js" → "/list.js": a page of another build gets what there is now. */
static struct view plain_path(struct view path)
{
    const char *slash = view_starts(path, "/a/") ? memchr(path.p + 3, '/', path.n - 3) : NULL;
    return slash ? (struct view){slash, path.n - (size_t)(slash - path.p)} : path;
}

bool asset_find(struct view path, bool staff, size_t *out)
{
    struct view plain = plain_path(path);
    for (size_t i = 0; i < asset_count(); i++) {
        const struct asset *a = asset_at(i);
        if (!view_is(plain, a->path) || (a->staff && !staff) || (plain.p != path.p && !asset_is_residents(a)))
            continue;
        *out = i;
        return true;
    }
    return false;
}

bool asset_is_page(const struct asset *a)
{
    return strncmp(a->type, "text/html", 9) == 0;
}

bool asset_is_residents(const struct asset *a)
{
    return !strchr(a->path + 1, '/') && !asset_is_page(a);
}
