/* SPDX-License-Identifier: MIT
 * Signing in and out. A session is a document named by the first half of its token's digest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/sign.h"
#include "parkd/base/log.h"

#define TOKEN_CHARS   40
#define SESSION_CHARS 32 /* of the digest, as the document's id */
#define BODY_MAX      4096
#define PURGE_AT_ONCE 32

int sign_digest(struct view token, char out[65])
{
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    struct buf hex;
    buf_init(&hex, 64);
    int rc = crypto_digest(DIGEST_SHA256, token, digest, &n);
    rc = rc ? rc : hex_encode(&hex, (struct view){(const char *)digest, n});
    rc = rc ? rc : view_copy(buf_get(&hex), out, 65);
    buf_fini(&hex);
    return rc;
}

int session_csrf(const struct office *o, const char *session, char out[49])
{
    unsigned char mac[DIGEST_MAX];
    char text[64];
    size_t n = 0;
    struct buf hex;
    (void)snprintf(text, sizeof text, "csrf %.32s", session);
    buf_init(&hex, 48);
    int rc = crypto_hmac(DIGEST_SHA256, (struct view){(const char *)o->master, sizeof o->master},
                         view_of(text), mac, &n);
    rc = rc ? rc : hex_encode(&hex, (struct view){(const char *)mac, 24});
    rc = rc ? rc : view_copy(buf_get(&hex), out, 49);
    buf_fini(&hex);
    return rc;
}

/* --- the documents --- */

static bool is_over(const struct office *o, const struct doc *d, int64_t now)
{
    struct account a;
    int64_t made = doc_int(d, "created_ms", 0);
    return now >= made + SESSION_LONG_MS || now >= doc_int(d, "seen_ms", 0) + SESSION_IDLE_MS ||
           !account_of(o, view_of(doc_str(d, "account")), &a) || a.password_ms > made;
}

static struct view cookie_of(struct view header)
{
    while (header.n) {
        struct view one = view_trim(view_cut(&header, ';')), name = view_cut(&one, '=');
        if (view_is(name, SESSION_COOKIE))
            return one;
    }
    return (struct view){NULL, 0};
}

const struct doc *session_find(struct office *o, struct view cookie_header, int64_t now_ms)
{
    char digest[65];
    struct view token = cookie_of(cookie_header);
    if (token.n != TOKEN_CHARS || sign_digest(token, digest))
        return NULL;
    const struct doc *d = doc_find(o, NOUN_SESSION, (struct view){digest, SESSION_CHARS});
    return d && !is_over(o, d, now_ms) ? d : NULL;
}

static void on_quiet(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err && err != ERR_NOT_FOUND && err != ERR_CONFLICT)
        log_warn(OFFICE, "session error=%s", err_name(err));
}

static void end_one(struct office *o, const char *id)
{
    int rc = o->port.remove(o->port.ctx, NOUN_SESSION, view_of(id), on_quiet, NULL);
    if (rc)
        on_quiet(NULL, rc, 0);
}

struct ending {
    struct office *o;
    const char *account, *spared;
    size_t n;
    const struct doc *oldest;
    int64_t now;
};

static void end_if(void *ctx, const struct doc *d)
{
    struct ending *e = ctx;
    if (strcmp(doc_str(d, "account"), e->account) == 0 && !(e->spared && strcmp(d->id, e->spared) == 0))
        end_one(e->o, d->id);
}

void sessions_end(struct office *o, const char *account, const char *spared)
{
    struct ending e = {.o = o, .account = account, .spared = spared};
    doc_each(o, NOUN_SESSION, end_if, &e);
}

/* What is over goes; of an account's own the oldest shows itself. */
static void tidy_one(void *ctx, const struct doc *d)
{
    struct ending *e = ctx;
    if (is_over(e->o, d, e->now)) {
        if (e->n++ < PURGE_AT_ONCE)
            end_one(e->o, d->id);
    } else if (strcmp(doc_str(d, "account"), e->account) == 0) {
        if (!e->oldest || doc_int(d, "created_ms", 0) < doc_int(e->oldest, "created_ms", 0))
            e->oldest = d;
        e->spared = ++e->n >= SESSIONS_ACCOUNT ? "full" : NULL;
    }
}

static void tidy(struct office *o, const char *account, int64_t now)
{
    struct ending e = {.o = o, .account = account, .now = now};
    doc_each(o, NOUN_SESSION, tidy_one, &e);
    if (e.oldest && e.spared)
        end_one(o, e.oldest->id);
}

static void write_session(struct buf *b, const char *id, const char *account, int64_t created, int64_t seen)
{
    struct json_writer w;
    jw_init(&w, b);
    jw_object(&w, NULL);
    jw_str(&w, "id", id);
    jw_str(&w, "account", account);
    jw_int(&w, "created_ms", created);
    jw_int(&w, "seen_ms", seen);
    jw_end_object(&w);
}

/* --- answers --- */

static void write_who(struct buf *b, const struct account *a, const char *csrf, int64_t until)
{
    struct json_writer w;
    jw_init(&w, b);
    jw_object(&w, NULL);
    jw_str(&w, "account", a->id);
    jw_str(&w, "role", role_name(a->role));
    jw_str(&w, "name", a->name);
    jw_str(&w, "operator", a->role == ROLE_OPERATOR ? a->id : NULL);
    jw_str(&w, "sink", a->role == ROLE_SINK ? a->sink : NULL);
    jw_str(&w, "csrf", csrf);
    if (until)
        jw_time(&w, "expires", until);
    jw_end_object(&w);
}

struct beginning {
    struct call *c;
    char account[ACCOUNT_ID_SIZE], id[SESSION_CHARS + 1], token[TOKEN_CHARS + 1];
};

static void on_begun(void *ctx, int err, uint64_t version)
{
    struct beginning *s = ctx;
    struct call *c = s->c;
    struct account a;
    char cookie[160], csrf[49];
    struct buf body;
    (void)version;
    buf_init(&body, BODY_MAX);
    if (!err && !account_of(c->o, view_of(s->account), &a))
        err = ERR_AUTH;
    err = err ? err : session_csrf(c->o, s->id, csrf);
    if (err) {
        call_why(c, err, NULL);
    } else {
        (void)snprintf(cookie, sizeof cookie, SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s",
                       s->token, c->r.tls ? "; Secure" : "");
        write_who(&body, &a, csrf, call_now(c) + SESSION_LONG_MS);
        audit_note(c, "signed_in", view_of(s->account));
        call_answer(c, &(struct office_answer){.status = 200, .body = buf_get(&body), .cookie = cookie});
    }
    buf_fini(&body);
    explicit_bzero(cookie, sizeof cookie);
    explicit_bzero(s, sizeof *s);
    free(s);
}

void session_begin(struct call *c, const char *account)
{
    struct buf b;
    char digest[65];
    struct beginning *s = calloc(1, sizeof *s);
    int rc = s ? random_id(s->token, TOKEN_CHARS) : ERR_NOMEM;
    rc = rc ? rc : sign_digest((struct view){s->token, TOKEN_CHARS}, digest);
    buf_init(&b, BODY_MAX);
    if (!rc) {
        s->c = c;
        (void)snprintf(s->account, sizeof s->account, "%s", account);
        (void)snprintf(s->id, sizeof s->id, "%.32s", digest);
        tidy(c->o, account, call_now(c));
        write_session(&b, s->id, account, call_now(c), call_now(c));
        rc = b.err ? b.err
                   : c->o->port.put(c->o->port.ctx, NOUN_SESSION, view_of(s->id), buf_get(&b), UINT64_MAX,
                                    on_begun, s);
    }
    buf_fini(&b);
    if (!rc)
        return;
    free(s);
    call_why(c, rc, NULL);
}

void session_seen(struct office *o, const struct doc *d, int64_t now_ms)
{
    struct buf b;
    if (now_ms - doc_int(d, "seen_ms", 0) < SEEN_WRITE_MS)
        return;
    buf_init(&b, BODY_MAX);
    write_session(&b, d->id, doc_str(d, "account"), doc_int(d, "created_ms", 0), now_ms);
    int rc = b.err ? b.err
                   : o->port.put(o->port.ctx, NOUN_SESSION, view_of(d->id), buf_get(&b), d->version, on_quiet,
                                 NULL);
    if (rc)
        on_quiet(NULL, rc, 0);
    buf_fini(&b);
}

void office_session_show(struct call *c)
{
    struct account a;
    struct buf body;
    buf_init(&body, BODY_MAX);
    if (!account_of(c->o, view_of(c->who.account), &a)) {
        a = (struct account){.role = c->who.role};
        (void)snprintf(a.id, sizeof a.id, "%s", c->who.account[0] ? c->who.account : "nobody");
    }
    write_who(&body, &a, c->who.csrf[0] ? c->who.csrf : NULL, 0);
    call_json(c, 200, &body);
}

static void on_ended(void *ctx, int err, uint64_t version)
{
    struct call *c = ctx;
    (void)version;
    if (err && err != ERR_NOT_FOUND)
        call_why(c, err, NULL);
    else
        call_answer(c, &(struct office_answer){.status = 204,
                                               .cookie = SESSION_COOKIE
                                               "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"});
}

void office_session_sign_out(struct call *c)
{
    const char *session = strncmp(c->who.via, "session:", 8) == 0 ? c->who.via + 8 : NULL;
    if (!session) {
        on_ended(c, 0, 0);
        return;
    }
    int rc = c->o->port.remove(c->o->port.ctx, NOUN_SESSION, view_of(session), on_ended, c);
    if (rc)
        on_ended(c, rc, 0);
}
