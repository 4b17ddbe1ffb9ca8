/* SPDX-License-Identifier: MIT
 * Making and ending the office, and sending each request to its handler.
 */
#include <stdlib.h>
#include <string.h>

#include "office/office_impl.h"

/* In the order in which they are made; ended in reverse. */
static const struct office_part *const parts[] = {
    &part_passwords,  &part_sign,    &part_ledger,  &part_ledger_imports, &part_sheet_jobs, &part_acceptance,
    &part_attendants, &part_reports, &part_quality, &part_notifier,       &part_channels,   NULL};

static size_t count_parts(void)
{
    size_t n = 0;
    while (parts[n])
        n++;
    return n;
}

/* --- making and ending --- */

static int copy_text(const char *text, const char **dst)
{
    char *copy = view_dup(view_of(text ? text : ""));
    *dst = copy;
    return copy ? 0 : ERR_NOMEM;
}

static int take_conf(struct office *o, const struct office_conf *conf, struct why *why)
{
    int rc = copy_text(conf->district_name, &o->conf.district_name);
    rc = rc ? rc : copy_text(conf->division, &o->conf.division);
    rc = rc ? rc : copy_text(conf->public_url, &o->conf.public_url);
    if (rc)
        return why_set(why, rc, "", "out of memory");
    memcpy(o->master, conf->master_key, sizeof o->master);
    return 0;
}

struct office *office_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                          const struct office_conf *conf, const struct office_port *port, struct why *why)
{
    struct office *o = calloc(1, sizeof *o);
    if (!o) {
        (void)why_set(why, ERR_NOMEM, "", "out of memory");
        return NULL;
    }
    o->loop = loop;
    o->clock = clock;
    o->reg = reg;
    o->port = *port;
    int rc = take_conf(o, conf, why);
    for (size_t i = 0; parts[i] && !rc; i++)
        rc = parts[i]->make ? parts[i]->make(o, why) : 0;
    if (!rc)
        return o;
    office_stop(o);
    office_free(o);
    return NULL;
}

void office_stop(struct office *o)
{
    if (!o || o->ending)
        return;
    o->ending = true;
    for (size_t i = count_parts(); i-- > 0;) {
        if (parts[i]->stop)
            parts[i]->stop(o);
    }
}

void office_free(struct office *o)
{
    if (!o)
        return;
    while (o->calls)
        call_fail(o->calls, ERR_AWAY, "", "parkd is ending; send it again");
    for (size_t i = count_parts(); i-- > 0;) {
        if (parts[i]->release)
            parts[i]->release(o);
    }
    docs_drop(o);
    free((char *)(uintptr_t)o->conf.district_name);
    free((char *)(uintptr_t)o->conf.division);
    free((char *)(uintptr_t)o->conf.public_url);
    explicit_bzero(o->master, sizeof o->master);
    free(o);
}

const char *office_loaded(struct office *o)
{
    o->loaded = true;
    for (size_t i = 0; parts[i]; i++) {
        if (parts[i]->loaded)
            parts[i]->loaded(o);
    }
    return accounts_first_link(o);
}

void office_take(struct office *o, enum noun noun, struct view id, struct view json, uint64_t version)
{
    const struct doc *d = noun > NOUN_SINK ? doc_take(o, noun, id, json, version) : NULL;
    for (size_t i = 0; parts[i]; i++) {
        if (parts[i]->taken)
            parts[i]->taken(o, noun, id, d);
    }
}

/* --- requests --- */

typedef void handler_fn(struct call *c);

static handler_fn *const handlers[ACTION_N] = {
#define ACTION(handler, method, pattern, who, flags) [ACTION_##handler] = office_##handler,
#include "parkd/office/actions.def"
#undef ACTION
};

void office_handle(struct office *o, const struct office_request *r, office_answer_fn *done, void *ctx)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c || o->ending) {
        free(c);
        done(ctx, &(struct office_answer){.err = o->ending ? ERR_AWAY : ERR_NOMEM});
        return;
    }
    c->o = o;
    c->r = *r;
    c->who = *r->who;
    c->r.who = &c->who;
    c->done = done;
    c->ctx = ctx;
    c->next = o->calls;
    if (c->next)
        c->next->prev = c;
    o->calls = c;
    handlers[r->action](c);
}
