/* SPDX-License-Identifier: MIT
 * Who asks: a bearer key, an attendant's link, a session, or whoever may open the UNIX socket.
 */
#include <stdio.h>
#include <string.h>

#include "office/sign.h"

/* A token against the digest that a document keeps. */
static bool fits(struct view token, struct view hex)
{
    char digest[65];
    return !sign_digest(token, digest) && crypto_equal(view_of(digest), hex);
}

static void fill(struct principal *p, const struct account *a, const char *kind, const char *id)
{
    *p = (struct principal){.role = a->role};
    (void)snprintf(p->account, sizeof p->account, "%s", a->id);
    (void)snprintf(p->via, sizeof p->via, "%s:%.36s", kind, id);
    if (a->role == ROLE_OPERATOR)
        (void)snprintf(p->owner, sizeof p->owner, "%s", a->id);
    else if (a->role == ROLE_SINK)
        (void)snprintf(p->owner, sizeof p->owner, "%s", a->sink);
}

/* All that is wrong with a key looks alike from outside. */
static int by_key(struct office *o, struct view token, struct view kid, struct principal *out)
{
    int64_t now = clock_wall_ms(o->clock);
    const struct doc *d = doc_find(o, NOUN_KEY, kid);
    struct account a;
    struct key_doc k;
    bool good = fits(token, d ? json_text(json_get(d->tree, "sha256")) : VIEW("?")) && d &&
                key_read(d->tree, &k) && key_is_active(&k, now) && account_of(o, view_of(k.account), &a);
    if (!good)
        return ERR_AUTH;
    fill(out, &a, "key", k.id);
    key_used(o, d, now);
    return 0;
}

static int by_attendant(struct office *o, struct view token, struct view id, struct principal *out)
{
    const struct doc *d = doc_find(o, NOUN_ATTENDANT, id);
    if (!fits(token, d ? json_text(json_get(d->tree, "sha256")) : VIEW("?")) || !d ||
        doc_int(d, "revoked_ms", 0))
        return ERR_AUTH;
    *out = (struct principal){.role = ROLE_ATTENDANT};
    (void)snprintf(out->account, sizeof out->account, "%s", d->id);
    (void)snprintf(out->via, sizeof out->via, "attendant:%s", d->id);
    (void)snprintf(out->owner, sizeof out->owner, "%s", doc_str(d, "operator"));
    (void)snprintf(out->lot, sizeof out->lot, "%s", doc_str(d, "lot"));
    return 0;
}

static int by_bearer(struct office *o, struct view header, struct principal *out, struct why *why)
{
    struct view rest = view_trim(header), scheme = view_cut(&rest, ' '), id, secret;
    struct view token = view_trim(rest);
    int rc = ERR_AUTH;
    if (!view_is(scheme, "Bearer"))
        rc = ERR_AUTH;
    else if (token_split(token, "pk", &id, &secret))
        rc = by_key(o, token, id, out);
    else if (token_split(token, "at", &id, &secret))
        rc = by_attendant(o, token, id, out);
    return rc ? why_set(why, rc, "", "the key is wrong, revoked or expired") : 0;
}

static int by_session(struct office *o, const struct office_evidence *e, struct principal *out,
                      struct why *why)
{
    int64_t now = clock_wall_ms(o->clock);
    struct account a;
    const struct doc *d = session_find(o, e->cookie, now);
    if (!d || !account_of(o, view_of(doc_str(d, "account")), &a))
        return why_set(why, ERR_AUTH, "", "the session has ended; sign in again");
    fill(out, &a, "session", d->id);
    int rc = session_csrf(o, d->id, out->csrf);
    if (rc)
        return rc;
    if (e->unsafe && !crypto_equal(e->csrf, view_of(out->csrf)))
        return why_set(why, ERR_REFUSED, "", "a session that changes something needs its X-CSRF-Token");
    session_seen(o, d, now);
    return 0;
}

int office_identify(struct office *o, const struct office_evidence *e, struct principal *out, struct why *why)
{
    *out = (struct principal){0};
    if (e->authorization.n)
        return by_bearer(o, e->authorization, out, why);
    if (e->cookie.n && memmem(e->cookie.p, e->cookie.n, SESSION_COOKIE "=", sizeof SESSION_COOKIE))
        return by_session(o, e, out, why);
    if (e->socket)
        *out = (struct principal){.role = ROLE_ADMIN, .account = "local", .via = "socket"};
    return 0;
}
