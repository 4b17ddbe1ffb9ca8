/* SPDX-License-Identifier: MIT
 * Tokens of OAuth 2: what an endpoint answers (RFC 6749 section 5), and how long one is good. A token is
 * renewed before it ends, so that no request meets an ended one.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/access.h"
#include "parkd/base/json.h"

#define PLACE      "/access/oauth2/token_url"
#define TOKEN_MAX  8000
#define LIFE_S     3600 /* of a token whose answer does not say; a refusal renews it sooner */
#define LIFE_MAX_S (30 * 86400)
#define MARGIN_MS  30000 /* or a quarter of its life, if that is shorter */
#define ANSWER_MAX (64 * 1024)

void access_token_clear(struct access_token *t)
{
    free(t->text);
    *t = (struct access_token){0};
}

bool access_token_good(const struct access_token *t, int64_t now_ms)
{
    return t->text && now_ms < t->until_ms;
}

/* The code of an error answer, if it looks like one. What else such an answer says might repeat a secret. */
static struct view error_code(const struct json *doc)
{
    struct view code = json_text(json_get(doc, "error"));
    bool good = code.n > 0 && code.n <= 40;
    for (size_t i = 0; i < code.n && good; i++)
        good = (code.p[i] >= 'a' && code.p[i] <= 'z') || code.p[i] == '_';
    return good ? code : (struct view){0};
}

static int refused(const struct fetch_result *res, const struct json *doc, struct why *why)
{
    struct view code = error_code(doc);
    int err = res->status == 400 || res->status == 401 || res->status == 403 ? ERR_AUTH : ERR_REFUSED;
    return why_set(why, err, PLACE, "the token endpoint answered HTTP %d%s" VIEW_FMT, res->status,
                   code.n ? ": " : "", VIEW_ARG(code));
}

static bool is_token(struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
            return false;
    }
    return text.n > 0 && text.n <= TOKEN_MAX;
}

/* A number, or its digits as text. */
static int64_t life_s(const struct json *doc)
{
    const struct json *v = json_get(doc, "expires_in");
    int64_t s = 0;
    if (json_is(v, JSON_NUMBER) ? json_int(v, 1, INT32_MAX, &s) : view_to_int(json_text(v), 1, INT32_MAX, &s))
        return LIFE_S;
    return s < LIFE_MAX_S ? s : LIFE_MAX_S;
}

static int read_token(struct access_token *t, const struct json *doc, int64_t asked_ms, struct why *why)
{
    struct view text = json_text(json_get(doc, "access_token")),
                type = json_text(json_get(doc, "token_type"));
    if (!text.n)
        return why_set(why, ERR_MISSING, PLACE, "the token endpoint gave no access_token");
    if (!is_token(text))
        return why_set(why, ERR_INVALID, PLACE, "the token endpoint gave what cannot be a token");
    if (type.n && !view_ieq(type, "bearer"))
        return why_set(why, ERR_INVALID, PLACE,
                       "the token endpoint gave a token of another type than Bearer");
    char *copy = view_dup(text);
    if (!copy)
        return why_set(why, ERR_NOMEM, PLACE, "%s", err_text(ERR_NOMEM));
    int64_t life_ms = life_s(doc) * 1000;
    access_token_clear(t);
    t->text = copy;
    t->until_ms = asked_ms + life_ms - (life_ms / 4 < MARGIN_MS ? life_ms / 4 : MARGIN_MS);
    return 0;
}

int access_take_token(struct access_token *t, const struct fetch_result *res, int64_t asked_ms,
                      struct why *why)
{
    struct json *doc = NULL;
    access_token_clear(t);
    if (res->err)
        return why_set(why, res->err, PLACE, "the token endpoint: %s",
                       res->detail[0] ? res->detail : err_text(res->err));
    int bad = res->body.n > ANSWER_MAX ? ERR_TOO_BIG : json_parse(res->body, &doc, NULL);
    int err;
    if (res->status / 100 != 2 || error_code(doc).n)
        err = refused(res, doc, why);
    else if (bad)
        err = why_set(why, ERR_SYNTAX, PLACE, "the token endpoint answered no JSON");
    else
        err = read_token(t, doc, asked_ms, why);
    json_free(doc);
    return err;
}
