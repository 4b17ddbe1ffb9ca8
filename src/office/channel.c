/* SPDX-License-Identifier: MIT
 * How a message goes out: a signed webhook (Standard Webhooks), or the robots of WeCom, DingTalk and Feishu
 * as their vendors' pages describe them: text messages, a signature in the URL (DingTalk) or the body
 * (Feishu), a code inside an answer of 200.
 */
#include <stdio.h>
#include <string.h>

#include "office/incidents.h"
#include "parkd/base/crypto.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/webhook.h"
#include "parkd/net/fetch.h"

#define URL_MAX  2048
#define BODY_MAX 65536
#define TEXT_MAX 2000 /* bytes: WeCom's robots take 2 048 */

/* --- documents --- */

static int parse_quiet(const struct json *doc, struct channel *c, struct why *why)
{
    static const char *const known[] = {"from", "to", NULL};
    const struct json *quiet = NULL;
    int *const minutes[] = {&c->quiet_from, &c->quiet_to};
    int err = json_want_node(doc, "quiet", JSON_OBJECT, &quiet, why);
    c->quiet_from = c->quiet_to = -1;
    if (err || !quiet)
        return err;
    err = json_only(quiet, known, why);
    for (int i = 0; i < 2 && !err; i++) {
        struct view text = json_text(json_get(quiet, known[i]));
        int64_t h = 0, m = 0;
        if (text.n != 5 || text.p[2] != ':' || view_to_int((struct view){text.p, 2}, 0, 23, &h) ||
            view_to_int((struct view){text.p + 3, 2}, 0, 59, &m))
            err = why_set(why, ERR_INVALID, i ? "/to" : "/from", "must be a time like 22:00");
        *minutes[i] = (int)(h * 60 + m);
    }
    if (err)
        why_under(why, "/quiet");
    return err;
}

static int check_secret(const struct channel *c, struct why *why)
{
    if (c->kind != CHANNEL_WEBHOOK)
        return 0;
    int err = webhook_check_secret(view_of(c->secret), why);
    if (err)
        why_under(why, "/secret");
    return err;
}

int channel_parse(const struct json *doc, struct channel *out, struct why *why)
{
    static const char *const known[] = {"id",   "kind",  "url",     "secret", "for",
                                        "lang", "quiet", "enabled", NULL},
                             *const kinds[] = {"webhook", "wecom", "dingtalk", "feishu", NULL},
                             *const langs[] = {"zh", "en", NULL};
    int kind = -1, lang = 0;
    *out = (struct channel){.enabled = true};
    int err = json_only(doc, known, why);
    err = err ? err : json_need_str(doc, "id", out->id, sizeof out->id, why);
    if (!err && !lot_id_valid(view_of(out->id)))
        err = why_set(why, ERR_INVALID, "/id", "must be 1 to 32 letters, digits, '.', '_' or '-'");
    err = err ? err : json_want_enum(doc, "kind", kinds, &kind, why);
    if (!err && kind < 0)
        err = why_set(why, ERR_MISSING, "/kind", "must be webhook, wecom, dingtalk or feishu");
    err = err ? err : json_need_str(doc, "url", out->url, sizeof out->url, why);
    if (!err && (err = fetch_check_url(view_of(out->url), why)))
        why_under(why, "/url");
    err = err ? err : json_want_str(doc, "secret", out->secret, sizeof out->secret, why);
    err = err ? err : json_want_str(doc, "for", out->audience, sizeof out->audience, why);
    err = err ? err : json_want_enum(doc, "lang", langs, &lang, why);
    err = err ? err : json_want_bool(doc, "enabled", &out->enabled, why);
    err = err ? err : parse_quiet(doc, out, why);
    if (err)
        return err;
    out->kind = (enum channel_kind)kind;
    out->english = lang == 1;
    return check_secret(out, why);
}

bool channel_is_quiet(const struct channel *c, int64_t now_ms)
{
    int now = (int)((now_ms + BEIJING_MS) / MINUTE_MS % (24 * 60));
    if (c->quiet_from < 0)
        return false;
    return c->quiet_from <= c->quiet_to ? now >= c->quiet_from && now < c->quiet_to
                                        : now >= c->quiet_from || now < c->quiet_to;
}

/* --- requests --- */

static void header(struct channel_request *r, const char *name, const char *value)
{
    r->headers[r->n_headers++] = (struct fetch_header){view_of(name), view_of(value)};
}

/* Whole characters of at most n bytes. */
static struct view cut(struct view text, size_t n)
{
    if (text.n <= n)
        return text;
    while (n && ((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    return (struct view){text.p, n};
}

static int hmac64(struct view key, struct view data, struct buf *out)
{
    unsigned char mac[DIGEST_MAX];
    size_t n = 0;
    int rc = crypto_hmac(DIGEST_SHA256, key, data, mac, &n);
    return rc ? rc : base64_encode(out, (struct view){(const char *)mac, n});
}

static void put_escaped(struct buf *out, struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '+' || text.p[i] == '/' || text.p[i] == '=')
            buf_printf(out, "%%%02X", (unsigned char)text.p[i]);
        else
            buf_char(out, text.p[i]);
    }
}

/* sign = Base64(HMAC-SHA256(secret, "<ms>\n<secret>")), URL-encoded. */
static int sign_dingtalk(const struct channel *c, int64_t now_ms, struct buf *url)
{
    struct buf data, sign;
    if (!c->secret[0])
        return 0;
    buf_init(&data, 256);
    buf_init(&sign, 64);
    buf_printf(&data, "%lld\n%s", (long long)now_ms, c->secret);
    int rc = hmac64(view_of(c->secret), buf_get(&data), &sign);
    buf_printf(url, "%stimestamp=%lld&sign=", strchr(c->url, '?') ? "&" : "?", (long long)now_ms);
    put_escaped(url, buf_get(&sign));
    buf_fini(&data);
    buf_fini(&sign);
    return rc;
}

/* sign = Base64(HMAC-SHA256("<s>\n<secret>", "")), in the body. */
static int sign_feishu(const struct channel *c, int64_t now_ms, struct json_writer *w)
{
    char stamp[24];
    struct buf key, sign;
    if (!c->secret[0])
        return 0;
    (void)snprintf(stamp, sizeof stamp, "%lld", (long long)(now_ms / 1000));
    buf_init(&key, 256);
    buf_init(&sign, 64);
    buf_printf(&key, "%s\n%s", stamp, c->secret);
    int rc = hmac64(buf_get(&key), VIEW(""), &sign);
    jw_str(w, "timestamp", stamp);
    jw_view(w, "sign", buf_get(&sign));
    buf_fini(&key);
    buf_fini(&sign);
    return rc;
}

static int write_webhook(const struct channel *c, const struct message *m, int64_t now_ms,
                         struct channel_request *r)
{
    struct json_writer w;
    jw_init(&w, &r->body);
    jw_object(&w, NULL);
    jw_str(&w, "type", "parking.incidents");
    jw_str(&w, "id", m->id);
    jw_object(&w, "text");
    jw_view(&w, "zh", m->zh);
    jw_view(&w, "en", m->en);
    jw_end_object(&w);
    jw_raw(&w, "incidents", m->incidents);
    jw_end_object(&w);
    if (r->body.err)
        return r->body.err;
    const struct webhook_message signed_one = {view_of(m->id), now_ms / 1000, buf_get(&r->body)};
    (void)snprintf(r->webhook_id, sizeof r->webhook_id, "%s", m->id);
    (void)snprintf(r->stamp, sizeof r->stamp, "%lld", (long long)(now_ms / 1000));
    int rc = webhook_sign(view_of(c->secret), &signed_one, r->signature);
    header(r, "webhook-id", r->webhook_id);
    header(r, "webhook-timestamp", r->stamp);
    header(r, "webhook-signature", r->signature);
    return rc;
}

static int write_robot(const struct channel *c, const struct message *m, int64_t now_ms,
                       struct channel_request *r)
{
    bool feishu = c->kind == CHANNEL_FEISHU;
    struct json_writer w;
    int rc = 0;
    jw_init(&w, &r->body);
    jw_object(&w, NULL);
    if (feishu)
        rc = sign_feishu(c, now_ms, &w);
    jw_str(&w, feishu ? "msg_type" : "msgtype", "text");
    jw_object(&w, feishu ? "content" : "text");
    jw_view(&w, feishu ? "text" : "content", cut(c->english ? m->en : m->zh, TEXT_MAX));
    jw_end_object(&w);
    jw_end_object(&w);
    if (!rc && c->kind == CHANNEL_DINGTALK)
        rc = sign_dingtalk(c, now_ms, &r->url);
    return rc ? rc : r->body.err;
}

int channel_request_make(const struct channel *c, const struct message *m, int64_t now_ms,
                         struct channel_request *out)
{
    *out = (struct channel_request){.n_headers = 0};
    buf_init(&out->url, URL_MAX);
    buf_init(&out->body, BODY_MAX);
    buf_str(&out->url, c->url);
    header(out, "Content-Type", "application/json");
    int rc = c->kind == CHANNEL_WEBHOOK ? write_webhook(c, m, now_ms, out) : write_robot(c, m, now_ms, out);
    return rc ? rc : out->url.err;
}

void channel_request_fini(struct channel_request *r)
{
    buf_fini(&r->url);
    buf_fini(&r->body);
}

bool channel_took(const struct channel *c, int status, struct view body)
{
    struct json *doc = NULL;
    bool good = status >= 200 && status < 300;
    if (!good || c->kind == CHANNEL_WEBHOOK)
        return good;
    if (json_parse(body, &doc, NULL))
        return false;
    const struct json *code = json_get(doc, c->kind == CHANNEL_FEISHU ? "code" : "errcode");
    if (!code && c->kind == CHANNEL_FEISHU)
        code = json_get(doc, "StatusCode"); /* as older robots answer */
    int64_t v = -1;
    good = code && json_int(code, INT32_MIN, INT32_MAX, &v) == 0 && v == 0;
    json_free(doc);
    return good;
}
