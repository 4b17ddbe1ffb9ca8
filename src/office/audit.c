/* SPDX-License-Identifier: MIT
 * The audit trail: what is written before an act, what is read, and whether the chain holds.
 *
 * An entry says who wanted what; it is on disk before the act begins. A second one follows only where the
 * outcome was another than asked for. Neither holds a body or a secret: the path names the object, and
 * secrets never stand in paths.
 */
#include <stdlib.h>
#include <string.h>

#include "office/office_impl.h"
#include "parkd/base/log.h"

#define ENTRY_MAX  2048
#define PATH_SHOWN 256
#define PAGE       1000
#define LIMIT_MAX  1000

/* --- writing --- */

static void write_entry(const struct office *o, const struct principal *who, const struct office_act *act,
                        int status, struct buf *out)
{
    struct json_writer w;
    struct view path = act->path.n > PATH_SHOWN ? (struct view){act->path.p, PATH_SHOWN} : act->path;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_time(&w, "at", clock_wall_ms(o->clock));
    jw_str(&w, "who", who->account[0] ? who->account : "nobody");
    jw_str(&w, "role", role_name(who->role));
    jw_str(&w, "via", who->via);
    jw_str(&w, "action", act->action);
    jw_view(&w, "method", act->method);
    jw_view(&w, "path", path);
    jw_view(&w, "address", act->address);
    jw_view(&w, "request", act->request_id);
    if (status)
        jw_int(&w, "status", status);
    jw_end_object(&w);
}

static void on_outcome(void *ctx, int err, uint64_t n)
{
    (void)ctx;
    (void)n;
    if (err)
        log_warn(OFFICE, "audit=outcome error=%s", err_name(err));
}

void audit_note(const struct call *c, const char *action, struct view object)
{
    struct office *o = c->o;
    struct json_writer w;
    struct buf b;
    buf_init(&b, ENTRY_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_time(&w, "at", clock_wall_ms(o->clock));
    jw_str(&w, "who", c->who.account[0] ? c->who.account : "nobody");
    jw_str(&w, "role", role_name(c->who.role));
    jw_str(&w, "via", c->who.via);
    jw_str(&w, "action", action);
    jw_view(&w, "object", object.n > PATH_SHOWN ? (struct view){object.p, PATH_SHOWN} : object);
    jw_view(&w, "address", c->r.address);
    jw_view(&w, "request", c->r.request_id);
    jw_end_object(&w);
    int rc = b.err ? b.err : o->port.audit(o->port.ctx, buf_get(&b), on_outcome, NULL);
    if (rc)
        on_outcome(NULL, rc, 0);
    buf_fini(&b);
}

static int append(struct office *o, const struct principal *who, const struct office_act *act, int status,
                  office_saved_fn *done, void *ctx)
{
    struct buf b;
    buf_init(&b, ENTRY_MAX);
    write_entry(o, who, act, status, &b);
    int rc = b.err ? b.err : o->port.audit(o->port.ctx, buf_get(&b), done, ctx);
    buf_fini(&b);
    return rc;
}

int office_witness(struct office *o, const struct principal *who, const struct office_act *act,
                   office_saved_fn *done, void *ctx)
{
    return append(o, who, act, 0, done, ctx);
}

void office_outcome(struct office *o, const struct principal *who, const struct office_act *act, int status)
{
    int rc = append(o, who, act, status, on_outcome, NULL);
    if (rc)
        on_outcome(NULL, rc, 0);
}

/* --- reading --- */

struct listing {
    struct call *c;
    struct buf body;
    struct json_writer w;
    struct view who, object;
    char last[48]; /* id of the last that was looked at, wanted or not */
    uint64_t limit;
    int64_t n;
};

static bool has(struct view text, struct view part)
{
    return text.n >= part.n && memmem(text.p, text.n, part.p, part.n);
}

static bool wanted(const struct listing *l, const struct json *entry)
{
    struct view who = json_text(json_get(entry, "who")), path = json_text(json_get(entry, "path")),
                object = json_text(json_get(entry, "object"));
    return (!l->who.n || view_eq(who, l->who)) &&
           (!l->object.n || has(path, l->object) || has(object, l->object));
}

static void list_entry(void *ctx, const struct office_entry *e)
{
    struct listing *l = ctx;
    struct json *entry = NULL;
    bool good = json_parse(e->entry, &entry, NULL) == 0;
    if (view_copy(e->id, l->last, sizeof l->last))
        l->last[0] = '\0';
    if (good && !wanted(l, entry)) {
        json_free(entry);
        return;
    }
    jw_object(&l->w, NULL);
    jw_view(&l->w, "id", e->id);
    jw_int(&l->w, "n", (int64_t)e->n);
    for (const struct json *m = json_first(good ? entry : NULL); m; m = json_next(m)) {
        jw_key(&l->w, json_key(m));
        jw_json(&l->w, NULL, m);
    }
    jw_view(&l->w, "prev", e->prev);
    jw_view(&l->w, "hash", e->hash);
    jw_view(&l->w, "entry", e->entry); /* the bytes that were hashed, for who checks the chain elsewhere */
    jw_end_object(&l->w);
    l->n++;
    json_free(entry);
}

static void on_listed(void *ctx, int err, uint64_t n)
{
    struct listing *l = ctx;
    jw_end_array(&l->w);
    jw_int(&l->w, "count", l->n);
    jw_str(&l->w, "next", n >= l->limit && l->last[0] ? l->last : NULL);
    jw_end_object(&l->w);
    if (err) {
        buf_fini(&l->body);
        call_fail(l->c, err == ERR_REFUSED ? ERR_INVALID : err, err == ERR_REFUSED ? "after" : "",
                  err == ERR_REFUSED ? "must be the id of an entry"
                                     : err_text(err)); /* Redis knows no such id */
    } else {
        call_json(l->c, 200, &l->body);
    }
    free(l);
}

void office_audit_list(struct call *c)
{
    int64_t limit = LIMIT_MAX;
    struct view asked = call_param(c, "limit");
    if (asked.n && view_to_int(asked, 1, LIMIT_MAX, &limit)) {
        call_fail(c, ERR_RANGE, "limit", "must be 1…1000");
        return;
    }
    struct listing *l = calloc(1, sizeof *l);
    if (!l) {
        call_why(c, ERR_NOMEM, NULL);
        return;
    }
    l->c = c;
    l->limit = (uint64_t)limit;
    l->who = call_param(c, "who");
    l->object = call_param(c, "object");
    buf_init(&l->body, ANSWER_MAX);
    jw_init(&l->w, &l->body);
    jw_object(&l->w, NULL);
    jw_array(&l->w, "entries");
    int rc = c->o->port.read_audit(c->o->port.ctx, call_param(c, "after"), (size_t)limit, list_entry,
                                   on_listed, l);
    if (!rc)
        return;
    buf_fini(&l->body);
    free(l);
    call_fail(c, rc, "after", "must be the id of an entry");
}

/* --- checking --- */

/* One pass over the whole trail, page by page. */
struct verifying {
    struct call *c;
    char after[48], hash[65];
    uint64_t entries, first, last, broken; /* broken: the first entry that does not fit; 0 none */
};

static void check_entry(void *ctx, const struct office_entry *e)
{
    struct verifying *v = ctx;
    char hash[65];
    bool fits = (!v->entries || (e->n == v->last + 1 && view_is(e->prev, v->hash))) &&
                v->c->o->port.hash(e->prev, e->entry, hash) == 0 && view_is(e->hash, hash);
    if (!fits && !v->broken)
        v->broken = e->n ? e->n : v->last + 1;
    if (!v->entries)
        v->first = e->n;
    v->entries++;
    v->last = e->n;
    if (view_copy(e->hash, v->hash, sizeof v->hash) || view_copy(e->id, v->after, sizeof v->after))
        v->broken = v->broken ? v->broken : e->n;
}

static void verify_next(struct verifying *v);

static void verified(struct verifying *v)
{
    struct buf body;
    struct json_writer w;
    buf_init(&body, 1024);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_bool(&w, "ok", !v->broken);
    jw_int(&w, "entries", (int64_t)v->entries);
    jw_int(&w, "from", (int64_t)v->first);
    jw_str(&w, "head", v->hash);
    if (v->broken)
        jw_int(&w, "broken", (int64_t)v->broken);
    jw_end_object(&w);
    call_json(v->c, 200, &body);
    free(v);
}

static void on_page(void *ctx, int err, uint64_t n)
{
    struct verifying *v = ctx;
    if (err) {
        call_why(v->c, err, NULL);
        free(v);
    } else if (n == PAGE) {
        verify_next(v);
    } else {
        verified(v);
    }
}

static void verify_next(struct verifying *v)
{
    struct office *o = v->c->o;
    char after[sizeof v->after];
    memcpy(after, v->after, sizeof after);
    int rc = o->port.read_audit(o->port.ctx, view_of(after), PAGE, check_entry, on_page, v);
    if (!rc)
        return;
    call_why(v->c, rc, NULL);
    free(v);
}

void office_audit_verify(struct call *c)
{
    struct verifying *v = calloc(1, sizeof *v);
    if (!v) {
        call_why(c, ERR_NOMEM, NULL);
        return;
    }
    v->c = c;
    verify_next(v);
}
