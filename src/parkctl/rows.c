/* SPDX-License-Identifier: MIT
 * Answers as columns for people. Chinese letters are two wide on a terminal.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "parkctl/commands.h"
#include "parkd/base/json.h"

#define COLUMNS_MAX 12
#define CELL_MAX    600
#define WIDTH_MAX   48

struct cell {
    char text[CELL_MAX];
};

static void cell_add(struct cell *c, struct view text)
{
    size_t n = strlen(c->text);
    (void)snprintf(c->text + n, sizeof c->text - n, VIEW_FMT, VIEW_ARG(text));
}

static void cell_add_value(struct cell *c, const struct json *v)
{
    char number[40];
    if (json_is(v, JSON_STRING)) {
        cell_add(c, json_text(v));
    } else if (json_is(v, JSON_NUMBER)) {
        double d = json_number(v);
        (void)snprintf(number, sizeof number, fabs(d) < 1e15 && floor(d) == d ? "%.0f" : "%.4g", d);
        cell_add(c, view_of(number));
    } else if (json_is(v, JSON_BOOL)) {
        cell_add(c, json_true(v) ? VIEW("yes") : VIEW("no"));
    } else if (json_is(v, JSON_ARRAY)) {
        for (const struct json *e = json_first(v); e; e = json_next(e)) {
            cell_add_value(c, e);
            if (json_next(e))
                cell_add(c, VIEW(","));
        }
    }
}

/* The member that "what.zh" names. */
static const struct json *follow(const struct json *object, struct view path)
{
    char key[40];
    const char *dot = memchr(path.p, '.', path.n);
    struct view first = {path.p, dot ? (size_t)(dot - path.p) : path.n};
    if (view_copy(first, key, sizeof key))
        return NULL;
    const struct json *found = json_get(object, key);
    return dot ? follow(found, (struct view){dot + 1, path.n - first.n - 1}) : found;
}

static void read_cell(const struct json *object, struct view path, struct cell *out)
{
    out->text[0] = 0;
    cell_add_value(out, follow(object, path));
    if (!out->text[0])
        cell_add(out, VIEW("-"));
    for (char *p = out->text; *p; p++) {
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    }
}

static size_t width_of(const char *text)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        n += (*p & 0xC0) == 0x80 ? 0 : *p >= 0xE2 ? 2 : 1;
    return n;
}

static size_t split(const char *columns, struct view out[COLUMNS_MAX])
{
    size_t n = 0;
    for (const char *p = columns; *p && n < COLUMNS_MAX; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        out[n++] = (struct view){p, len};
        p += len;
    }
    return n;
}

static void put(const char *text, size_t width, bool last)
{
    (void)fputs(text, stdout);
    for (size_t k = width_of(text); !last && k < width + 2; k++)
        (void)putchar(' ');
}

void rows_print(const struct json *list, const char *columns)
{
    struct view column[COLUMNS_MAX];
    size_t n = split(columns, column), width[COLUMNS_MAX];
    struct cell cell;
    for (size_t i = 0; i < n; i++) {
        width[i] = column[i].n;
        for (const struct json *e = json_first(list); e; e = json_next(e)) {
            read_cell(e, column[i], &cell);
            size_t w = width_of(cell.text);
            width[i] = w > width[i] ? w : width[i];
        }
        width[i] = width[i] > WIDTH_MAX ? WIDTH_MAX : width[i];
        cell.text[0] = 0;
        cell_add(&cell, column[i]);
        put(cell.text, width[i], i + 1 == n);
    }
    (void)putchar('\n');
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        for (size_t i = 0; i < n; i++) {
            read_cell(e, column[i], &cell);
            put(cell.text, width[i], i + 1 == n);
        }
        (void)putchar('\n');
    }
}

void rows_print_members(const struct json *object)
{
    struct cell cell;
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        if (json_is(m, JSON_OBJECT) || json_is(m, JSON_NULL))
            continue;
        cell.text[0] = 0;
        cell_add_value(&cell, m);
        (void)printf(VIEW_FMT ": %s\n", VIEW_ARG(json_key(m)), cell.text);
    }
}
