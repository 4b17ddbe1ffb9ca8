/* SPDX-License-Identifier: MIT
 * Bearer keys: made, shown once, listed, revoked. A key may what its account may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/sign.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"

#define BODY_MAX 4096

/* --- listing --- */

struct listing {
    struct json_writer w;
    struct view account;
    int64_t n, active, now;
};

static void list_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    struct key_doc k;
    if (!key_read(d->tree, &k) || !view_is(l->account, k.account))
        return;
    key_show(&l->w, &k, l->now);
    l->n++;
}

static void list_keys(struct call *c, struct view account)
{
    struct buf b;
    struct listing l = {.account = account, .now = call_now(c)};
    buf_init(&b, ANSWER_MAX);
    jw_init(&l.w, &b);
    jw_object(&l.w, NULL);
    jw_array(&l.w, "keys");
    doc_each(c->o, NOUN_KEY, list_one, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    call_json(c, 200, &b);
}

static void count_active(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    struct key_doc k;
    if (key_read(d->tree, &k) && view_is(l->account, k.account) && key_is_active(&k, l->now))
        l->active++;
}

/* --- making --- */

struct making {
    struct call *c;
    struct key_doc k;
    char key[64 + KEY_SECRET_CHARS];
};

static void on_made(void *ctx, int err, uint64_t version)
{
    struct making *m = ctx;
    struct json_writer w;
    struct buf b;
    (void)version;
    if (err) {
        call_why(m->c, err, NULL);
    } else {
        buf_init(&b, BODY_MAX);
        jw_init(&w, &b);
        jw_object(&w, NULL);
        jw_str(&w, "kid", m->k.id);
        jw_str(&w, "key", m->key);
        if (m->k.expires_ms)
            jw_time(&w, "expires", m->k.expires_ms);
        else
            jw_null(&w, "expires");
        jw_end_object(&w);
        audit_note(m->c, "key_made", view_of(m->k.id));
        call_json(m->c, 201, &b);
    }
    explicit_bzero(m, sizeof *m);
    free(m);
}

static int fill(struct making *m)
{
    char secret[KEY_SECRET_CHARS + 1];
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    int rc = random_id(m->k.id, KEY_ID_CHARS);
    rc = rc ? rc : random_id(secret, KEY_SECRET_CHARS);
    if (rc)
        return rc;
    (void)snprintf(m->key, sizeof m->key, "pk_%.10s_%s", m->k.id, secret);
    rc = crypto_digest(DIGEST_SHA256, view_of(m->key), digest, &n);
    memcpy(m->k.sha256, digest, sizeof m->k.sha256);
    return rc;
}

static int read_wish(struct call *c, const struct json *doc, struct key_doc *k, struct why *why)
{
    char until[40] = "";
    int err = json_want_str(doc, "label", k->label, sizeof k->label, why);
    err = err ? err : json_want_str(doc, "expires", until, sizeof until, why);
    if (err || !until[0])
        return err;
    if (iso8601_parse(view_of(until), &k->expires_ms) || k->expires_ms <= call_now(c))
        return why_set(why, ERR_INVALID, "/expires", "must be a time to come, like 2027-01-31T00:00:00Z");
    return 0;
}

static void put_key(struct making *m)
{
    struct call *c = m->c;
    struct json_writer w;
    struct buf b;
    int rc = fill(m);
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    key_write(&w, &m->k);
    rc = rc      ? rc
         : b.err ? b.err
                 : c->o->port.put(c->o->port.ctx, NOUN_KEY, view_of(m->k.id), buf_get(&b), UINT64_MAX,
                                  on_made, m);
    buf_fini(&b);
    if (!rc)
        return;
    free(m);
    call_why(c, rc, NULL);
}

static void make_key(struct call *c, struct view account)
{
    static const char *const known[] = {"label", "expires", NULL};
    struct listing l = {.account = account, .now = call_now(c)};
    struct account a;
    struct why why = {0};
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    struct making *m = calloc(1, sizeof *m);
    int rc = m ? read_wish(c, doc, &m->k, &why) : ERR_NOMEM;
    doc_each(c->o, NOUN_KEY, count_active, &l);
    if (!rc && !account_of(c->o, account, &a))
        rc = why_set(&why, ERR_NOT_FOUND, "", "no account has this id, or it is switched off");
    if (!rc && l.active >= KEYS_ACTIVE_MAX)
        rc = why_set(&why, ERR_STATE, "", "three keys are active already; revoke one first");
    json_free(doc);
    if (rc) {
        free(m);
        call_why(c, rc, &why);
        return;
    }
    m->c = c;
    m->k.created_ms = call_now(c);
    (void)snprintf(m->k.account, sizeof m->k.account, "%s", a.id);
    put_key(m);
}

/* --- revoking --- */

/* Whatever the version: another parkd may just note its use, and that must not save it. */
static void revoke(struct call *c, const struct key_doc *held)
{
    struct key_doc k = *held;
    struct json_writer w;
    struct buf b;
    k.revoked_ms = k.revoked_ms ? k.revoked_ms : call_now(c);
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    key_write(&w, &k);
    call_put(c, NOUN_KEY, view_of(k.id), &b, 0);
}

static void on_quiet(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err && err != ERR_NOT_FOUND && err != ERR_CONFLICT)
        log_warn(OFFICE, "key error=%s", err_name(err));
}

struct ending {
    struct office *o;
    const char *account;
};

static void end_if(void *ctx, const struct doc *d)
{
    struct ending *e = ctx;
    if (strcmp(doc_str(d, "account"), e->account) != 0)
        return;
    int rc = e->o->port.remove(e->o->port.ctx, NOUN_KEY, view_of(d->id), on_quiet, NULL);
    if (rc)
        on_quiet(NULL, rc, 0);
}

void keys_end(struct office *o, const char *account)
{
    struct ending e = {o, account};
    doc_each(o, NOUN_KEY, end_if, &e);
}

void key_used(struct office *o, const struct doc *d, int64_t now_ms)
{
    struct key_doc k;
    struct json_writer w;
    struct buf b;
    if (!key_read(d->tree, &k) || now_ms - k.used_ms < SEEN_WRITE_MS)
        return;
    k.used_ms = now_ms;
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    key_write(&w, &k);
    int rc = b.err
                 ? b.err
                 : o->port.put(o->port.ctx, NOUN_KEY, view_of(k.id), buf_get(&b), d->version, on_quiet, NULL);
    if (rc)
        on_quiet(NULL, rc, 0);
    buf_fini(&b);
}

/* --- routes --- */

/* Officers look after the keys of operators only. */
static bool may_look_after(struct call *c, struct view account)
{
    const struct doc *d = doc_find(c->o, NOUN_ACCOUNT, account);
    struct account a;
    if (d && account_read(d->tree, &a) && (c->who.role == ROLE_ADMIN || a.role == ROLE_OPERATOR))
        return true;
    call_fail(c, d ? ERR_REFUSED : ERR_NOT_FOUND, "",
              d ? "officers manage the keys of operators only; ask an administrator"
                : "no account has this id");
    return false;
}

void office_account_keys_list(struct call *c)
{
    if (may_look_after(c, c->r.args[0]))
        list_keys(c, c->r.args[0]);
}

void office_account_keys_make(struct call *c)
{
    if (may_look_after(c, c->r.args[0]))
        make_key(c, c->r.args[0]);
}

void office_key_revoke(struct call *c)
{
    const struct doc *d = doc_find(c->o, NOUN_KEY, c->r.args[0]);
    struct key_doc k;
    if (!d || !key_read(d->tree, &k))
        call_fail(c, ERR_NOT_FOUND, "", "no key has this id");
    else if (may_look_after(c, view_of(k.account)))
        revoke(c, &k);
}

void office_own_keys_list(struct call *c)
{
    list_keys(c, view_of(c->who.account));
}

void office_own_keys_make(struct call *c)
{
    make_key(c, view_of(c->who.account));
}

void office_own_key_revoke(struct call *c)
{
    const struct doc *d = doc_find(c->o, NOUN_KEY, c->r.args[0]);
    struct key_doc k;
    if (!d || !key_read(d->tree, &k) || strcmp(k.account, c->who.account) != 0)
        call_fail(c, ERR_NOT_FOUND, "", "no key of yours has this id");
    else
        revoke(c, &k);
}
