/* SPDX-License-Identifier: MIT
 * Passwords: signing in, one-time links, changing one's own.
 */
#include <stdlib.h>
#include <string.h>

#include "office/sign.h"
#include "parkd/base/log.h"

#define BODY_MAX 4096
#define WRONG    "account or password is wrong"

/* One question of a password on its way. */
struct signing {
    struct call *c;
    char account[ACCOUNT_ID_SIZE];
    char hash[PASSWORD_HASH_SIZE]; /* new */
    bool by_link;
    char next[PASSWORD_MAX]; /* the new password of a change, until it is hashed */
    size_t next_n;
};

static int64_t mono(const struct call *c)
{
    return clock_mono_ms(c->o->clock);
}

static void signing_free(struct signing *s)
{
    explicit_bzero(s, sizeof *s);
    free(s);
}

static struct signing *signing_new(struct call *c, struct view account)
{
    struct signing *s = calloc(1, sizeof *s);
    if (s && view_copy(account, s->account, sizeof s->account))
        s->account[0] = 0; /* longer than any: unknown */
    if (s)
        s->c = c;
    return s;
}

static void busy(struct call *c, int wait_s)
{
    struct office_answer a = {.err = ERR_BUSY, .retry_s = wait_s > 0 ? wait_s : 1};
    (void)why_set(&a.why, ERR_BUSY, "", "too many tries; wait %d s", a.retry_s);
    call_answer(c, &a);
}

/* How long account and address have to wait; the longer counts. */
static int wait_s(struct call *c, struct view account)
{
    int a = lockout_wait_s(c->o->lockout, account, mono(c));
    int b = lockout_wait_s(c->o->lockout, c->r.address, mono(c));
    return a > b ? a : b;
}

static void wrong(struct call *c, struct view account)
{
    lockout_failed(c->o->lockout, account, mono(c));
    lockout_failed(c->o->lockout, c->r.address, mono(c));
    audit_note(c, "sign_in_failed", account);
    call_fail(c, ERR_AUTH, "", WRONG);
}

static void refuse_work(struct call *c, int rc)
{
    if (rc == ERR_BUSY)
        busy(c, 1);
    else
        call_why(c, rc, NULL);
}

/* --- with a password --- */

static void on_checked(void *ctx, int err, const char *hash)
{
    struct signing *s = ctx;
    struct account a;
    (void)hash;
    if (!err && account_of(s->c->o, view_of(s->account), &a)) {
        lockout_forget(s->c->o->lockout, view_of(s->account));
        session_begin(s->c, s->account);
    } else {
        wrong(s->c, view_of(s->account));
    }
    signing_free(s);
}

static void by_password(struct call *c, struct view account, struct view password)
{
    struct account a = {0};
    int wait = wait_s(c, account);
    bool known = account_of(c->o, account, &a) && a.password.n;
    if (wait) {
        busy(c, wait);
        return;
    }
    struct signing *s = signing_new(c, account);
    struct view tried = password.n <= PASSWORD_MAX ? password : VIEW("");
    int rc = s ? password_work(c->o, tried, known ? a.password : view_of(PASSWORD_OF_NOBODY), on_checked, s)
               : ERR_NOMEM;
    if (!rc)
        return;
    free(s);
    refuse_work(c, rc);
}

/* --- a new password --- */

static void on_stored(void *ctx, int err, uint64_t version)
{
    struct signing *s = ctx;
    struct call *c = s->c;
    (void)version;
    if (err == ERR_CONFLICT) {
        call_fail(c, ERR_AUTH, "", "the link was used meanwhile");
    } else if (err) {
        call_why(c, err, NULL);
    } else {
        sessions_end(c->o, s->account, NULL); /* those of the password before */
        session_begin(c, s->account);
    }
    signing_free(s);
}

static void on_hashed(void *ctx, int err, const char *hash)
{
    struct signing *s = ctx;
    struct call *c = s->c;
    const struct doc *d = doc_find(c->o, NOUN_ACCOUNT, view_of(s->account));
    struct account a;
    struct json_writer w;
    struct buf b;
    if (!err && (!d || !account_read(d->tree, &a)))
        err = ERR_AUTH;
    buf_init(&b, BODY_MAX);
    if (!err) {
        struct account own = {.password = view_of(hash), .password_ms = call_now(c)};
        jw_init(&w, &b);
        account_write(&w, d->tree, &own);
        err = b.err ? b.err
                    : c->o->port.put(c->o->port.ctx, NOUN_ACCOUNT, view_of(s->account), buf_get(&b),
                                     d->version, on_stored, s);
    }
    buf_fini(&b);
    if (!err)
        return;
    call_why(c, err, NULL);
    signing_free(s);
}

static void set_password(struct signing *s, struct view password)
{
    struct call *c = s->c;
    int rc = password_work(c->o, password, VIEW(""), on_hashed, s);
    if (!rc)
        return;
    signing_free(s);
    refuse_work(c, rc);
}

/* "<account>.<secret>": the account's open invitation. */
static bool link_fits(struct call *c, struct view link, struct view *account)
{
    char digest[65];
    struct account a;
    size_t dot = link.n;
    while (dot && link.p[dot - 1] != '.')
        dot--;
    if (!dot)
        return false;
    *account = (struct view){link.p, dot - 1};
    return account_of(c->o, *account, &a) && a.invite.n && call_now(c) < a.invite_until_ms &&
           !sign_digest(link, digest) && crypto_equal(a.invite, view_of(digest));
}

static void by_link(struct call *c, struct view link, struct view password)
{
    struct view account = {NULL, 0};
    struct why why = {0};
    int wait = lockout_wait_s(c->o->lockout, c->r.address, mono(c));
    if (wait) {
        busy(c, wait);
    } else if (!link_fits(c, link, &account)) {
        lockout_failed(c->o->lockout, c->r.address, mono(c));
        call_fail(c, ERR_AUTH, "", "the link is wrong, was used, or is older than a day; ask for a new one");
    } else if (password_allowed(password, account, &why)) {
        call_why(c, ERR_INVALID, &why);
    } else {
        struct signing *s = signing_new(c, account);
        if (s)
            set_password(s, password);
        else
            call_why(c, ERR_NOMEM, NULL);
    }
}

void office_session_sign_in(struct call *c)
{
    static const char *const known[] = {"account", "password", "link", NULL};
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    struct view account = json_text(json_get(doc, "account")), link = json_text(json_get(doc, "link")),
                password = json_text(json_get(doc, "password"));
    if (link.n)
        by_link(c, link, password);
    else if (!account.n)
        call_fail(c, ERR_MISSING, "/account", "needs account and password, or link and password");
    else
        by_password(c, account, password);
    json_free(doc);
}

/* --- changing one's own --- */

static void on_old_checked(void *ctx, int err, const char *hash)
{
    struct signing *s = ctx;
    (void)hash;
    if (err) {
        wrong(s->c, view_of(s->account));
        signing_free(s);
        return;
    }
    set_password(s, (struct view){s->next, s->next_n});
}

void office_session_password(struct call *c)
{
    static const char *const known[] = {"old", "new", NULL};
    struct account a;
    struct why why = {0};
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    struct view old = json_text(json_get(doc, "old")), next = json_text(json_get(doc, "new"));
    int wait = wait_s(c, view_of(c->who.account));
    struct signing *s = NULL;
    int rc = 0;
    if (!account_of(c->o, view_of(c->who.account), &a) || !a.password.n)
        call_fail(c, ERR_STATE, "", "this account has no password; it is invited by a link");
    else if (wait)
        busy(c, wait);
    else if (password_allowed(next, view_of(a.id), &why))
        call_why(c, ERR_INVALID, &why);
    else if (!(s = signing_new(c, view_of(a.id))))
        call_why(c, ERR_NOMEM, NULL);
    else {
        memcpy(s->next, next.p, next.n);
        s->next_n = next.n;
        rc = password_work(c->o, old.n <= PASSWORD_MAX ? old : VIEW(""), a.password, on_old_checked, s);
    }
    if (rc) {
        signing_free(s);
        refuse_work(c, rc);
    }
    json_free(doc);
}

/* --- the part --- */

static int make(struct office *o, struct why *why)
{
    o->lockout = lockout_new();
    return o->lockout ? 0 : why_set(why, ERR_NOMEM, "", "out of memory");
}

static void release(struct office *o)
{
    lockout_free(o->lockout);
}

const struct office_part part_sign = {.make = make, .release = release};
