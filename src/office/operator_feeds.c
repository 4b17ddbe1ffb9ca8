/* SPDX-License-Identifier: MIT
 * An operator's feeds: registered, tried, listened to; and the keys by which they push, made here and shown
 * once.
 */
#include "office/operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/sign.h"
#include "parkd/model/secrets.h"

#define BODY_MAX     4096
#define SECRET_BYTES 32

const struct feed *feed_of(const struct call *c, struct view id)
{
    const struct feed *f = c->o->port.feed(c->o->port.ctx, id);
    return f && principal_owns(&c->who, f->owner) ? f : NULL;
}

static const struct feed *own_feed(struct call *c)
{
    const struct feed *f = feed_of(c, c->r.args[0]);
    if (!f)
        call_fail(c, ERR_NOT_FOUND, "", "no feed of yours has this id");
    return f;
}

/* --- as stored --- */

struct stored {
    struct call *c;
    struct view id; /* empty: all that who asks may see */
    struct json_writer *w;
    struct buf *text; /* the one's, as it is; NULL: shown with masks */
    uint64_t version;
    int64_t n;
};

static void look(void *ctx, struct view id, struct view json, uint64_t version)
{
    struct stored *s = ctx;
    const struct office_port *port = &s->c->o->port;
    char dialect[64];
    if ((s->id.n && !view_eq(s->id, id)) || !feed_of(s->c, id))
        return;
    s->n++;
    s->version = version;
    if (s->text) {
        buf_view(s->text, json);
        return;
    }
    registration_dialect(json, dialect, sizeof dialect);
    secrets_mask(s->w, NOUN_FEED, json, port->dialect_params(port->ctx, view_of(dialect)));
}

void office_operator_feeds(struct call *c)
{
    struct json_writer w;
    struct buf b;
    struct stored s = {.c = c, .w = &w};
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_array(&w, "feeds");
    c->o->port.each(c->o->port.ctx, NOUN_FEED, look, &s);
    jw_end_array(&w);
    jw_int(&w, "count", s.n);
    jw_end_object(&w);
    call_json(c, 200, &b);
}

void office_operator_feed(struct call *c)
{
    struct json_writer w;
    struct buf b;
    struct stored s = {.c = c, .id = c->r.args[0], .w = &w};
    if (!own_feed(c))
        return;
    buf_init(&b, REGISTRATION_MAX * 2);
    jw_init(&w, &b);
    c->o->port.each(c->o->port.ctx, NOUN_FEED, look, &s);
    call_doc(c, 200, s.version, &b);
}

static bool read_stored(struct call *c, struct buf *text, uint64_t *version)
{
    struct stored s = {.c = c, .id = c->r.args[0], .text = text};
    c->o->port.each(c->o->port.ctx, NOUN_FEED, look, &s);
    *version = s.version;
    return s.n > 0 && !text->err;
}

/* --- registering --- */

/* Files of this machine are the office's; so is which addresses may be reached. */
static int check_feed(const struct call *c, const struct json *doc, struct why *why)
{
    const struct json *tls = json_get(doc, "tls");
    for (const struct json *m = json_first(tls); m && !principal_is_staff(&c->who); m = json_next(m)) {
        if (!view_is(json_key(m), "skip_verify"))
            return why_set(why, ERR_REFUSED, "/tls", "files of the server are the office's to name");
    }
    if (view_is(c->r.args[0], PEOPLE_FEED))
        return why_set(why, ERR_INVALID, "/id", "is the feed of attendants");
    return 0;
}

/* The registration as it is to be: secrets that came back as masks are those that were held. */
static int make_feed(struct call *c, const struct json *doc, const struct json *held, struct buf *text,
                     struct why *why)
{
    static const char *const ours[] = {"operator", NULL};
    struct buf plain;
    struct json *unmasked = NULL, *whole = NULL;
    struct json_writer w;
    struct view owner =
        principal_is_staff(&c->who) ? json_text(json_get(doc, "operator")) : view_of(c->who.owner);
    buf_init(&plain, REGISTRATION_MAX);
    int rc = secrets_unmask(&plain, doc, held, why);
    rc = rc ? rc : json_parse(buf_get(&plain), &unmasked, why);
    jw_init(&w, text);
    if (!rc) {
        copy_members(&w, unmasked, ours);
        if (owner.n)
            jw_view(&w, "operator", owner);
        jw_end_object(&w);
        rc = text->err ? text->err : json_parse(buf_get(text), &whole, why);
    }
    rc = rc ? rc : check_feed(c, whole, why);
    rc = rc ? rc : c->o->port.check(c->o->port.ctx, NOUN_FEED, c->r.args[0], whole, why);
    json_free(whole);
    json_free(unmasked);
    buf_fini(&plain);
    return rc;
}

void office_operator_feed_put(struct call *c)
{
    struct json *doc = registration_body(c), *held = NULL;
    struct why why = {0};
    struct buf text, stored;
    uint64_t now = 0, version = 0;
    if (!doc)
        return;
    bool there = c->o->port.feed(c->o->port.ctx, c->r.args[0]) != NULL;
    buf_init(&text, REGISTRATION_MAX);
    buf_init(&stored, REGISTRATION_MAX * 2);
    int rc = 0;
    if (there && !read_stored(c, &stored, &now))
        rc = why_set(&why, ERR_NOT_FOUND, "", "no feed of yours has this id; choose another one");
    if (!rc && there)
        rc = json_parse(buf_get(&stored), &held, NULL);
    rc = rc ? rc : make_feed(c, doc, held, &text, &why);
    json_free(doc);
    json_free(held);
    buf_fini(&stored);
    if (!rc && wanted_version(c, there, now, &version)) {
        call_put(c, NOUN_FEED, c->r.args[0], &text, version);
        return;
    }
    buf_fini(&text);
    if (rc)
        call_why(c, rc, &why);
}

void office_operator_feed_remove(struct call *c)
{
    if (!own_feed(c))
        return;
    for (uint32_t i = 0; i < registry_size(c->o->reg); i++) {
        const struct registry_lot *l = registry_lot(c->o->reg, i);
        if (l->removed || !view_is(c->r.args[0], l->lot.feed))
            continue;
        call_fail(c, ERR_STATE, "", "lots still hang on this feed; give them another one first");
        return;
    }
    call_remove(c, NOUN_FEED, c->r.args[0]);
}

/* --- keys --- */

/* The list of a kind of keys in "auth". */
static const char *key_list(struct view kind)
{
    return view_is(kind, "bearer")    ? "bearer_sha256"
           : view_is(kind, "webhook") ? "webhook_secrets"
           : view_is(kind, "url")     ? "url_secret_sha256"
                                      : NULL;
}

/* The registration with one key more (add) or less (without its index). */
static void write_keys(struct buf *out, const struct json *doc, const char *list, const char *add,
                       int64_t without)
{
    static const char *const auth_member[] = {"auth", NULL};
    const struct json *auth = json_get(doc, "auth"), *held = json_get(auth, list);
    const char *const changed[] = {list, NULL};
    struct json_writer w;
    int64_t i = 0;
    jw_init(&w, out);
    copy_members(&w, doc, auth_member);
    jw_key(&w, VIEW("auth"));
    copy_members(&w, auth, changed);
    jw_array(&w, list);
    for (const struct json *k = json_first(held); k; k = json_next(k), i++) {
        if (i != without)
            jw_json(&w, NULL, k);
    }
    if (add)
        jw_str(&w, NULL, add);
    jw_end_array(&w);
    jw_end_object(&w);
    jw_end_object(&w);
}

static int make_secret(struct view kind, char *secret, size_t size, char stored[128])
{
    unsigned char bytes[SECRET_BYTES];
    char digest[65];
    struct buf b;
    buf_init(&b, 100);
    int rc = crypto_random(bytes, sizeof bytes);
    buf_str(&b, view_is(kind, "webhook") ? "whsec_" : "");
    rc = rc                         ? rc
         : view_is(kind, "webhook") ? base64_encode(&b, (struct view){(const char *)bytes, sizeof bytes})
                                    : hex_encode(&b, (struct view){(const char *)bytes, sizeof bytes});
    rc = rc ? rc : view_copy(buf_get(&b), secret, size);
    if (!rc && !view_is(kind, "webhook")) {
        rc = sign_digest(view_of(secret), digest);
        (void)snprintf(stored, 128, "%s", digest);
    } else if (!rc) {
        (void)snprintf(stored, 128, "%s", secret);
    }
    buf_fini(&b);
    return rc;
}

struct keying {
    struct call *c;
    char secret[128], kind[16];
    size_t n; /* of its kind, the new one's place; SIZE_MAX: one was taken out */
};

static void on_keyed(void *ctx, int err, uint64_t version)
{
    struct keying *k = ctx;
    struct json_writer w;
    struct buf b;
    (void)version;
    if (err) {
        call_why(k->c, err, NULL);
    } else if (k->n == SIZE_MAX) {
        call_empty(k->c, 204);
    } else {
        buf_init(&b, BODY_MAX);
        jw_init(&w, &b);
        jw_object(&w, NULL);
        jw_str(&w, "kind", k->kind);
        jw_int(&w, "n", (int64_t)k->n);
        jw_str(&w, "secret", k->secret);
        jw_end_object(&w);
        call_json(k->c, 201, &b);
    }
    explicit_bzero(k, sizeof *k);
    free(k);
}

/* Writes the registration with the change; answers in any case. */
static void change_keys(struct call *c, struct view kind, const char *add, int64_t without, struct keying *k)
{
    const char *list = key_list(kind);
    struct buf stored, text;
    struct json *doc = NULL;
    struct why why = {0};
    uint64_t version = 0;
    buf_init(&stored, REGISTRATION_MAX * 2);
    buf_init(&text, REGISTRATION_MAX * 2);
    int rc = read_stored(c, &stored, &version) ? json_parse(buf_get(&stored), &doc, NULL) : ERR_NOT_FOUND;
    size_t held = rc ? 0 : json_size(json_get(json_get(doc, "auth"), list));
    if (!rc && add && held >= FEED_MAX_KEYS)
        rc = why_set(&why, ERR_STATE, "/kind",
                     "three keys of this kind are active already; take one out first");
    if (!rc && !add && (without < 0 || (size_t)without >= held))
        rc = why_set(&why, ERR_NOT_FOUND, "", "the feed has no such key");
    if (!rc)
        write_keys(&text, doc, list, add, without);
    k->n = add ? held : SIZE_MAX;
    rc = rc ? rc
         : text.err
             ? text.err
             : c->o->port.put(c->o->port.ctx, NOUN_FEED, c->r.args[0], buf_get(&text), version, on_keyed, k);
    json_free(doc);
    buf_fini(&stored);
    buf_fini(&text);
    if (!rc)
        return;
    free(k);
    call_why(c, rc, &why);
}

void office_operator_feed_key(struct call *c)
{
    static const char *const known[] = {"kind", NULL};
    char stored[128] = "";
    if (!own_feed(c))
        return;
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    struct keying *k = calloc(1, sizeof *k);
    struct view kind = json_text(json_get(doc, "kind"));
    int rc = !k                ? ERR_NOMEM
             : !key_list(kind) ? ERR_INVALID
                               : make_secret(kind, k->secret, sizeof k->secret, stored);
    rc = rc ? rc : view_copy(kind, k->kind, sizeof k->kind);
    json_free(doc);
    if (rc) {
        free(k);
        call_fail(c, rc, "/kind", "must be bearer, webhook or url");
        return;
    }
    k->c = c;
    change_keys(c, view_of(k->kind), stored, -1, k);
}

/* "bearer-0" */
void office_operator_feed_key_remove(struct call *c)
{
    struct view rest = c->r.args[1], kind = view_cut(&rest, '-');
    int64_t n = 0;
    if (!own_feed(c))
        return;
    if (!key_list(kind) || view_to_int(rest, 0, FEED_MAX_KEYS, &n)) {
        call_fail(c, ERR_NOT_FOUND, "", "the feed has no such key; they are named like bearer-0");
        return;
    }
    struct keying *k = calloc(1, sizeof *k);
    if (!k) {
        call_why(c, ERR_NOMEM, NULL);
        return;
    }
    k->c = c;
    change_keys(c, kind, NULL, n, k);
}

/* --- trying and listening --- */

static void on_text(void *ctx, int err, const struct why *why, struct view json)
{
    struct call *c = ctx;
    if (err)
        call_why(c, err, why);
    else
        call_answer(c, &(struct office_answer){.status = 200, .body = json});
}

void office_operator_try(struct call *c)
{
    struct json *doc = NULL;
    struct why why = {0};
    int rc = json_parse(c->r.body, &doc, &why);
    struct view feed = json_text(json_get(doc, "feed"));
    if (!rc && feed.n && !feed_of(c, feed))
        rc = why_set(&why, ERR_NOT_FOUND, "/feed", "no feed of yours has this id");
    if (!rc)
        rc = check_feed(c, doc, &why);
    json_free(doc);
    rc = rc ? rc : c->o->port.try_it(c->o->port.ctx, c->r.body, on_text, c, &why);
    if (rc)
        call_why(c, rc, &why);
}

void office_operator_replay(struct call *c)
{
    struct why why = {0};
    if (!own_feed(c))
        return;
    int rc = c->o->port.replay(c->o->port.ctx, c->r.args[0], c->r.body, on_text, c, &why);
    if (rc)
        call_why(c, rc, &why);
}

void office_operator_bodies(struct call *c)
{
    int64_t after = 0;
    struct json_writer w;
    struct buf b;
    struct view asked = call_param(c, "after");
    if (!own_feed(c))
        return;
    if (asked.n && view_to_int(asked, 0, INT64_MAX, &after)) {
        call_fail(c, ERR_INVALID, "after", "must be a number");
        return;
    }
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_view(&w, "feed", c->r.args[0]);
    c->o->port.write_bodies(c->o->port.ctx, c->r.args[0], (uint64_t)after, &w);
    jw_end_object(&w);
    call_json(c, 200, &b);
}

void office_operator_poll(struct call *c)
{
    if (!own_feed(c))
        return;
    int rc = c->o->port.poll_now(c->o->port.ctx, c->r.args[0]);
    if (rc)
        call_fail(c, rc, "", "not polled: it pushes, is switched off, or another parkd polls it");
    else
        call_empty(c, 202);
}

/* --- how it is --- */

struct looking {
    struct view id;
    struct json_writer *w;
    bool found;
};

static void write_party(void *ctx, const struct office_party *p)
{
    static const char *const states[] = {[HEALTH_UNTRIED] = "new",
                                         [HEALTH_GOOD] = "good",
                                         [HEALTH_BAD] = "bad",
                                         [HEALTH_OFF] = "disabled",
                                         [HEALTH_ELSEWHERE] = "elsewhere"};
    struct looking *l = ctx;
    if (!view_is(l->id, p->id))
        return;
    l->found = true;
    jw_str(l->w, "state", states[p->health]);
    if (p->last_ok_ms)
        jw_time(l->w, "last_good", p->last_ok_ms);
    jw_int(l->w, "http_status", p->http);
    if (p->health == HEALTH_BAD)
        jw_str(l->w, "error", p->reason);
}

/* As this parkd sees it: of several the one that asks it knows. */
void office_operator_feed_status(struct call *c)
{
    struct json_writer w;
    struct buf b;
    struct looking l = {.id = c->r.args[0], .w = &w};
    if (!own_feed(c))
        return;
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    c->o->port.each_feed(c->o->port.ctx, write_party, &l);
    if (!l.found)
        jw_str(&w, "state", "new");
    jw_end_object(&w);
    call_json(c, 200, &b);
}

/* --- dialects --- */

struct dialect_list {
    struct json_writer w;
    int64_t n;
};

static void list_dialect(void *ctx, const char *name, bool polls, bool receives, struct view params)
{
    struct dialect_list *l = ctx;
    jw_object(&l->w, NULL);
    jw_str(&l->w, "name", name);
    jw_bool(&l->w, "poll", polls);
    jw_bool(&l->w, "push", receives);
    jw_raw(&l->w, "params", params.n ? params : VIEW("{}"));
    jw_end_object(&l->w);
    l->n++;
}

void office_dialects(struct call *c)
{
    struct dialect_list l = {.n = 0};
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    jw_init(&l.w, &b);
    jw_object(&l.w, NULL);
    jw_array(&l.w, "dialects");
    c->o->port.each_dialect(c->o->port.ctx, list_dialect, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    call_json(c, 200, &b);
}
