/* SPDX-License-Identifier: MIT
 * Headers and query parameters that show who asks (see the header). Tokens are in access_token.c.
 */
#include "feed/access.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/spacing.h"
#include "parkd/base/crypto.h"
#include "parkd/base/json.h"

#define SECRET_MAX (16 * 1024)

void access_extra_init(struct access_extra *x)
{
    x->url[0] = '\0';
    x->n_headers = 0;
    buf_init(&x->authorization, SECRET_MAX);
    buf_init(&x->form, 4 * SECRET_MAX);
}

void access_extra_fini(struct access_extra *x)
{
    buf_fini(&x->authorization);
    buf_fini(&x->form);
}

bool access_applies(const struct feed *f, struct view url)
{
    char own[ORIGIN_SIZE], asked[ORIGIN_SIZE];
    if (f->access.kind == ACCESS_NONE)
        return false;
    spacing_origin(view_of(f->url), own);
    spacing_origin(url, asked);
    return own[0] && strcmp(own, asked) == 0;
}

static bool has_header(const struct dialect_request *req, const char *name)
{
    for (int i = 0; i < req->n_headers; i++) {
        if (view_ieq(view_of(req->headers[i].name), name))
            return true;
    }
    return false;
}

static void add_header(struct access_extra *x, const char *name, struct view value)
{
    x->headers[x->n_headers++] = (struct fetch_header){view_of(name), value};
}

static int put_escaped(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        unsigned char b = (unsigned char)*c;
        if (isalnum(b) || strchr("-._~", b))
            buf_char(out, *c);
        else
            buf_printf(out, "%%%02X", b);
    }
    return out->err;
}

static bool has_parameter(const char *url, struct view name)
{
    struct view rest = view_of(strchr(url, '?'));
    if (rest.n)
        rest = (struct view){rest.p + 1, rest.n - 1};
    while (rest.n) {
        struct view pair = view_cut(&rest, '&');
        if (view_eq(view_cut(&pair, '='), name))
            return true;
    }
    return false;
}

/* Appends name=value to the URL. */
static int add_parameter(struct access_extra *x, const struct access_key *k)
{
    struct buf pair;
    size_t n = strlen(x->url);
    const char *join = !strchr(x->url, '?') ? "?" : strchr("?&", x->url[n - 1]) ? "" : "&";
    buf_init(&pair, sizeof x->url);
    int err = put_escaped(&pair, k->name);
    if (!err && !has_parameter(x->url, buf_get(&pair)) && !(err = buf_char(&pair, '=')) &&
        !(err = put_escaped(&pair, k->value))) {
        int written = snprintf(x->url + n, sizeof x->url - n, "%s" VIEW_FMT, join, VIEW_ARG(buf_get(&pair)));
        err = (size_t)written < sizeof x->url - n ? 0 : ERR_TOO_BIG;
    }
    buf_fini(&pair);
    return err;
}

static int add_keys(const struct feed_access *a, const struct dialect_request *req, struct access_extra *x)
{
    int err = 0;
    for (int i = 0; i < a->n_keys && !err; i++) {
        const struct access_key *k = &a->keys[i];
        if (k->in_query)
            err = add_parameter(x, k);
        else if (!has_header(req, k->name))
            add_header(x, k->name, view_of(k->value));
    }
    return err;
}

/* "Basic " and user:password; for a token's endpoint both escaped first (RFC 6749 section 2.3.1). */
static int write_basic(const struct feed_access *a, bool escaped, struct buf *out)
{
    struct buf pair;
    buf_init(&pair, SECRET_MAX);
    if (escaped) {
        (void)put_escaped(&pair, a->user);
        buf_char(&pair, ':');
        (void)put_escaped(&pair, a->password);
    } else {
        buf_printf(&pair, "%s:%s", a->user, a->password);
    }
    buf_str(out, "Basic ");
    int err = pair.err ? pair.err : base64_encode(out, buf_get(&pair));
    buf_fini(&pair);
    return err ? err : out->err;
}

int access_add(const struct feed *f, const struct access_token *t, const struct dialect_request *req,
               struct access_extra *out, struct why *why)
{
    const struct feed_access *a = &f->access;
    int err = view_copy(view_of(req->url), out->url, sizeof out->url);
    if (!err && a->kind == ACCESS_KEY)
        err = add_keys(a, req, out);
    else if (!err && a->kind == ACCESS_BASIC)
        err = write_basic(a, false, &out->authorization);
    else if (!err && (a->kind == ACCESS_BEARER || a->kind == ACCESS_OAUTH2))
        err = buf_printf(&out->authorization, "Bearer %s", a->kind == ACCESS_BEARER ? a->bearer : t->text);
    if (err)
        return why_set(why, err, "/access", "does not fit into a request: %s", err_text(err));
    if (out->authorization.n && !has_header(req, "Authorization"))
        add_header(out, "Authorization", buf_get(&out->authorization));
    return 0;
}

static int write_form(const struct feed_access *a, struct buf *out)
{
    buf_str(out, "grant_type=client_credentials");
    if (a->scope) {
        buf_str(out, "&scope=");
        (void)put_escaped(out, a->scope);
    }
    if (a->in_body) {
        buf_str(out, "&client_id=");
        (void)put_escaped(out, a->user);
        buf_str(out, "&client_secret=");
        (void)put_escaped(out, a->password);
    }
    return out->err;
}

int access_ask_token(const struct feed_access *a, struct access_extra *out, struct why *why)
{
    int err = view_copy(view_of(a->token_url), out->url, sizeof out->url);
    if (!err)
        err = write_form(a, &out->form);
    if (!err && !a->in_body)
        err = write_basic(a, true, &out->authorization);
    if (err)
        return why_set(why, err, "/access/oauth2", "does not fit into a request: %s", err_text(err));
    add_header(out, "Content-Type", VIEW("application/x-www-form-urlencoded"));
    add_header(out, "Accept", VIEW("application/json"));
    if (!a->in_body)
        add_header(out, "Authorization", buf_get(&out->authorization));
    return 0;
}

/* ---- before it is stored */

static int check_member(const struct json *params, const char *where, struct view name, struct why *why)
{
    for (const struct json *m = json_first(json_get(params, where)); m; m = json_next(m)) {
        bool same = strcmp(where, "headers") ? view_eq(json_key(m), name)
                                             : json_key(m).n == name.n && view_ieq(json_key(m), name.p);
        if (same)
            return why_set(why, ERR_INVALID, "/access",
                           "/params/%s sets " VIEW_FMT " too; keep one of the two", where, VIEW_ARG(name));
    }
    return 0;
}

static int check_params(const struct feed_access *a, const struct json *params, struct why *why)
{
    int err = 0;
    if (a->kind != ACCESS_KEY)
        return check_member(params, "headers", VIEW("Authorization"), why);
    for (int i = 0; i < a->n_keys && !err; i++)
        err = check_member(params, a->keys[i].in_query ? "query" : "headers", view_of(a->keys[i].name), why);
    return err;
}

int access_check(const struct feed *f, struct why *why)
{
    struct json *params = NULL;
    int err = 0;
    if (f->access.kind == ACCESS_NONE)
        return 0;
    if (f->access.kind == ACCESS_OAUTH2 && (err = fetch_check_url(view_of(f->access.token_url), why))) {
        why_under(why, "/access/oauth2/token_url");
        return err;
    }
    if ((err = json_parse(view_of(f->params), &params, why)) == 0)
        err = check_params(&f->access, params, why);
    json_free(params);
    return err;
}

/* ---- whole requests */

int access_request(const struct feed *f, const struct access_token *t, const struct dialect_request *req,
                   struct access_extra *x, struct access_headers *h, struct fetch_request *out,
                   struct why *why)
{
    struct view url = view_of(req->url);
    for (int i = 0; i < req->n_headers; i++)
        h->v[h->n++] = (struct fetch_header){view_of(req->headers[i].name), view_of(req->headers[i].value)};
    if (access_applies(f, url)) {
        int err = access_add(f, t, req, x, why);
        if (err)
            return err;
        url = view_of(x->url);
        for (size_t i = 0; i < x->n_headers; i++)
            h->v[h->n++] = x->headers[i];
    }
    *out = (struct fetch_request){.method = view_of(req->method),
                                  .url = url,
                                  .headers = h->v,
                                  .n_headers = h->n,
                                  .body = buf_get(&req->body)};
    return 0;
}

int access_token_request(const struct feed *f, struct access_extra *x, struct fetch_request *out,
                         struct why *why)
{
    int err = access_ask_token(&f->access, x, why);
    *out = (struct fetch_request){.method = VIEW("POST"),
                                  .url = view_of(x->url),
                                  .headers = x->headers,
                                  .n_headers = x->n_headers,
                                  .body = buf_get(&x->form)};
    return err;
}

struct fetch_tls access_tls(const struct feed *f)
{
    const struct tls_files *tls = &f->tls;
    return (struct fetch_tls){tls->ca_file, tls->cert_file, tls->key_file, tls->skip_verify};
}
