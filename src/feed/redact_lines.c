/* SPDX-License-Identifier: MIT
 * Cleans forms ("a=1&b=2"), tables with a heading (CSV) and lines of names and values.
 */
#include <string.h>

#include "feed/redact.h"

#define COLUMNS 256

/* ---- forms */

static void form_decode(struct view v, struct buf *out)
{
    for (size_t i = 0; i < v.n; i++) {
        int hi = v.p[i] == '%' && i + 2 < v.n ? hex_digit(v.p[i + 1]) : -1;
        int lo = hi >= 0 ? hex_digit(v.p[i + 2]) : -1;
        if (lo >= 0) {
            buf_char(out, (char)(hi << 4 | lo));
            i += 2;
        } else {
            buf_char(out, v.p[i] == '+' ? ' ' : v.p[i]);
        }
    }
}

static void form_encode(struct view v, struct buf *out)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c && strchr("-._~*", c)))
            buf_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

static size_t clean_field(struct view name, struct view value, int nest, struct buf *out)
{
    struct buf plain, clean;
    size_t masked = 0;
    buf_init(&plain, value.n + 4);
    buf_init(&clean, 4 * value.n + 64);
    form_decode(value, &plain);
    struct view text = buf_get(&plain);
    if (redact_name(name) && !redact_harmless(text)) {
        masked = 1;
        buf_str(&clean, REDACT_MASK);
    } else if (nest < REDACT_MAX_NEST && redact_is_message(text)) {
        masked = redact_any(text, nest + 1, &clean);
    } else {
        masked = redact_is_blob(text) ? redact_blob(text, nest, &clean) : redact_text(text, &clean);
    }
    if (masked)
        form_encode(buf_get(&clean), out);
    else
        buf_view(out, value);
    if ((plain.err || clean.err) && !out->err)
        out->err = ERR_NOMEM;
    buf_fini(&plain);
    buf_fini(&clean);
    return masked;
}

size_t redact_form(struct view text, int nest, struct buf *out)
{
    size_t masked = 0;
    for (bool first = true; text.p; first = false) {
        struct view value = view_cut(&text, '&');
        const char *eq = value.n ? memchr(value.p, '=', value.n) : NULL;
        buf_str(out, first ? "" : "&");
        if (!eq) {
            masked += redact_text(value, out);
            continue;
        }
        struct view raw = view_cut(&value, '=');
        struct buf name;
        buf_init(&name, raw.n + 4);
        form_decode(raw, &name);
        buf_view(out, raw);
        buf_char(out, '=');
        masked += clean_field(buf_get(&name), value, nest, out);
        buf_fini(&name);
    }
    return masked;
}

/* ---- tables */

struct table {
    char delimiter;
    bool personal[COLUMNS];
    bool any;
};

/* One cell of a line from *at on, quotes respected, without its delimiter. */
static struct view next_cell(struct view line, size_t *at, char delimiter)
{
    size_t from = *at, i = from;
    bool quoted = false;
    for (; i < line.n && (quoted || line.p[i] != delimiter); i++)
        quoted ^= line.p[i] == '"';
    *at = i;
    return (struct view){line.p + from, i - from};
}

static struct view unquoted(struct view cell)
{
    cell = view_trim(cell);
    if (cell.n >= 2 && cell.p[0] == '"' && cell.p[cell.n - 1] == '"')
        return (struct view){cell.p + 1, cell.n - 2};
    return cell;
}

static void read_heading(struct view line, struct table *t)
{
    size_t at = 0;
    t->delimiter = view_delimiter(line);
    for (size_t i = 0; t->delimiter && i < COLUMNS && at < line.n; i++, at++) {
        struct view name = unquoted(next_cell(line, &at, t->delimiter));
        t->personal[i] = memchr(name.p, '=', name.n) == NULL && redact_name(name);
        t->any |= t->personal[i];
    }
}

static size_t clean_row(const struct table *t, struct view line, struct buf *out)
{
    size_t at = 0, masked = 0;
    for (size_t i = 0;; i++) {
        struct view cell = next_cell(line, &at, t->delimiter), core = unquoted(cell);
        if (i < COLUMNS && t->personal[i] && !redact_harmless(core)) {
            buf_put(out, cell.p, (size_t)(core.p - cell.p));
            buf_str(out, REDACT_MASK);
            buf_put(out, core.p + core.n, (size_t)(cell.p + cell.n - (core.p + core.n)));
            masked++;
        } else {
            masked += redact_text(cell, out);
        }
        if (at >= line.n)
            return masked;
        buf_char(out, line.p[at++]);
    }
}

/* ---- names and values */

/* "plate=…", "phone: …" in pieces between , ; & and blanks of a line. */
static size_t clean_pairs(struct view line, struct buf *out)
{
    size_t masked = 0, at = 0;
    while (at < line.n) {
        size_t end = at, sign = 0;
        while (end < line.n && !strchr(",;&|\t", line.p[end])) {
            if (!sign && (line.p[end] == '=' || line.p[end] == ':'))
                sign = end;
            end++;
        }
        struct view piece = {line.p + at, end - at};
        if (sign && redact_name(view_trim((struct view){line.p + at, sign - at})) &&
            !redact_harmless((struct view){line.p + sign + 1, end - sign - 1})) {
            buf_put(out, line.p + at, sign + 1 - at);
            buf_str(out, REDACT_MASK);
            masked++;
        } else {
            masked += redact_text(piece, out);
        }
        if (end < line.n)
            buf_char(out, line.p[end++]);
        at = end;
    }
    return masked;
}

size_t redact_lines(struct view text, struct buf *out)
{
    struct table t = {0};
    struct view rest = text;
    size_t masked = 0;
    read_heading(view_cut(&rest, '\n'), &t);
    rest = text;
    for (bool first = true; rest.p; first = false) {
        struct view line = view_cut(&rest, '\n');
        bool cr = line.n && line.p[line.n - 1] == '\r';
        line.n -= cr;
        if (t.any)
            masked += first ? redact_text(line, out) : clean_row(&t, line, out);
        else
            masked += clean_pairs(line, out);
        buf_str(out, cr ? "\r" : "");
        buf_str(out, rest.p ? "\n" : "");
    }
    return masked;
}
