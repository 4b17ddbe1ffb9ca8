/* SPDX-License-Identifier: MIT
 * The list of incidents, for staff and for the operators that they concern.
 */
#include "office/incidents.h"
#include "office/operator.h"

struct listing {
    struct call *c;
    struct json_writer w;
    bool open_only;
    int64_t n;
};

static void list_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    struct incident i;
    struct buf zh, en;
    if (!incident_read(d->tree, &i) || (l->open_only && i.until_ms) || !principal_owns(&l->c->who, i.owner))
        return;
    buf_init(&zh, 2048);
    buf_init(&en, 2048);
    incident_line(&i, true, &zh);
    incident_line(&i, false, &en);
    jw_object(&l->w, NULL);
    jw_str(&l->w, "id", i.id);
    jw_json(&l->w, "kind", json_get(d->tree, "kind"));
    jw_str(&l->w, "object", i.object);
    jw_str(&l->w, "name", i.name);
    jw_str(&l->w, "operator", i.owner);
    jw_time(&l->w, "since", i.since_ms);
    if (i.until_ms)
        jw_time(&l->w, "until", i.until_ms);
    else
        jw_null(&l->w, "until");
    jw_int(&l->w, "lots", (int64_t)i.lots);
    jw_object(&l->w, "what");
    jw_view(&l->w, "zh", buf_get(&zh));
    jw_view(&l->w, "en", buf_get(&en));
    jw_end_object(&l->w);
    if (principal_is_staff(&l->c->who))
        jw_json(&l->w, "told", json_get(d->tree, "told"));
    jw_end_object(&l->w);
    buf_fini(&zh);
    buf_fini(&en);
    l->n++;
}

static void list_incidents(struct call *c)
{
    struct buf b;
    struct listing l = {.c = c, .open_only = view_is(call_param(c, "open"), "1")};
    buf_init(&b, ANSWER_MAX);
    jw_init(&l.w, &b);
    jw_object(&l.w, NULL);
    jw_array(&l.w, "incidents");
    doc_each(c->o, NOUN_INCIDENT, list_one, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    call_json(c, 200, &b);
}

void office_incidents_list(struct call *c)
{
    list_incidents(c);
}

void office_operator_incidents(struct call *c)
{
    list_incidents(c);
}
