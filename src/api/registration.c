/* SPDX-License-Identifier: MIT
 * Masks for registrations.
 */
#include "api/registration.h"

#define MASK "***"

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
    TREAT_TOP
};

struct masking {
    struct json_writer *w;
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
    return treat == TREAT_PLAIN || treat == TREAT_PARAM || treat == TREAT_TOP;
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
        if (treat == TREAT_COUNT) {
            jw_int(m->w, NULL, (int64_t)json_size(j));
            break;
        }
        jw_array(m->w, NULL);
        write_members(m, j, treat);
        jw_end_array(m->w);
        break;
    case JSON_STRING:
        jw_view(m->w, NULL, is_open(treat) ? json_text(j) : VIEW(MASK));
        break;
    default:
        jw_json(m->w, NULL, j);
        break;
    }
}

void registration_write(struct json_writer *w, enum noun noun, struct view text, struct view params)
{
    struct json *doc = NULL, *declared = NULL;
    struct masking m = {.w = w};
    if (noun == NOUN_LOT) {
        jw_raw(w, NULL, text);
        return;
    }
    if (json_parse(text, &doc, NULL)) { /* stored by us, so only without memory */
        jw_null(w, NULL);
        return;
    }
    if (params.n && json_parse(params, &declared, NULL) == 0)
        m.params = declared;
    write_value(&m, doc, TREAT_TOP);
    json_free(declared);
    json_free(doc);
}

int registration_refuse_masks(const struct json *doc, struct why *why)
{
    int i = 0;
    if (json_is(doc, JSON_STRING) && view_is(json_text(doc), MASK))
        return why_set(why, ERR_INVALID, "", "is a mask; give the secret itself");
    for (const struct json *v = json_first(doc); v; v = json_next(v), i++) {
        int err = registration_refuse_masks(v, why);
        if (!err)
            continue;
        if (json_is(doc, JSON_OBJECT))
            why_under(why, "/" VIEW_FMT, VIEW_ARG(json_key(v)));
        else
            why_under(why, "/%d", i);
        return err;
    }
    return 0;
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
