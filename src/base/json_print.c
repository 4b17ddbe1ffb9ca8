/* SPDX-License-Identifier: MIT
 * A parsed tree back to compact JSON text. Depth is bounded by what json_parse accepts.
 */
#include <math.h>
#include <stdio.h>

#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

/* The shortest decimal that reads back as the same double. */
static void put_number(struct buf *b, double v)
{
    char text[40];
    if (v >= -9007199254740992.0 && v <= 9007199254740992.0 && !(v < trunc(v)) && !(v > trunc(v))) {
        buf_int(b, (int64_t)v);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        double back = 0;
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (view_to_real(view_of(text), &back) == 0 && !(back < v) && !(back > v))
            break;
    }
    buf_str(b, text);
}

static void put_members(struct json_writer *w, const struct json *j, bool named)
{
    for (const struct json *m = json_first(j); m; m = json_next(m)) {
        if (named)
            jw_key(w, json_key(m));
        jw_json(w, NULL, m);
    }
}

void jw_json(struct json_writer *w, const char *key, const struct json *j)
{
    struct buf number;
    switch (json_kind(j)) {
    case JSON_NULL:
        jw_null(w, key);
        break;
    case JSON_BOOL:
        jw_bool(w, key, json_true(j));
        break;
    case JSON_NUMBER:
        buf_init(&number, 64);
        put_number(&number, json_number(j));
        jw_raw(w, key, buf_get(&number));
        buf_fini(&number);
        break;
    case JSON_STRING:
        jw_view(w, key, json_text(j));
        break;
    case JSON_ARRAY:
        jw_array(w, key);
        put_members(w, j, false);
        jw_end_array(w);
        break;
    case JSON_OBJECT:
        jw_object(w, key);
        put_members(w, j, true);
        jw_end_object(w);
        break;
    }
}
