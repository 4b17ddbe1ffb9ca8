/* SPDX-License-Identifier: MIT
 * status: what works and what does not, a line each.
 */
#include <stdio.h>

#include "parkctl/parkctl.h"
#include "parkd/base/json.h"

#define CLOCK_OFF_S 30 /* as parkd warns */

static void print_feed(const struct json *f)
{
    struct view why = json_text(json_get(f, "error"));
    (void)printf("feed  %-20.*s %-10.*s %-9.*s%s" VIEW_FMT "\n", VIEW_ARG(json_text(json_get(f, "id"))),
                 VIEW_ARG(json_text(json_get(f, "dialect"))), VIEW_ARG(json_text(json_get(f, "state"))),
                 why.n ? " " : "", VIEW_ARG(why));
}

/* What is wrong with single items of a feed that as a whole is well. */
static void print_faults(const struct json *f)
{
    double unknown = json_number(json_get(f, "unknown_lots"));
    double silent = json_number(json_get(f, "silent_lots"));
    for (const struct json *e = json_first(json_get(f, "faults")); e; e = json_next(e))
        (void)printf("      item " VIEW_FMT " " VIEW_FMT ": " VIEW_FMT "\n",
                     VIEW_ARG(json_text(json_get(e, "lot"))), VIEW_ARG(json_text(json_get(e, "pointer"))),
                     VIEW_ARG(json_text(json_get(e, "reason"))));
    if (unknown > 0)
        (void)printf("      names %.0f lots that are not registered for it\n", unknown);
    if (silent > 0 && silent >= json_number(json_get(f, "reports")))
        (void)printf("      no free or taken places of any of its lots: did a field change its name?\n");
}

static void print_held(const struct json *of, const char *what)
{
    for (const struct json *h = json_first(json_get(of, "held")); h; h = json_next(h))
        (void)printf("      held %s " VIEW_FMT " refused with " VIEW_FMT ", %.0f tries, next " VIEW_FMT "\n",
                     what, VIEW_ARG(json_text(json_get(h, "lot"))), VIEW_ARG(json_text(json_get(h, "code"))),
                     json_number(json_get(h, "tries")), VIEW_ARG(json_text(json_get(h, "next"))));
}

static void print_dates(const struct json *day, const char *key, const char *words)
{
    for (const struct json *d = json_first(json_get(day, key)); d; d = json_next(d))
        (void)printf("      statement of " VIEW_FMT " for lot " VIEW_FMT " %s\n",
                     VIEW_ARG(json_text(json_get(d, "date"))), VIEW_ARG(json_text(json_get(d, "lot"))),
                     words);
}

/* What hangs on a sink besides counts. */
static void print_rest(const struct json *s)
{
    const struct json *filings = json_get(s, "registrations"), *day = json_get(s, "day");
    double off_s = json_number(json_get(s, "clock_off_ms")) / 1000;
    print_held(s, "lot");
    print_held(filings, "registration of lot");
    if (json_number(json_get(filings, "open")) > 0)
        (void)printf("      %.0f registrations are not acknowledged\n",
                     json_number(json_get(filings, "open")));
    print_held(day, "statement of lot");
    print_dates(day, "missed", "could not be told");
    print_dates(day, "unbalanced", "disagrees with the platform's own count");
    if (off_s > CLOCK_OFF_S)
        (void)printf("      the platform's clock and ours are %.0f s apart\n", off_s);
}

static void print_sink(const struct json *s)
{
    bool failing =
        json_number(json_get(s, "failures")) > 0 || view_is(json_text(json_get(s, "state")), "paused");
    struct view why = failing ? json_text(json_get(s, "last_error")) : (struct view){0};
    (void)printf("sink  %-20.*s %-10.*s %-9.*s unacknowledged %.0f%s" VIEW_FMT "\n",
                 VIEW_ARG(json_text(json_get(s, "id"))), VIEW_ARG(json_text(json_get(s, "dialect"))),
                 VIEW_ARG(json_text(json_get(s, "state"))), json_number(json_get(s, "unacknowledged")),
                 why.n ? " " : "", VIEW_ARG(why));
}

static void print_store(const struct json *s)
{
    (void)printf("store " VIEW_FMT " %s, %.0f lots wait in memory\n",
                 VIEW_ARG(json_text(json_get(s, "address"))), json_true(json_get(s, "up")) ? "up" : "AWAY",
                 json_number(json_get(s, "waiting_lots")));
}

int ctl_status(const struct ctl *c)
{
    struct buf out;
    struct json *doc = NULL;
    struct why why = {0};
    buf_init(&out, 64u << 20);
    int err = ctl_request(c, "GET", "/v1/admin/status", (struct view){0}, &out);
    if (!err && c->json) {
        (void)printf(VIEW_FMT "\n", VIEW_ARG(buf_get(&out)));
    } else if (!err && json_parse(buf_get(&out), &doc, &why) == 0) {
        for (const struct json *f = json_first(json_get(doc, "feeds")); f; f = json_next(f))
            print_feed(f), print_faults(f);
        for (const struct json *s = json_first(json_get(doc, "sinks")); s; s = json_next(s))
            print_sink(s), print_rest(s);
        print_store(json_get(doc, "store"));
    }
    json_free(doc);
    buf_fini(&out);
    return err;
}
