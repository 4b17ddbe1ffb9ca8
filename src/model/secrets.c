/* SPDX-License-Identifier: MIT
 * Secrets of registrations: found by their place, masked, sealed, opened.
 */
#include "parkd/model/secrets.h"

#include <stdio.h>
#include <string.h>

#include "parkd/base/crypto.h"
#include "parkd/base/json.h"

/* What to do with the texts below a member. */
enum treat {
    TREAT_PLAIN,
    TREAT_HIDE,
    TREAT_COUNT,
    TREAT_PARAMS,
    TREAT_PARAM,
    TREAT_AUTH,
    TREAT_ACCESS,
    TREAT_MQTT,
    TREAT_TOP,
    TREAT_CHANNEL
};

struct masking {
    struct json_writer *w;
    const struct secrets_rule *rule;
    const struct json *params; /* declared; NULL: not known */
};

static enum treat treat_top(struct view key)
{
    static const struct {
        const char *key;
        enum treat treat;
    } rows[] = {{"secret", TREAT_HIDE},  {"bearer", TREAT_HIDE},   {"params", TREAT_PARAMS},
                {"auth", TREAT_AUTH},    {"access", TREAT_ACCESS}, {"mqtt", TREAT_MQTT},
                {"readers", TREAT_COUNT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (view_is(key, rows[i].key))
            return rows[i].treat;
    }
    return TREAT_PLAIN;
}

static bool is_one_of(struct view key, const char *const *names)
{
    while (*names && !view_is(key, *names))
        names++;
    return *names != NULL;
}

/* Headers and queries of requests carry keys, whatever the dialect calls them. */
static bool secret_param(const struct masking *m, struct view key)
{
    char name[64];
    if (!m->params || view_copy(key, name, sizeof name) || view_is(key, "headers") || view_is(key, "query"))
        return true;
    struct view type = json_text(json_get(m->params, name));
    return !type.n || view_starts(type, "secret");
}

/* In "access" everything is secret but what is named: a member that is new here is hidden until somebody
 * says otherwise. Its kinds and the elements of a list of keys are entered. */
static enum treat treat_access(const struct json *member)
{
    static const char *const shown[] = {"user", "header", "query", "token_url", "client_id", "scope", NULL};
    if (json_is(member, JSON_OBJECT) || json_is(member, JSON_ARRAY))
        return TREAT_ACCESS;
    return is_one_of(json_key(member), shown) ? TREAT_PLAIN : TREAT_HIDE;
}

static enum treat treat_auth(struct view key)
{
    static const char *const counted[] = {"bearer_sha256", "url_secret_sha256", NULL};
    if (is_one_of(key, counted))
        return TREAT_COUNT;
    return view_is(key, "addresses") ? TREAT_PLAIN : TREAT_HIDE;
}

static enum treat treat_member(const struct masking *m, enum treat parent, const struct json *member)
{
    struct view key = json_key(member);
    switch (parent) {
    case TREAT_TOP:
        return treat_top(key);
    case TREAT_CHANNEL:
        return view_is(key, "secret") || view_is(key, "url") ? TREAT_HIDE : TREAT_PLAIN;
    case TREAT_AUTH:
        return treat_auth(key);
    case TREAT_PARAMS:
        return secret_param(m, key) ? TREAT_HIDE : TREAT_PARAM;
    case TREAT_PARAM: /* the requests that a mapping joins have headers too */
        return view_is(key, "headers") ? TREAT_HIDE : TREAT_PARAM;
    case TREAT_ACCESS:
        return treat_access(member);
    case TREAT_MQTT:
        return view_is(key, "password") ? TREAT_HIDE : TREAT_PLAIN;
    default:
        return parent;
    }
}

static bool is_open(enum treat treat)
{
    return treat == TREAT_PLAIN || treat == TREAT_PARAM || treat == TREAT_TOP || treat == TREAT_CHANNEL;
}

static void write_value(const struct masking *m, const struct json *j, enum treat treat);

static void write_members(const struct masking *m, const struct json *j, enum treat treat)
{
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        if (json_is(j, JSON_OBJECT))
            jw_key(m->w, json_key(v));
        write_value(m, v, json_is(j, JSON_OBJECT) ? treat_member(m, treat, v) : treat);
    }
}

/* Depth is bounded by what json_parse accepts. */
static void write_value(const struct masking *m, const struct json *j, enum treat treat)
{
    switch (json_kind(j)) {
    case JSON_OBJECT:
        jw_object(m->w, NULL);
        write_members(m, j, treat);
        jw_end_object(m->w);
        break;
    case JSON_ARRAY:
        if (treat == TREAT_COUNT && m->rule->count) {
            jw_int(m->w, NULL, (int64_t)json_size(j));
            break;
        }
        jw_array(m->w, NULL);
        write_members(m, j, treat);
        jw_end_array(m->w);
        break;
    case JSON_STRING:
        if (is_open(treat) || (treat == TREAT_COUNT && !m->rule->count))
            jw_view(m->w, NULL, json_text(j));
        else
            m->rule->text(m->rule->ctx, m->w, json_text(j));
        break;
    default:
        jw_json(m->w, NULL, j);
        break;
    }
}

static bool has_secrets(enum noun noun)
{
    return noun == NOUN_FEED || noun == NOUN_SINK || noun == NOUN_CHANNEL;
}

void secrets_rewrite(struct json_writer *w, enum noun noun, struct view text, struct view params,
                     const struct secrets_rule *rule)
{
    struct json *doc = NULL, *declared = NULL;
    struct masking m = {.w = w, .rule = rule};
    if (!has_secrets(noun)) {
        jw_raw(w, NULL, text);
        return;
    }
    if (json_parse(text, &doc, NULL)) { /* stored by us, so only without memory */
        jw_null(w, NULL);
        return;
    }
    if (params.n && json_parse(params, &declared, NULL) == 0)
        m.params = declared;
    write_value(&m, doc, noun == NOUN_CHANNEL ? TREAT_CHANNEL : TREAT_TOP);
    json_free(declared);
    json_free(doc);
}

/* --- masks --- */

static void mask(void *ctx, struct json_writer *w, struct view secret)
{
    (void)ctx;
    (void)secret;
    jw_str(w, NULL, SECRETS_MASK);
}

void secrets_mask(struct json_writer *w, enum noun noun, struct view text, struct view params)
{
    secrets_rewrite(w, noun, text, params, &(struct secrets_rule){.text = mask, .count = true});
}

static const struct json *twin_of(const struct json *held, const struct json *member, bool object, size_t at)
{
    const struct json *h = held ? json_first(held) : NULL;
    for (size_t i = 0; h; h = json_next(h), i++) {
        if (object ? view_eq(json_key(h), json_key(member)) : i == at)
            return h;
    }
    return NULL;
}

/* Depth is bounded by what json_parse accepts. */
static int unmask(struct json_writer *w, const struct json *j, const struct json *held, struct why *why)
{
    bool object = json_is(j, JSON_OBJECT);
    size_t i = 0;
    int rc = 0;
    bool masked = json_is(j, JSON_STRING) && view_is(json_text(j), SECRETS_MASK);
    if (masked && !json_is(held, JSON_STRING))
        return why_set(why, ERR_INVALID, "", "is a mask, and nothing was held here; give the secret itself");
    if (!object && !json_is(j, JSON_ARRAY)) {
        jw_json(w, NULL, masked || (json_is(j, JSON_NUMBER) && json_is(held, JSON_ARRAY)) ? held : j);
        return 0;
    }
    if (object)
        jw_object(w, NULL);
    else
        jw_array(w, NULL);
    for (const struct json *m = json_first(j); m && !rc; m = json_next(m), i++) {
        if (object)
            jw_key(w, json_key(m));
        rc = unmask(w, m, twin_of(held, m, object, i), why);
        if (rc && object)
            why_under(why, "/" VIEW_FMT, VIEW_ARG(json_key(m)));
        else if (rc)
            why_under(why, "/%zu", i);
    }
    if (object)
        jw_end_object(w);
    else
        jw_end_array(w);
    return rc;
}

int secrets_unmask(struct buf *out, const struct json *doc, const struct json *held, struct why *why)
{
    struct json_writer w;
    jw_init(&w, out);
    int rc = unmask(&w, doc, held, why);
    return rc ? rc : out->err;
}

/* --- sealing --- */

struct sealing {
    const unsigned char *key;
    char about[64];
    int err;
};

static struct sealing sealing_of(const unsigned char *key, enum noun noun, struct view id)
{
    struct sealing s = {.key = key};
    (void)snprintf(s.about, sizeof s.about, "%s:" VIEW_FMT, noun_name(noun), VIEW_ARG(id));
    return s;
}

static void seal_text(void *ctx, struct json_writer *w, struct view secret)
{
    struct sealing *s = ctx;
    struct buf b;
    if (!secret.n || secret_is_sealed(secret)) {
        jw_view(w, NULL, secret);
        return;
    }
    buf_init(&b, 2 * SEAL_TEXT_MAX);
    int rc = secret_seal(&b, s->key, view_of(s->about), secret);
    s->err = s->err ? s->err : rc;
    jw_view(w, NULL, buf_get(&b));
    buf_fini(&b);
}

int secrets_seal(struct buf *out, const unsigned char key[32], enum noun noun, struct view id,
                 struct view text, struct view params)
{
    struct sealing s = sealing_of(key, noun, id);
    struct json_writer w;
    jw_init(&w, out);
    secrets_rewrite(&w, noun, text, params, &(struct secrets_rule){.ctx = &s, .text = seal_text});
    return s.err ? s.err : out->err;
}

static void open_text(struct sealing *s, struct json_writer *w, struct view text)
{
    struct buf b;
    buf_init(&b, SEAL_TEXT_MAX);
    int rc = secret_open(&b, s->key, view_of(s->about), text);
    s->err = s->err ? s->err : rc;
    jw_view(w, NULL, rc ? text : buf_get(&b));
    if (b.p)
        explicit_bzero(b.p, b.n);
    buf_fini(&b);
}

/* Depth is bounded by what json_parse accepts. */
static void open_value(struct sealing *s, struct json_writer *w, const struct json *j)
{
    bool object = json_is(j, JSON_OBJECT);
    if (json_is(j, JSON_STRING) && secret_is_sealed(json_text(j))) {
        open_text(s, w, json_text(j));
        return;
    }
    if (!object && !json_is(j, JSON_ARRAY)) {
        jw_json(w, NULL, j);
        return;
    }
    if (object)
        jw_object(w, NULL);
    else
        jw_array(w, NULL);
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        if (object)
            jw_key(w, json_key(v));
        open_value(s, w, v);
    }
    if (object)
        jw_end_object(w);
    else
        jw_end_array(w);
}

int secrets_open(struct buf *out, const unsigned char key[32], enum noun noun, struct view id,
                 struct view text)
{
    struct sealing s = sealing_of(key, noun, id);
    struct json *doc = NULL;
    struct json_writer w;
    int rc = json_parse(text, &doc, NULL);
    if (rc)
        return rc;
    jw_init(&w, out);
    open_value(&s, &w, doc);
    json_free(doc);
    return out->err ? out->err : s.err;
}

int secrets_key_mark(const unsigned char key[32], char out[SECRETS_MARK_SIZE])
{
    static const char about[] = "parkd master key\n";
    char text[sizeof about - 1 + SEAL_KEY_BYTES];
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    struct buf hex;
    memcpy(text, about, sizeof about - 1);
    memcpy(text + sizeof about - 1, key, SEAL_KEY_BYTES);
    buf_init(&hex, SECRETS_MARK_SIZE);
    int rc = crypto_digest(DIGEST_SHA256, (struct view){text, sizeof text}, digest, &n);
    rc = rc ? rc : hex_encode(&hex, (struct view){(const char *)digest, (SECRETS_MARK_SIZE - 1) / 2});
    rc = rc ? rc : view_copy(buf_get(&hex), out, SECRETS_MARK_SIZE);
    buf_fini(&hex);
    explicit_bzero(text, sizeof text);
    return rc;
}

void registration_dialect(struct view text, char *dst, size_t size)
{
    struct json *doc = NULL;
    dst[0] = '\0';
    if (json_parse(text, &doc, NULL))
        return;
    if (view_copy(json_text(json_get(doc, "dialect")), dst, size))
        dst[0] = '\0';
    json_free(doc);
}
