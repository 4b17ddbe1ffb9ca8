/* SPDX-License-Identifier: MIT
 * The round, and what parkd itself tells: feeds, platforms, lots, the audit trail.
 */
#include "parkctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/file.h"
#include "parkd/base/json.h"

#define PATH_SIZE   1200
#define OUT_MAX     (1u << 20)
#define CLOCK_OFF_S 30 /* as parkd warns */

static const char *const levels[] = {[FINDING_OK] = "ok", [FINDING_WARN] = "warn", [FINDING_BAD] = "bad"};

void doctor_say(struct doctor *d, enum finding level, const char *topic, const char *remedy, const char *what,
                ...)
{
    char text[800];
    va_list args;
    va_start(args, what);
    (void)vsnprintf(text, sizeof text, what, args);
    va_end(args);
    d->worst = level > d->worst ? level : d->worst;
    if (d->c->json) {
        jw_object(&d->w, NULL);
        jw_str(&d->w, "level", levels[level]);
        jw_str(&d->w, "topic", topic);
        jw_str(&d->w, "what", text);
        jw_str(&d->w, "do", remedy);
        jw_end_object(&d->w);
        return;
    }
    (void)printf("%-4s  %-12s %s\n", levels[level], topic, text);
    if (remedy[0])
        (void)printf("%*s→ %s\n", 19, "", remedy);
}

struct view doctor_run(const struct doctor *d, const char *key)
{
    return json_text(json_get(d->run, key));
}

/* --- does it run --- */

static void read_run(struct doctor *d)
{
    char path[PATH_SIZE];
    struct buf text;
    (void)snprintf(path, sizeof path, "%s/run.json", d->state);
    buf_init(&text, 65536);
    if (file_read(path, &text) == 0 && json_parse(buf_get(&text), &d->run, NULL))
        d->run = NULL;
    buf_fini(&text);
}

static void check_parkd(struct doctor *d)
{
    if (!d->run && !d->c->staff[0]) {
        doctor_say(d, FINDING_BAD, "parkd",
                   "start it (systemctl start parkd), look into its journal, or give --state DIR",
                   "does not run on %s: there is no run.json", d->state);
        return;
    }
    if (ctl_find_staff(d->c) || ctl_request_json(d->c, "GET", "/v1/admin/status", &d->status)) {
        doctor_say(d, FINDING_BAD, "parkd", "look into its journal; restart it",
                   "does not answer, though run.json says that it runs");
        return;
    }
    const struct json *process = json_get(d->status, "process");
    struct view version = json_text(json_get(process, "version"));
    if (!view_is(version, PARKD_VERSION))
        doctor_say(d, FINDING_WARN, "parkd", "restart parkd after an upgrade",
                   "runs version " VIEW_FMT ", parkctl is %s", VIEW_ARG(version), PARKD_VERSION);
    else
        doctor_say(d, FINDING_OK, "parkd", "", "version %s runs since %.0f minutes", PARKD_VERSION,
                   json_number(json_get(process, "up_s")) / 60);
    if (!json_true(json_get(json_get(d->status, "store"), "up")))
        doctor_say(d, FINDING_BAD, "redis",
                   "look at redis.log in the state directory, or at the Redis that redis.url names",
                   "is away: counts wait in parkd's memory, and are lost if it ends now");
}

/* --- feeds --- */

static void check_feed(struct doctor *d, const struct json *f)
{
    struct view id = json_text(json_get(f, "id")), state = json_text(json_get(f, "state")),
                why = json_text(json_get(f, "error")), last = json_text(json_get(f, "last_good"));
    double unknown = json_number(json_get(f, "unknown_lots"));
    if (view_is(state, "bad") || view_is(state, "unusable"))
        doctor_say(d, FINDING_WARN, "feed",
                   why.n ? "mend what the reason says; parkctl feed try --feed ID shows every step"
                         : "parkctl feed try --feed ID shows every step",
                   VIEW_FMT " fails%s" VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(id), why.n ? ": " : "", VIEW_ARG(why),
                   last.n ? "; last good " : "; never good since the start", VIEW_ARG(last));
    if (unknown > 0)
        doctor_say(d, FINDING_WARN, "feed",
                   "register them (parkctl lots put), or leave them out by the mapping",
                   VIEW_FMT " names %.0f lots that are not registered for it", VIEW_ARG(id), unknown);
}

static void check_feeds(struct doctor *d)
{
    enum finding before = d->worst;
    const struct json *feeds = json_get(d->status, "feeds");
    d->worst = FINDING_OK;
    for (const struct json *f = json_first(feeds); f; f = json_next(f))
        check_feed(d, f);
    if (d->worst == FINDING_OK)
        doctor_say(d, FINDING_OK, "feeds", "", "%zu, none fails", json_size(feeds));
    d->worst = before > d->worst ? before : d->worst;
}

/* --- platforms --- */

static void check_sink(struct doctor *d, const struct json *s)
{
    struct view id = json_text(json_get(s, "id")), state = json_text(json_get(s, "state")),
                why = json_text(json_get(s, "last_error"));
    double off_s = json_number(json_get(s, "clock_off_ms")) / 1000,
           failures = json_number(json_get(s, "failures"));
    size_t held = json_size(json_get(s, "held"));
    if (view_is(state, "paused"))
        doctor_say(d, FINDING_BAD, "platform", "mend its key or address, then parkctl sinks resume ID",
                   VIEW_FMT " is told nothing any more: " VIEW_FMT, VIEW_ARG(id), VIEW_ARG(why));
    else if (failures > 0)
        doctor_say(d, FINDING_WARN, "platform", "it is tried again by itself; ask the platform if it lasts",
                   VIEW_FMT " failed %.0f times: " VIEW_FMT, VIEW_ARG(id), failures, VIEW_ARG(why));
    if (held)
        doctor_say(d, FINDING_WARN, "platform", "parkctl sinks held ID; then sinks retry or discard",
                   VIEW_FMT " refuses %zu lots", VIEW_ARG(id), held);
    if (off_s > CLOCK_OFF_S)
        doctor_say(d, FINDING_WARN, "platform",
                   "one of both clocks is wrong; signatures fail beyond five minutes",
                   VIEW_FMT " has a clock that is %.0f s off ours", VIEW_ARG(id), off_s);
}

static void check_sinks(struct doctor *d)
{
    enum finding before = d->worst;
    const struct json *sinks = json_get(d->status, "sinks");
    d->worst = FINDING_OK;
    for (const struct json *s = json_first(sinks); s; s = json_next(s))
        check_sink(d, s);
    if (d->worst == FINDING_OK)
        doctor_say(d, FINDING_OK, "platforms", "", "%zu, all are told", json_size(sinks));
    d->worst = before > d->worst ? before : d->worst;
}

/* --- lots, the trail --- */

static void check_lots(struct doctor *d)
{
    struct json *doc = NULL;
    size_t n = 0, silent = 0, frozen = 0;
    if (ctl_request_json(d->c, "GET", "/v1/operator/lots", &doc))
        return;
    for (const struct json *l = json_first(json_get(doc, "lots")); l; l = json_next(l)) {
        const struct json *reading = json_get(l, "reading");
        if (!view_is(json_text(json_get(l, "state")), "connected"))
            continue;
        n++;
        silent += view_is(json_text(json_get(reading, "band")), "unknown") &&
                  !json_is(json_get(reading, "free"), JSON_NUMBER);
        for (const struct json *q = json_first(json_get(reading, "quality")); q; q = json_next(q))
            frozen += view_is(json_text(q), "frozen");
    }
    if (silent)
        doctor_say(d, FINDING_WARN, "lots", "parkctl incidents list --open says since when, and what to do",
                   "%zu of %zu connected lots are unknown at this moment", silent, n);
    if (frozen)
        doctor_say(d, FINDING_WARN, "lots", "have them counted on site; parkctl quality list shows which",
                   "%zu of %zu connected lots stand still although they should move", frozen, n);
    if (!silent && !frozen)
        doctor_say(d, FINDING_OK, "lots", "", "%zu connected, all known", n);
    json_free(doc);
}

static void check_trail(struct doctor *d)
{
    struct json *doc = NULL;
    if (ctl_request_json(d->c, "GET", "/v1/admin/audit/verify", &doc))
        return;
    if (json_true(json_get(doc, "ok")))
        doctor_say(d, FINDING_OK, "audit", "", "%.0f entries, each follows from the one before",
                   json_number(json_get(doc, "entries")));
    else
        doctor_say(d, FINDING_BAD, "audit", "somebody changed Redis by hand; compare with a backup",
                   "the trail does not verify from entry %.0f on", json_number(json_get(doc, "broken")));
    json_free(doc);
}

/* --- the round --- */

static void look(struct doctor *d)
{
    check_parkd(d);
    doctor_check_files(d);
    doctor_check_disk(d);
    doctor_check_memory(d);
    doctor_check_clock(d);
    if (d->run)
        doctor_check_redis(d);
    if (d->status) {
        check_feeds(d);
        check_sinks(d);
        check_lots(d);
        check_trail(d);
        doctor_check_certificates(d);
    }
    doctor_check_backup(d);
}

static int end(struct doctor *d)
{
    if (d->c->json) {
        jw_end_array(&d->w);
        jw_str(&d->w, "worst", levels[d->worst]);
        jw_end_object(&d->w);
        (void)printf(VIEW_FMT "\n", VIEW_ARG(buf_get(&d->out)));
    }
    json_free(d->run);
    json_free(d->status);
    buf_fini(&d->out);
    return d->worst == FINDING_BAD ? EXIT_FAILED : 0;
}

int ctl_doctor(struct ctl *c, int argc, char **argv)
{
    const char *dir = getenv("PARKD_STATE_DIR");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            c->json = true;
        } else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc) {
            c->state = argv[++i];
        } else {
            (void)fprintf(stderr, "parkctl: doctor [--json] [--state DIR]\n");
            return EXIT_USAGE;
        }
    }
    struct doctor d = {.c = c, .state = c->state ? c->state : dir ? dir : "parkd-state"};
    buf_init(&d.out, OUT_MAX);
    jw_init(&d.w, &d.out);
    jw_object(&d.w, NULL);
    jw_array(&d.w, "findings");
    read_run(&d);
    look(&d);
    return end(&d);
}
