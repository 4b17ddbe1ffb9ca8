/* SPDX-License-Identifier: MIT
 * A plain scan: some dozens of files, asked for by people.
 */
#include "api/assets.h"

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

bool asset_find(struct view path, bool staff, size_t *out)
{
    for (size_t i = 0; i < asset_count(); i++) {
        const struct asset *a = asset_at(i);
        if (!view_is(path, a->path) || (a->staff && !staff))
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
