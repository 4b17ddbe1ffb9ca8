/* SPDX-License-Identifier: MIT
 * Fills struct conf from JSON, environment and command line by the table in conf_table.c, and prints it back.
 */
#include "parkd/conf/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_table.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

#define MAX_FIELDS 64

static void *value_of(struct conf *c, const struct conf_field *f)
{
    return (char *)c + f->where;
}

static const void *value_in(const struct conf *c, const struct conf_field *f)
{
    return (const char *)c + f->where;
}

/* "public.listen" as a JSON pointer, "/public/listen". */
static void pointer_of(const char *key, char *dst, size_t size)
{
    (void)snprintf(dst, size, "/%s", key);
    for (char *p = dst; *p; p++)
        if (*p == '.')
            *p = '/';
}

static int wrong(struct why *why, int code, const struct conf_field *f, const char *text)
{
    char at[64];
    pointer_of(f->key, at, sizeof at);
    return why_set(why, code, at, "%s", text);
}

static int set_text(char *dst, const struct conf_field *f, struct view v, struct why *why)
{
    return view_copy(v, dst, CONF_PATH_SIZE) ? wrong(why, ERR_TOO_BIG, f, "longer than 511 bytes") : 0;
}

static int set_word(char *dst, const struct conf_field *f, struct view v, struct why *why)
{
    for (const char *const *w = f->words; *w; w++)
        if (view_is(v, *w))
            return set_text(dst, f, v, why);
    char text[160] = "must be one of";
    for (const char *const *w = f->words; *w; w++) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof text - n, " %s", *w);
    }
    return wrong(why, ERR_INVALID, f, text);
}

static int set_int(int64_t *dst, const struct conf_field *f, int64_t v, struct why *why)
{
    char text[80];
    if (v < f->min || v > f->max) {
        (void)snprintf(text, sizeof text, "must be %lld to %lld", (long long)f->min, (long long)f->max);
        return wrong(why, ERR_RANGE, f, text);
    }
    *dst = v;
    return 0;
}

static int list_add(struct conf_list *l, const struct conf_field *f, struct view v, struct why *why)
{
    if (l->n == CONF_LIST_MAX)
        return wrong(why, ERR_FULL, f, "more than 16 entries");
    return set_text(l->v[l->n++], f, v, why);
}

static int set_list(struct conf_list *l, const struct conf_field *f, struct view text, struct why *why)
{
    *l = (struct conf_list){0};
    while (text.p) {
        struct view part = view_trim(view_cut(&text, ','));
        int err = part.n ? list_add(l, f, part, why) : 0;
        if (err)
            return err;
    }
    return 0;
}

static int set_field(struct conf *c, const struct conf_field *f, struct view v, struct why *why)
{
    int64_t i = 0;
    double real = 0;
    switch (f->type) {
    case CONF_TEXT:
        return set_text(value_of(c, f), f, v, why);
    case CONF_WORD:
        return set_word(value_of(c, f), f, v, why);
    case CONF_LIST:
        return set_list(value_of(c, f), f, v, why);
    case CONF_INT:
        if (view_to_int(v, INT64_MIN, INT64_MAX, &i))
            return wrong(why, ERR_TYPE, f, "must be a whole number");
        return set_int(value_of(c, f), f, i, why);
    case CONF_REAL:
        if (view_to_real(v, &real) || real < (double)f->min || real > (double)f->max)
            return wrong(why, ERR_RANGE, f, "must be a number in range");
        *(double *)value_of(c, f) = real;
        return 0;
    }
    return ERR_INVALID;
}

void conf_defaults(struct conf *c)
{
    *c = (struct conf){0};
    for (size_t i = 0; i < conf_n_fields; i++)
        if (set_field(c, &conf_fields[i], view_of(conf_fields[i].def), NULL))
            *c = (struct conf){0}; /* a wrong default would be our bug; test_conf holds every one */
}

static int json_list(struct conf *c, const struct conf_field *f, const struct json *j, struct why *why)
{
    struct conf_list *l = value_of(c, f);
    if (!json_is(j, JSON_ARRAY))
        return wrong(why, ERR_TYPE, f, "must be a list of texts");
    *l = (struct conf_list){0};
    for (const struct json *e = json_first(j); e; e = json_next(e)) {
        if (!json_is(e, JSON_STRING))
            return wrong(why, ERR_TYPE, f, "must be a list of texts");
        int err = list_add(l, f, json_text(e), why);
        if (err)
            return err;
    }
    return 0;
}

static int json_field(struct conf *c, const struct conf_field *f, const struct json *j, struct why *why)
{
    int64_t i = 0;
    switch (f->type) {
    case CONF_LIST:
        return json_list(c, f, j, why);
    case CONF_TEXT:
    case CONF_WORD:
        return json_is(j, JSON_STRING) ? set_field(c, f, json_text(j), why)
                                       : wrong(why, ERR_TYPE, f, "must be a text");
    case CONF_INT:
        if (!json_is(j, JSON_NUMBER) || json_int(j, -(1LL << 53), 1LL << 53, &i))
            return wrong(why, ERR_TYPE, f, "must be a whole number");
        return set_int(value_of(c, f), f, i, why);
    case CONF_REAL:
        if (!json_is(j, JSON_NUMBER) || json_number(j) < (double)f->min || json_number(j) > (double)f->max)
            return wrong(why, ERR_RANGE, f, "must be a number in range");
        *(double *)value_of(c, f) = json_number(j);
        return 0;
    }
    return ERR_INVALID;
}

static const struct conf_field *find(const char *key)
{
    for (size_t i = 0; i < conf_n_fields; i++)
        if (strcmp(conf_fields[i].key, key) == 0)
            return &conf_fields[i];
    return NULL;
}

static int unknown(const char *key, struct why *why)
{
    const char *names[MAX_FIELDS + 1] = {0};
    char at[160];
    for (size_t i = 0; i < conf_n_fields && i < MAX_FIELDS; i++)
        names[i] = conf_fields[i].key;
    const char *near = nearest_name(view_of(key), names);
    pointer_of(key, at, sizeof at);
    return near ? why_set(why, ERR_UNKNOWN_KEY, at, "unknown key; did you mean %s?", near)
                : why_set(why, ERR_UNKNOWN_KEY, at, "unknown key; parkd --print-config lists all");
}

/* Asked of a section without members only: else the first member's name tells better what was meant. */
static bool is_section(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < conf_n_fields; i++)
        if (strncmp(conf_fields[i].key, name, n) == 0 && conf_fields[i].key[n] == '.')
            return true;
    return false;
}

/* A section's members, or a scalar at the top. `prefix` is "" or "public.". */
static int parse_members(struct conf *c, const struct json *obj, const char *prefix, struct why *why)
{
    for (const struct json *m = json_first(obj); m; m = json_next(m)) {
        char key[128];
        struct view name = view_head(json_key(m), sizeof key / 2 - 2);
        (void)snprintf(key, sizeof key, "%s" VIEW_FMT, prefix, VIEW_ARG(name));
        const struct conf_field *f = find(key);
        int err;
        if (f) {
            err = json_field(c, f, m, why);
        } else if (!*prefix && json_is(m, JSON_OBJECT) && (is_section(key) || json_first(m))) {
            (void)snprintf(key, sizeof key, VIEW_FMT ".", VIEW_ARG(name));
            err = parse_members(c, m, key, why);
        } else {
            err = unknown(key, why);
        }
        if (err)
            return err;
    }
    return 0;
}

int conf_parse(struct view text, struct conf *c, struct why *why)
{
    struct json *j = NULL;
    struct conf *next = NULL;
    int err = json_parse(text, &j, why);
    if (!err && !json_is(j, JSON_OBJECT))
        err = why_set(why, ERR_TYPE, "", "the configuration must be an object");
    if (!err && !(next = malloc(sizeof *next)))
        err = ERR_NOMEM;
    if (!err) {
        *next = *c;
        err = parse_members(next, j, "", why);
    }
    if (!err)
        *c = *next;
    free(next);
    json_free(j);
    return err;
}

int conf_set(struct conf *c, const char *key, struct view value, struct why *why)
{
    const struct conf_field *f = find(key);
    return f ? set_field(c, f, value, why) : unknown(key, why);
}

static void variable_of(const char *key, char *dst, size_t size)
{
    (void)snprintf(dst, size, "PARKD_%s", key);
    for (char *p = dst; *p; p++)
        *p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
}

int conf_environment(struct conf *c, const char *(*get)(const char *name), struct why *why)
{
    char name[96];
    for (size_t i = 0; i < conf_n_fields; i++) {
        variable_of(conf_fields[i].key, name, sizeof name);
        const char *v = get(name);
        int err = v ? set_field(c, &conf_fields[i], view_of(v), why) : 0;
        if (err)
            return err;
    }
    return 0;
}

static bool is_address(const char *s)
{
    int64_t port = 0;
    const char *colon = strrchr(s, ':');
    return strncmp(s, "unix:/", 6) == 0 || (colon && view_to_int(view_of(colon + 1), 0, 65535, &port) == 0);
}

/* Nobody but this machine reaches it. */
static bool is_here(const char *address)
{
    return !address[0] || strncmp(address, "unix:", 5) == 0 || strncmp(address, "127.", 4) == 0 ||
           strncmp(address, "[::1]:", 6) == 0 || strncmp(address, "localhost:", 10) == 0;
}

int conf_check(const struct conf *c, struct why *why)
{
    if (!is_address(c->public.listen))
        return why_set(why, ERR_INVALID, "/public/listen", "must be HOST:PORT or unix:/path");
    if (c->staff.listen[0] && !is_address(c->staff.listen))
        return why_set(why, ERR_INVALID, "/staff/listen", "must be HOST:PORT, unix:/path or empty");
    if (!c->public.tls_cert_file[0] != !c->public.tls_key_file[0])
        return why_set(why, ERR_MISSING,
                       c->public.tls_cert_file[0] ? "/public/tls_key_file" : "/public/tls_cert_file",
                       "TLS needs the certificate and the key");
    if (!c->staff.tls_cert_file[0] != !c->staff.tls_key_file[0])
        return why_set(why, ERR_MISSING,
                       c->staff.tls_cert_file[0] ? "/staff/tls_key_file" : "/staff/tls_cert_file",
                       "TLS needs the certificate and the key");
    if (!c->staff.tls_cert_file[0] && !is_here(c->staff.listen))
        return why_set(why, ERR_INVALID, "/staff/listen",
                       "is reached from elsewhere, so it needs staff.tls_cert_file and staff.tls_key_file");
    if (!c->state_dir[0])
        return why_set(why, ERR_MISSING, "/state_dir", "must not be empty");
    if (c->redis.url[0] && strncmp(c->redis.url, "redis://", 8) && strncmp(c->redis.url, "unix://", 7))
        return why_set(why, ERR_INVALID, "/redis/url", "must begin with redis:// or unix://");
    return 0;
}

static bool same(const struct conf *a, const struct conf *b, const struct conf_field *f)
{
    const void *x = value_in(a, f), *y = value_in(b, f);
    const struct conf_list *l = x, *m = y;
    double p = 0, q = 0;
    switch (f->type) {
    case CONF_INT:
        return *(const int64_t *)x == *(const int64_t *)y;
    case CONF_REAL:
        memcpy(&p, x, sizeof p);
        memcpy(&q, y, sizeof q);
        return !(p < q) && !(p > q);
    case CONF_LIST:
        for (int i = 0; i < l->n && l->n == m->n; i++)
            if (strcmp(l->v[i], m->v[i]))
                return false;
        return l->n == m->n;
    case CONF_TEXT:
    case CONF_WORD:
        return strcmp(x, y) == 0;
    }
    return true;
}

const char *conf_needs_restart(const struct conf *before, const struct conf *after)
{
    for (size_t i = 0; i < conf_n_fields; i++)
        if (!conf_fields[i].live && !same(before, after, &conf_fields[i]))
            return conf_fields[i].key;
    return NULL;
}

static void print_field(struct json_writer *w, const char *name, const struct conf *c,
                        const struct conf_field *f)
{
    const void *v = value_in(c, f);
    const struct conf_list *l = v;
    switch (f->type) {
    case CONF_INT:
        jw_int(w, name, *(const int64_t *)v);
        break;
    case CONF_REAL:
        jw_real(w, name, *(const double *)v, 3);
        break;
    case CONF_LIST:
        jw_array(w, name);
        for (int i = 0; i < l->n; i++)
            jw_str(w, NULL, l->v[i]);
        jw_end_array(w);
        break;
    case CONF_TEXT:
    case CONF_WORD:
        jw_str(w, name, v);
        break;
    }
}

/* The password in redis.url is not for print. */
static struct conf masked(const struct conf *c)
{
    struct conf m = *c;
    char *at = strrchr(m.redis.url, '@'), *slashes = strstr(m.redis.url, "://");
    if (at && slashes && slashes < at)
        (void)snprintf(slashes + 3, sizeof m.redis.url - (size_t)(slashes + 3 - m.redis.url), "***%s",
                       strrchr(c->redis.url, '@'));
    return m;
}

int conf_print(const struct conf *c, struct buf *out)
{
    struct conf m = masked(c);
    struct json_writer w;
    char section[32] = "";
    jw_init(&w, out);
    jw_object(&w, NULL);
    for (size_t i = 0; i < conf_n_fields; i++) {
        const char *dot = strchr(conf_fields[i].key, '.');
        char name[32] = "";
        if (dot)
            (void)snprintf(name, sizeof name, "%.*s", (int)(dot - conf_fields[i].key), conf_fields[i].key);
        if (strcmp(name, section)) {
            if (*section)
                jw_end_object(&w);
            memcpy(section, name, sizeof section);
            jw_object(&w, section);
        }
        print_field(&w, dot ? dot + 1 : conf_fields[i].key, &m, &conf_fields[i]);
    }
    if (*section)
        jw_end_object(&w);
    jw_end_object(&w);
    return out->err;
}

int conf_describe(struct buf *out)
{
    buf_str(out, "| key | default | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < conf_n_fields; i++)
        buf_printf(out, "| `%s` | `%s` | %s |\n", conf_fields[i].key, conf_fields[i].def,
                   conf_fields[i].help);
    return out->err;
}
