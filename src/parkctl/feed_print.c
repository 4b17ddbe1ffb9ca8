/* SPDX-License-Identifier: MIT
 * What came of a trial, for people: short, the lots as a table, then what to do next.
 */
#include <stdio.h>

#include "parkctl/feed_try.h"
#include "parkd/base/json_write.h"

#define MAX_ROWS 60
#define INDENT   2

static struct view text_of(const struct json *j, const char *key)
{
    return json_text(json_get(j, key));
}

static bool has(const struct json *j, const char *key)
{
    const struct json *v = json_get(j, key);
    return v && !json_is(v, JSON_NULL);
}

static void print_came(const struct json *answer)
{
    int n = 0;
    for (const struct json *c = json_first(json_get(answer, "came")); c; c = json_next(c)) {
        struct view url = text_of(c, "url"), type = text_of(c, "content_type"), tls = text_of(c, "tls");
        (void)printf("came %d:", ++n);
        if (url.n)
            (void)printf(" " VIEW_FMT " " VIEW_FMT ",", VIEW_ARG(text_of(c, "method")), VIEW_ARG(url));
        if (json_number(json_get(c, "status")) > 0)
            (void)printf(" HTTP %.0f,", json_number(json_get(c, "status")));
        (void)printf(" %.0f bytes", json_number(json_get(c, "size")));
        if (type.n)
            (void)printf(", " VIEW_FMT, VIEW_ARG(type));
        if (url.n)
            (void)printf(", %.0f ms, " VIEW_FMT, json_number(json_get(c, "took_ms")),
                         VIEW_ARG(tls.n ? tls : VIEW("no TLS")));
        if (has(c, "error"))
            (void)printf(": " VIEW_FMT, VIEW_ARG(text_of(c, "error")));
        (void)putchar('\n');
    }
}

/* ---- lots */

static void print_cell(const struct json *j, const char *key)
{
    if (has(j, key))
        (void)printf(" %6.0f", json_number(json_get(j, key)));
    else
        (void)printf(" %6s", "-");
}

static void print_flags(const struct json *reading)
{
    bool first = true;
    for (const struct json *q = json_first(json_get(reading, "quality")); q; q = json_next(q), first = false)
        (void)printf("%s" VIEW_FMT, first ? " " : ",", VIEW_ARG(json_text(q)));
}

static void print_age(const struct json *report, const struct json *reading)
{
    if (!has(report, "source_time"))
        (void)printf("  %-20s", "no time");
    else
        (void)printf("  %-20.*s", VIEW_ARG(text_of(report, "source_time")));
    if (reading)
        (void)printf(" %-7.*s", VIEW_ARG(text_of(reading, "freshness")));
}

static void print_report(const struct json *r)
{
    const struct json *reading = json_is(json_get(r, "reading"), JSON_OBJECT) ? json_get(r, "reading") : NULL;
    (void)printf("%-24.*s", VIEW_ARG(text_of(r, "lot")));
    print_cell(reading ? reading : r, "free");
    print_cell(reading ? reading : r, "open");
    print_cell(reading ? reading : r, "total");
    print_cell(r, "occupied");
    (void)printf("  %-8.*s", VIEW_ARG(text_of(reading ? reading : r, "status")));
    print_age(r, reading);
    print_flags(reading);
    if (has(r, "registered"))
        (void)printf("  is " VIEW_FMT, VIEW_ARG(text_of(r, "registered")));
    if (has(r, "name"))
        (void)printf("  " VIEW_FMT, VIEW_ARG(text_of(r, "name")));
    (void)putchar('\n');
    const struct json *refused = json_get(r, "refused");
    if (json_is(refused, JSON_OBJECT))
        (void)printf("  refused: " VIEW_FMT " " VIEW_FMT "\n", VIEW_ARG(text_of(refused, "at")),
                     VIEW_ARG(text_of(refused, "text")));
}

static void print_reports(const struct json *answer)
{
    const struct json *reports = json_get(answer, "reports");
    size_t n = json_size(reports), row = 0;
    if (!n)
        return;
    (void)printf("\n%-24s %6s %6s %6s %6s  %-8s  %-20s %s\n", "lot", "free", "open", "total", "taken",
                 "status", "time", "is");
    for (const struct json *r = json_first(reports); r && row < MAX_ROWS; r = json_next(r), row++)
        print_report(r);
    if (n > row)
        (void)printf("… and %zu more (--json shows all)\n", n - row);
}

static void print_faults(const struct json *answer)
{
    size_t row = 0;
    for (const struct json *f = json_first(json_get(answer, "faults")); f; f = json_next(f)) {
        if (row++ == 0)
            (void)printf("\nnot read:\n");
        if (row <= MAX_ROWS)
            (void)printf("  " VIEW_FMT "%s" VIEW_FMT ": " VIEW_FMT "\n", VIEW_ARG(text_of(f, "lot")),
                         has(f, "lot") ? " " : "", VIEW_ARG(text_of(f, "at")),
                         VIEW_ARG(text_of(f, "reason")));
    }
    if (row > MAX_ROWS)
        (void)printf("  … and %zu more\n", row - MAX_ROWS);
}

static void write_value(FILE *f, const struct json *v)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_json(&w, NULL, v);
    (void)fprintf(f, VIEW_FMT, VIEW_ARG(buf_get(&b)));
    buf_fini(&b);
}

static void print_value(const struct json *v)
{
    write_value(stdout, v);
}

static void print_unused(const struct json *list)
{
    bool first = true;
    for (const struct json *l = json_first(list); l; l = json_next(l), first = false) {
        if (first)
            (void)printf("\nnot used, but looks like one:\n");
        (void)printf("  " VIEW_FMT "  a " VIEW_FMT ", as", VIEW_ARG(text_of(l, "at")),
                     VIEW_ARG(text_of(l, "looks_like")));
        for (const struct json *v = json_first(json_get(l, "values")); v; v = json_next(v)) {
            (void)putchar(' ');
            print_value(v);
        }
        (void)printf(" (in %.0f)\n", json_number(json_get(l, "in")));
    }
}

/* ---- proposals */

static void write_tree(FILE *f, const struct json *j, int depth)
{
    bool flat = !json_is(j, JSON_OBJECT);
    if (flat) {
        write_value(f, j);
        return;
    }
    (void)fprintf(f, "{");
    for (const struct json *m = json_first(j); m; m = json_next(m)) {
        struct buf key;
        buf_init(&key, 1024);
        jw_quote(&key, json_key(m));
        (void)fprintf(f, "\n%*s" VIEW_FMT ": ", (depth + 1) * INDENT, "", VIEW_ARG(buf_get(&key)));
        buf_fini(&key);
        if (depth < 1)
            write_tree(f, m, depth + 1);
        else
            write_value(f, m);
        (void)fprintf(f, "%s", json_next(m) ? "," : "");
    }
    (void)fprintf(f, "\n%*s}", depth * INDENT, "");
}

static void print_doubt(const struct json *d)
{
    (void)printf("  " VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(text_of(d, "field")), has(d, "at") ? " = " : "",
                 VIEW_ARG(text_of(d, "at")));
    if (has(d, "value")) {
        (void)printf(" (");
        print_value(json_get(d, "value"));
        (void)printf(")");
    }
    (void)printf(": " VIEW_FMT "\n", VIEW_ARG(text_of(d, "why")));
    for (const struct json *i = json_first(json_get(d, "instead")); i; i = json_next(i)) {
        (void)printf("    or " VIEW_FMT " (", VIEW_ARG(text_of(i, "at")));
        print_value(json_get(i, "value"));
        (void)printf(")\n");
    }
}

void try_write_params(FILE *f, const struct json *proposal)
{
    (void)fprintf(f, "{\"mapping\": ");
    write_tree(f, json_get(proposal, "mapping"), 0);
    (void)fprintf(f, "}\n");
}

void try_print_proposal(const struct json *proposal)
{
    (void)printf("\nproposal (params of a generic feed):\n");
    try_write_params(stdout, proposal);
    bool first = true;
    for (const struct json *d = json_first(json_get(proposal, "doubts")); d;
         d = json_next(d), first = false) {
        if (first)
            (void)printf("\nlook at these:\n");
        print_doubt(d);
    }
    print_unused(json_get(proposal, "unused"));
}

/* ---- what to do next */

static bool wants_key(const struct json *answer)
{
    double status = 0;
    for (const struct json *c = json_first(json_get(answer, "came")); c; c = json_next(c))
        status = json_number(json_get(c, "status"));
    return status == 401 || status == 403;
}

/* Nothing of free places in it, by whatever name. */
static bool is_silent(const struct json *r)
{
    bool says = has(r, "free") || has(r, "occupied") || has(r, "band") || json_first(json_get(r, "zones")) ||
                json_first(json_get(r, "classes"));
    return view_is(text_of(r, "kind"), "counts") && !says;
}

static const char *failed_step(const struct json *answer)
{
    if (json_is(json_get(answer, "proposal"), JSON_OBJECT))
        return "edit the proposal and try again with it as --params";
    if (wants_key(answer))
        return "give the key by --access (the feed's \"access\"; of a registered feed: --feed ID), or mend "
               "it";
    return "see to the error; --propose drafts a mapping from what came";
}

static const char *next_step(const struct json *answer)
{
    size_t reports = json_size(json_get(answer, "reports"));
    size_t known = 0, refused = 0, dated = 0, silent = 0, closed = 0;
    for (const struct json *r = json_first(json_get(answer, "reports")); r; r = json_next(r)) {
        known += has(r, "registered");
        refused += has(r, "refused");
        dated += has(r, "source_time");
        silent += is_silent(r);
        closed += view_is(text_of(r, "status"), "closed");
    }
    if (!json_true(json_get(answer, "ok")))
        return failed_step(answer);
    if (json_is(json_get(answer, "proposal"), JSON_OBJECT))
        return "edit the proposal, and try again with it as --params";
    if (!reports)
        return "no lot was found: does \"items\" look at the right place? --propose drafts a mapping";
    if (silent == reports && closed < reports)
        return "no lot says how many places are free or taken: is the field's name right? A number above is "
               "what "
               "was held before";
    if (refused)
        return "some counts would be refused: is it the right field?";
    if (!known)
        return "compare with what the lot shows on site; then register the feed and, with these names as "
               "foreign_id, its lots";
    if (!dated)
        return "no time was read: is there one? Else say \"time\": null, and the time of receipt counts";
    return "compare with what the lot shows on site";
}

int try_print(const struct json *answer)
{
    const struct json *error = json_get(answer, "error"), *proposal = json_get(answer, "proposal");
    print_came(answer);
    if (json_is(error, JSON_OBJECT))
        (void)printf("failed: " VIEW_FMT "%s" VIEW_FMT "\n", VIEW_ARG(text_of(error, "at")),
                     text_of(error, "at").n ? ": " : "", VIEW_ARG(text_of(error, "text")));
    print_reports(answer);
    print_faults(answer);
    print_unused(json_get(answer, "leftovers"));
    const struct json *reply = json_get(answer, "reply");
    if (json_is(reply, JSON_OBJECT))
        (void)printf("\nit would be answered HTTP %.0f " VIEW_FMT "\n",
                     json_number(json_get(reply, "status")), VIEW_ARG(text_of(reply, "body")));
    if (json_is(proposal, JSON_OBJECT))
        try_print_proposal(proposal);
    else if (has(answer, "proposal_error"))
        (void)printf("\nno proposal: " VIEW_FMT "\n", VIEW_ARG(text_of(answer, "proposal_error")));
    (void)printf("\nnext: %s\n", next_step(answer));
    return json_true(json_get(answer, "ok")) ? 0 : EXIT_FAILED;
}
