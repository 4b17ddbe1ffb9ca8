/* SPDX-License-Identifier: MIT
 * The JSON writer. `comma` remembers for every open object or array whether something stands in it already.
 */
#include "parkd/base/json_write.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "parkd/base/iso8601.h"

#define DECIMALS_MAX 17

void jw_init(struct json_writer *w, struct buf *b)
{
    *w = (struct json_writer){.b = b};
}

/* The slot of the innermost open container; NULL at the top and beyond the limit. */
static bool *comma(struct json_writer *w)
{
    return w->depth > 0 && w->depth <= JSON_WRITE_DEPTH ? &w->comma[w->depth - 1] : NULL;
}

/* What stands before a value: the comma if one is due, and the name. */
static void before(struct json_writer *w, const char *key)
{
    bool *due = comma(w);
    if (due && *due)
        buf_char(w->b, ',');
    if (due)
        *due = true;
    if (key) {
        jw_quote(w->b, view_of(key));
        buf_char(w->b, ':');
    }
}

static void open_with(struct json_writer *w, const char *key, char c)
{
    before(w, key);
    buf_char(w->b, c);
    if (++w->depth > JSON_WRITE_DEPTH) {
        buf_fini(w->b);
        w->b->err = ERR_TOO_BIG;
        return;
    }
    *comma(w) = false;
}

static void close_with(struct json_writer *w, char c)
{
    assert(w->depth > 0);
    w->depth--;
    buf_char(w->b, c);
}

void jw_object(struct json_writer *w, const char *key)
{
    open_with(w, key, '{');
}

void jw_end_object(struct json_writer *w)
{
    close_with(w, '}');
}

void jw_array(struct json_writer *w, const char *key)
{
    open_with(w, key, '[');
}

void jw_end_array(struct json_writer *w)
{
    close_with(w, ']');
}

void jw_str(struct json_writer *w, const char *key, const char *s)
{
    if (s)
        jw_view(w, key, view_of(s));
    else
        jw_null(w, key);
}

void jw_view(struct json_writer *w, const char *key, struct view v)
{
    before(w, key);
    jw_quote(w->b, v);
}

void jw_int(struct json_writer *w, const char *key, int64_t v)
{
    before(w, key);
    buf_int(w->b, v);
}

void jw_real(struct json_writer *w, const char *key, double v, int decimals)
{
    if (!isfinite(v)) {
        jw_null(w, key);
        return;
    }
    before(w, key);
    int places = decimals < 0 ? 0 : decimals > DECIMALS_MAX ? DECIMALS_MAX : decimals;
    char text[352]; /* the largest double has 309 digits before the point */
    snprintf(text, sizeof text, "%.*f", places, v);
    bool minus_nothing = text[0] == '-' && strspn(text + 1, "0.") == strlen(text + 1);
    buf_str(w->b, text + minus_nothing);
}

void jw_bool(struct json_writer *w, const char *key, bool v)
{
    before(w, key);
    buf_str(w->b, v ? "true" : "false");
}

void jw_null(struct json_writer *w, const char *key)
{
    before(w, key);
    buf_str(w->b, "null");
}

void jw_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[ISO8601_SIZE];
    jw_str(w, key, ms ? iso8601_format(ms, text) : NULL);
}

void jw_raw(struct json_writer *w, const char *key, struct view json)
{
    before(w, key);
    buf_view(w->b, json);
}

/* How many bytes at p go out as they are; 0 when the next one must be replaced. */
static size_t plain(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        unsigned char c = (unsigned char)p[i];
        uint32_t cp = 0;
        size_t len = c < 0x80 ? 1 : utf8_read(p + i, n - i, &cp);
        if (len == 0 || c < 0x20 || c == '"' || c == '\\')
            break;
        i += len;
    }
    return i;
}

static void replace(struct buf *b, unsigned char c)
{
    static const char raw[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *found = c ? strchr(raw, c) : NULL;
    if (c >= 0x80)
        buf_str(b, "\xEF\xBF\xBD");
    else if (found)
        buf_put(b, (char[]){'\\', letter[found - raw]}, 2);
    else
        buf_printf(b, "\\u%04x", (unsigned)c);
}

void jw_quote(struct buf *b, struct view v)
{
    buf_char(b, '"');
    for (size_t i = 0; i < v.n && !b->err;) {
        size_t n = plain(v.p + i, v.n - i);
        buf_put(b, v.p + i, n);
        i += n;
        if (i < v.n)
            replace(b, (unsigned char)v.p[i++]);
    }
    buf_char(b, '"');
}

void jw_key(struct json_writer *w, struct view key)
{
    before(w, NULL);
    jw_quote(w->b, key);
    buf_char(w->b, ':');
    bool *due = comma(w);
    if (due)
        *due = false;
}
