/* SPDX-License-Identifier: MIT
 * Requests and their answers.
 */
#include <stdlib.h>
#include <string.h>

#include "office/office_impl.h"
#include "parkd/base/crypto.h"

/* --- answers --- */

void call_answer(struct call *c, const struct office_answer *a)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->o->calls = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->done(c->ctx, a);
    free(c);
}

void call_doc(struct call *c, int status, uint64_t version, struct buf *body)
{
    if (body->err)
        call_answer(c, &(struct office_answer){.err = body->err});
    else
        call_answer(c, &(struct office_answer){.status = status, .version = version, .body = buf_get(body)});
    buf_fini(body);
}

void call_json(struct call *c, int status, struct buf *body)
{
    call_doc(c, status, 0, body);
}

void call_empty(struct call *c, int status)
{
    call_answer(c, &(struct office_answer){.status = status});
}

void call_why(struct call *c, int err, const struct why *why)
{
    struct office_answer a = {.err = err};
    if (why)
        a.why = *why;
    call_answer(c, &a);
}

void call_fail(struct call *c, int err, const char *at, const char *text)
{
    struct office_answer a = {.err = err};
    (void)why_set(&a.why, err, at, "%s", text);
    call_answer(c, &a);
}

/* --- questions --- */

int64_t call_now(const struct call *c)
{
    return clock_wall_ms(c->o->clock);
}

struct view call_param(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->r.n_params; i++) {
        if (view_is(c->r.params[i].name, name))
            return c->r.params[i].value;
    }
    return (struct view){NULL, 0};
}

struct json *call_object(struct call *c, size_t max, const char *const *members)
{
    struct json *doc = NULL;
    struct why why = {0};
    if (c->r.body.n > max) {
        call_fail(c, ERR_TOO_BIG, "", "the body is larger than this route takes");
        return NULL;
    }
    int rc = json_parse(c->r.body, &doc, &why);
    if (!rc && !json_is(doc, JSON_OBJECT))
        rc = why_set(&why, ERR_TYPE, "", "must be an object");
    if (!rc)
        rc = json_only(doc, members, &why);
    if (!rc)
        return doc;
    json_free(doc);
    call_why(c, rc, &why);
    return NULL;
}

const struct registry_lot *call_lot(struct call *c, struct view id)
{
    uint32_t i = registry_find(c->o->reg, id);
    const struct registry_lot *l = i == REGISTRY_NONE ? NULL : registry_lot(c->o->reg, i);
    if (l && !l->removed && principal_owns(&c->who, l->lot.owner))
        return l;
    call_fail(c, ERR_NOT_FOUND, "", "no lot of yours has this id");
    return NULL;
}

/* --- documents --- */

struct saving {
    struct call *c;
    char id[LOT_ID_SIZE];
    bool created;
};

static void on_saved(void *ctx, int err, uint64_t version)
{
    struct saving *s = ctx;
    struct buf body;
    struct json_writer w;
    if (err) {
        call_why(s->c, err, NULL);
        free(s);
        return;
    }
    buf_init(&body, 256);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_str(&w, "id", s->id);
    jw_int(&w, "version", (int64_t)version);
    jw_end_object(&w);
    call_doc(s->c, s->created ? 201 : 200, version, &body);
    free(s);
}

static void on_removed(void *ctx, int err, uint64_t version)
{
    struct saving *s = ctx;
    (void)version;
    if (err)
        call_why(s->c, err, NULL);
    else
        call_empty(s->c, 204);
    free(s);
}

static struct saving *saving_new(struct call *c, struct view id, bool created)
{
    struct saving *s = calloc(1, sizeof *s);
    if (!s || view_copy(id, s->id, sizeof s->id)) {
        free(s);
        return NULL;
    }
    s->c = c;
    s->created = created;
    return s;
}

/* `rc` of the port: not accepted, so nobody will call back. */
static void saving_end(struct saving *s, struct call *c, int rc)
{
    if (!rc)
        return;
    free(s);
    call_why(c, rc, NULL);
}

void call_put(struct call *c, enum noun noun, struct view id, struct buf *json, uint64_t if_version)
{
    bool there = noun > NOUN_SINK && doc_find(c->o, noun, id);
    struct saving *s = saving_new(c, id, if_version == UINT64_MAX || (!if_version && !there));
    int rc = json->err ? json->err : s ? 0 : ERR_INVALID;
    if (!rc)
        rc = c->o->port.put(c->o->port.ctx, noun, id, buf_get(json), if_version, on_saved, s);
    buf_fini(json);
    saving_end(s, c, rc);
}

void call_remove(struct call *c, enum noun noun, struct view id)
{
    struct saving *s = saving_new(c, id, false);
    saving_end(s, c, s ? c->o->port.remove(c->o->port.ctx, noun, id, on_removed, s) : ERR_INVALID);
}

int random_id(char *dst, size_t n)
{
    static const char letters[] =
        "23456789abcdefghijkmnpqrstuvwxyz"; /* 32: a byte's low bits choose evenly */
    unsigned char bytes[64];
    if (n > sizeof bytes)
        return ERR_TOO_BIG;
    int rc = crypto_random(bytes, n);
    for (size_t i = 0; i < n && !rc; i++)
        dst[i] = letters[bytes[i] % 32];
    dst[n] = 0;
    return rc;
}
