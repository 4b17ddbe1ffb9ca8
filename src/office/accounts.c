/* SPDX-License-Identifier: MIT
 * Accounts: who exists, who may manage whom, one-time links. Officers look after operators; everybody else is
 * the administrators'.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/sign.h"
#include "parkd/base/log.h"

#define BODY_MAX     8192
#define SECRET_CHARS 32
#define FIRST_ADMIN  "admin"

bool account_of(const struct office *o, struct view id, struct account *out)
{
    const struct doc *d = doc_find(o, NOUN_ACCOUNT, id);
    return d && account_read(d->tree, out) && out->enabled;
}

/* May who asks manage an account of that role? Answers the call otherwise. */
static bool may_manage(struct call *c, enum role role)
{
    if (c->who.role == ROLE_ADMIN || role == ROLE_OPERATOR)
        return true;
    call_fail(c, ERR_REFUSED, "/role", "officers manage operators only; ask an administrator");
    return false;
}

/* The stored account of the path, if who asks may manage it. */
static const struct doc *managed(struct call *c, struct account *a)
{
    const struct doc *d = doc_find(c->o, NOUN_ACCOUNT, c->r.args[0]);
    if (!d || !account_read(d->tree, a)) {
        call_fail(c, ERR_NOT_FOUND, "", "no account has this id");
        return NULL;
    }
    return may_manage(c, a->role) ? d : NULL;
}

/* --- reads --- */

struct listing {
    struct json_writer w;
    struct view role; /* empty: all */
    int64_t n, now;
};

static void list_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    if (l->role.n && !view_is(l->role, doc_str(d, "role")))
        return;
    jw_object(&l->w, NULL);
    account_show(&l->w, d->tree, l->now);
    jw_end_object(&l->w);
    l->n++;
}

void office_accounts_list(struct call *c)
{
    struct buf b;
    struct listing l = {.role = call_param(c, "role"), .now = call_now(c)};
    buf_init(&b, ANSWER_MAX);
    jw_init(&l.w, &b);
    jw_object(&l.w, NULL);
    jw_array(&l.w, "accounts");
    doc_each(c->o, NOUN_ACCOUNT, list_one, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    call_json(c, 200, &b);
}

void office_account_get(struct call *c)
{
    struct buf b;
    struct json_writer w;
    const struct doc *d = doc_find(c->o, NOUN_ACCOUNT, c->r.args[0]);
    if (!d) {
        call_fail(c, ERR_NOT_FOUND, "", "no account has this id");
        return;
    }
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    account_show(&w, d->tree, call_now(c));
    jw_end_object(&w);
    call_doc(c, 200, d->version, &b);
}

/* --- writes --- */

/* The one administrator who can sign in is not to be lost. */
struct admins {
    const char *but;
    int n;
};

static void count_admin(void *ctx, const struct doc *d)
{
    struct admins *a = ctx;
    struct account one;
    if (account_read(d->tree, &one) && one.enabled && one.role == ROLE_ADMIN && one.password.n &&
        strcmp(one.id, a->but) != 0)
        a->n++;
}

static int admins_but(struct office *o, const char *id)
{
    struct admins a = {.but = id};
    doc_each(o, NOUN_ACCOUNT, count_admin, &a);
    return a.n;
}

static bool last_admin(struct call *c, const struct account *now)
{
    if (!now || now->role != ROLE_ADMIN || !now->enabled || !now->password.n || admins_but(c->o, now->id))
        return false;
    call_fail(c, ERR_STATE, "", "this is the last administrator who can sign in; make another one first");
    return true;
}

static void put_checked(struct call *c, const struct json *doc, enum role role)
{
    const struct doc *d = doc_find(c->o, NOUN_ACCOUNT, c->r.args[0]);
    struct account held = {0};
    struct json_writer w;
    struct buf b;
    bool there = d && account_read(d->tree, &held),
         enabled = json_get(doc, "enabled") ? json_true(json_get(doc, "enabled")) : true;
    if (!may_manage(c, role) || (there && !may_manage(c, held.role)))
        return;
    if (there && (role != ROLE_ADMIN || !enabled) && last_admin(c, &held))
        return;
    int64_t version = 0;
    if (c->r.if_match.n &&
        (view_to_int(c->r.if_match, 1, INT64_MAX, &version) || !d || (uint64_t)version != d->version)) {
        call_why(c, ERR_CONFLICT, NULL);
        return;
    }
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    account_write(&w, doc, &held);
    if (there && (!enabled || role != held.role))
        sessions_end(c->o, held.id, NULL);
    call_put(c, NOUN_ACCOUNT, c->r.args[0], &b, d ? d->version : UINT64_MAX);
}

void office_account_put(struct call *c)
{
    struct json *doc = NULL;
    struct why why = {0};
    enum role role = ROLE_NOBODY;
    int rc = c->r.body.n > BODY_MAX ? why_set(&why, ERR_TOO_BIG, "", "an account has at most 8 KiB")
                                    : json_parse(c->r.body, &doc, &why);
    rc = rc ? rc : account_check(doc, c->r.args[0], &why);
    rc = rc ? rc : role_of(json_text(json_get(doc, "role")), &role);
    if (rc)
        call_why(c, rc, &why);
    else
        put_checked(c, doc, role);
    json_free(doc);
}

void office_account_remove(struct call *c)
{
    struct account a;
    if (!managed(c, &a) || last_admin(c, &a))
        return;
    sessions_end(c->o, a.id, NULL);
    keys_end(c->o, a.id);
    call_remove(c, NOUN_ACCOUNT, c->r.args[0]);
}

/* --- one-time links --- */

struct inviting {
    struct call *c;
    char token[ACCOUNT_ID_SIZE + SECRET_CHARS + 1];
    int64_t until_ms;
};

static void on_invited(void *ctx, int err, uint64_t version)
{
    struct inviting *i = ctx;
    struct json_writer w;
    struct buf b;
    (void)version;
    if (err) {
        call_why(i->c, err, NULL);
    } else {
        buf_init(&b, BODY_MAX);
        jw_init(&w, &b);
        jw_object(&w, NULL);
        jw_str(&w, "link_token", i->token);
        jw_time(&w, "expires", i->until_ms);
        jw_end_object(&w);
        call_json(i->c, 201, &b);
    }
    explicit_bzero(i, sizeof *i);
    free(i);
}

/* "<account>.<secret>", and the account's document with its digest. */
static int make_link(const char *id, const struct json *doc, struct account own, int64_t until_ms,
                     char *token, struct buf *out)
{
    char secret[SECRET_CHARS + 1], digest[65];
    struct json_writer w;
    int rc = random_id(secret, SECRET_CHARS);
    if (rc)
        return rc;
    (void)snprintf(token, ACCOUNT_ID_SIZE + SECRET_CHARS + 1, "%s.%s", id, secret);
    rc = sign_digest(view_of(token), digest);
    if (rc)
        return rc;
    own.invite = view_of(digest);
    own.invite_until_ms = until_ms;
    jw_init(&w, out);
    account_write(&w, doc, &own);
    return out->err;
}

void office_account_invite(struct call *c)
{
    struct account a;
    struct buf b;
    const struct doc *d = managed(c, &a);
    if (!d)
        return;
    if (!a.enabled) {
        call_fail(c, ERR_STATE, "", "the account is switched off");
        return;
    }
    struct inviting *i = calloc(1, sizeof *i);
    buf_init(&b, BODY_MAX);
    int rc = i ? 0 : ERR_NOMEM;
    if (i) {
        i->c = c;
        i->until_ms = call_now(c) + INVITE_MS;
        rc = make_link(a.id, d->tree, a, i->until_ms, i->token, &b);
    }
    rc = rc ? rc
            : c->o->port.put(c->o->port.ctx, NOUN_ACCOUNT, view_of(a.id), buf_get(&b), d->version, on_invited,
                             i);
    buf_fini(&b);
    if (!rc)
        return;
    free(i);
    call_why(c, rc, NULL);
}

/* --- the first administrator --- */

static void on_first(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err && err != ERR_CONFLICT) /* a conflict: another parkd made one */
        log_error(OFFICE, "first_admin=not_made error=%s", err_name(err));
}

const char *accounts_first_link(struct office *o)
{
    static const char text[] = "{\"id\":\"" FIRST_ADMIN "\",\"role\":\"admin\",\"name\":\"管理员\"}";
    const struct doc *d = doc_find(o, NOUN_ACCOUNT, VIEW(FIRST_ADMIN));
    struct json *fresh = NULL;
    struct buf b;
    o->first_link[0] = 0;
    if (admins_but(o, ""))
        return "";
    buf_init(&b, BODY_MAX);
    int rc = d ? 0 : json_parse(VIEW(text), &fresh, NULL);
    rc = rc ? rc
            : make_link(FIRST_ADMIN, d ? d->tree : fresh, (struct account){0},
                        clock_wall_ms(o->clock) + INVITE_MS, o->first_link, &b);
    rc = rc ? rc
            : o->port.put(o->port.ctx, NOUN_ACCOUNT, VIEW(FIRST_ADMIN), buf_get(&b),
                          d ? d->version : UINT64_MAX, on_first, NULL);
    json_free(fresh);
    buf_fini(&b);
    if (rc) {
        on_first(NULL, rc, 0);
        o->first_link[0] = 0;
    }
    return o->first_link;
}
