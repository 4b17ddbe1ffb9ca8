/* SPDX-License-Identifier: MIT
 * A small model of Redis: strings, hashes, sets and streams, with the commands that parkd uses, as Redis 7
 * documents them. What it does not know it refuses, so nothing passes unseen.
 */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "sim.h"

enum kind { STRING, HASH, SET, STREAM };

struct str {
    char *p;
    size_t n;
};
struct field {
    struct str name, value;
};
struct entry {
    uint64_t ms, n;
    struct str *v;
    size_t n_v;
};
struct key {
    struct str name, text;
    enum kind kind;
    int64_t expires; /* of its own clock; 0 never */
    struct field *fields;
    size_t n_fields, cap_fields;
    struct entry *entries;
    size_t n_entries, cap_entries;
    uint64_t last_ms, last_n;
    UT_hash_handle hh;
};

int64_t db_skew, db_loads_until, db_stepped_at;
bool db_full;
void (*db_on_stream)(void);
static struct key *keys, *kept;

int64_t db_wall(void)
{
    return SIM_WALL + sim_now + db_skew;
}

/* --- parts --- */

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

static struct str str_of(struct view v)
{
    struct str s = {need(malloc(v.n + 1)), v.n};
    if (v.n)
        memcpy(s.p, v.p, v.n);
    s.p[v.n] = '\0';
    return s;
}

static struct view view_of_str(const struct str *s)
{
    return (struct view){s->p, s->n};
}

static void str_set(struct str *s, struct view v)
{
    struct str fresh = str_of(v);
    free(s->p);
    *s = fresh;
}

static void entry_free(struct entry *e)
{
    for (size_t i = 0; i < e->n_v; i++)
        free(e->v[i].p);
    free(e->v);
}

static void key_free(struct key *k)
{
    for (size_t i = 0; i < k->n_fields; i++) {
        free(k->fields[i].name.p);
        free(k->fields[i].value.p);
    }
    for (size_t i = 0; i < k->n_entries; i++)
        entry_free(&k->entries[i]);
    free(k->fields);
    free(k->entries);
    free(k->name.p);
    free(k->text.p);
    free(k);
}

static void key_remove(struct key *k)
{
    HASH_DEL(keys, k);
    key_free(k);
}

static struct key *find(struct view name)
{
    struct key *k = NULL;
    HASH_FIND(hh, keys, name.p, name.n, k);
    if (k && k->expires && k->expires <= db_wall()) {
        key_remove(k);
        return NULL;
    }
    return k;
}

static struct key *make(struct view name, enum kind kind)
{
    struct key *k = find(name);
    if (k)
        return k;
    k = need(calloc(1, sizeof *k));
    k->name = str_of(name);
    k->text = str_of((struct view){"", 0});
    k->kind = kind;
    HASH_ADD_KEYPTR(hh, keys, k->name.p, k->name.n, k);
    return k;
}

static struct field *field_of(struct key *k, struct view name)
{
    for (size_t i = 0; k && i < k->n_fields; i++)
        if (view_eq(view_of_str(&k->fields[i].name), name))
            return &k->fields[i];
    return NULL;
}

static bool field_set(struct key *k, struct view name, struct view value)
{
    struct field *f = field_of(k, name);
    if (f) {
        str_set(&f->value, value);
        return false;
    }
    if (k->n_fields == k->cap_fields) {
        k->cap_fields = k->cap_fields ? 2 * k->cap_fields : 8;
        k->fields = need(realloc(k->fields, k->cap_fields * sizeof *k->fields));
    }
    k->fields[k->n_fields++] = (struct field){str_of(name), str_of(value)};
    return true;
}

static bool field_remove(struct key *k, struct view name)
{
    struct field *f = field_of(k, name);
    if (!f)
        return false;
    free(f->name.p);
    free(f->value.p);
    *f = k->fields[--k->n_fields];
    if (!k->n_fields)
        key_remove(k);
    return true;
}

static int64_t number(struct view v)
{
    int64_t n = 0;
    return view_to_int(v, INT64_MIN, INT64_MAX, &n) ? 0 : n;
}

/* --- replies --- */

static struct redisReply *reply_of(int type)
{
    struct redisReply *r = need(calloc(1, sizeof *r));
    r->type = type;
    return r;
}

struct redisReply *db_nil(void)
{
    return reply_of(REDIS_REPLY_NIL);
}

struct redisReply *db_int(int64_t v)
{
    struct redisReply *r = reply_of(REDIS_REPLY_INTEGER);
    r->integer = v;
    return r;
}

static struct redisReply *text_of(int type, struct view v)
{
    struct redisReply *r = reply_of(type);
    struct str s = str_of(v);
    r->str = s.p;
    r->len = s.n;
    return r;
}

struct redisReply *db_text(struct view v)
{
    return text_of(REDIS_REPLY_STRING, v);
}

struct redisReply *db_status(const char *text)
{
    return text_of(REDIS_REPLY_STATUS, view_of(text));
}

struct redisReply *db_error(const char *text)
{
    return text_of(REDIS_REPLY_ERROR, view_of(text));
}

struct redisReply *db_array(size_t n)
{
    struct redisReply *r = reply_of(REDIS_REPLY_ARRAY);
    r->elements = n;
    r->element = need(calloc(n + 1, sizeof *r->element));
    return r;
}

void db_call_free(struct redisReply *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->elements; i++)
        db_call_free(r->element[i]);
    free(r->element);
    free(r->str);
    free(r);
}

/* --- strings --- */

typedef struct redisReply *command_fn(size_t argc, const struct view *argv);

static struct redisReply *text_or_nil(struct view name)
{
    struct key *k = find(name);
    return k && k->kind == STRING ? db_text(view_of_str(&k->text)) : db_nil();
}

static struct redisReply *do_get(size_t argc, const struct view *argv)
{
    (void)argc;
    return text_or_nil(argv[1]);
}

static struct redisReply *do_mget(size_t argc, const struct view *argv)
{
    struct redisReply *r = db_array(argc - 1);
    for (size_t i = 1; i < argc; i++)
        r->element[i - 1] = text_or_nil(argv[i]);
    return r;
}

static struct redisReply *do_set(size_t argc, const struct view *argv)
{
    int64_t span = 0;
    for (size_t i = 3; i < argc; i++) {
        if (view_is(argv[i], "NX") && find(argv[1]))
            return db_nil();
        if (view_is(argv[i], "EX") && i + 1 < argc)
            span = 1000 * number(argv[++i]);
        else if (view_is(argv[i], "PX") && i + 1 < argc)
            span = number(argv[++i]);
        else if (!view_is(argv[i], "NX"))
            return db_error("ERR syntax error");
    }
    struct key *k = make(argv[1], STRING);
    str_set(&k->text, argv[2]);
    k->expires = span ? db_wall() + span : 0;
    return db_status("OK");
}

static struct redisReply *do_del(size_t argc, const struct view *argv)
{
    int64_t n = 0;
    for (size_t i = 1; i < argc; i++) {
        struct key *k = find(argv[i]);
        n += k != NULL;
        if (k)
            key_remove(k);
    }
    return db_int(n);
}

static struct redisReply *do_expire(size_t argc, const struct view *argv)
{
    struct key *k = find(argv[1]);
    (void)argc;
    if (k)
        k->expires = db_wall() + 1000 * number(argv[2]);
    return db_int(k != NULL);
}

static struct redisReply *do_pttl(size_t argc, const struct view *argv)
{
    struct key *k = find(argv[1]);
    (void)argc;
    return db_int(!k ? -2 : k->expires ? k->expires - db_wall() : -1);
}

static struct redisReply *do_incr(size_t argc, const struct view *argv)
{
    char text[24];
    struct key *k = make(argv[1], STRING);
    (void)argc;
    int64_t n = number(view_of_str(&k->text)) + 1;
    (void)snprintf(text, sizeof text, "%" PRId64, n);
    str_set(&k->text, view_of(text));
    return db_int(n);
}

static struct redisReply *do_setrange(size_t argc, const struct view *argv)
{
    size_t at = (size_t)number(argv[2]), end = at + argv[3].n;
    struct key *k = make(argv[1], STRING);
    (void)argc;
    if (end > k->text.n) {
        k->text.p = need(realloc(k->text.p, end + 1));
        memset(k->text.p + k->text.n, 0, end + 1 - k->text.n);
        k->text.n = end;
    }
    memcpy(k->text.p + at, argv[3].p, argv[3].n);
    return db_int((int64_t)k->text.n);
}

static struct redisReply *do_getrange(size_t argc, const struct view *argv)
{
    struct key *k = find(argv[1]);
    int64_t first = number(argv[2]), last = number(argv[3]), n = k ? (int64_t)k->text.n : 0;
    (void)argc;
    first = first < 0 ? first + n : first;
    last = last < 0 ? last + n : last;
    last = last >= n ? n - 1 : last;
    if (first < 0 || first > last)
        return db_text((struct view){"", 0});
    return db_text((struct view){k->text.p + first, (size_t)(last - first + 1)});
}

/* --- hashes and sets --- */

static struct redisReply *do_hget(size_t argc, const struct view *argv)
{
    struct field *f = field_of(find(argv[1]), argv[2]);
    (void)argc;
    return f ? db_text(view_of_str(&f->value)) : db_nil();
}

static struct redisReply *do_hmget(size_t argc, const struct view *argv)
{
    struct redisReply *r = db_array(argc - 2);
    struct key *k = find(argv[1]);
    for (size_t i = 2; i < argc; i++) {
        struct field *f = field_of(k, argv[i]);
        r->element[i - 2] = f ? db_text(view_of_str(&f->value)) : db_nil();
    }
    return r;
}

static struct redisReply *do_hgetall(size_t argc, const struct view *argv)
{
    struct key *k = find(argv[1]);
    struct redisReply *r = db_array(k ? 2 * k->n_fields : 0);
    (void)argc;
    for (size_t i = 0; k && i < k->n_fields; i++) {
        r->element[2 * i] = db_text(view_of_str(&k->fields[i].name));
        r->element[2 * i + 1] = db_text(view_of_str(&k->fields[i].value));
    }
    return r;
}

static bool is_state(struct view name)
{
    static const char end[] = ":state";
    return name.n >= sizeof end - 1 && memcmp(name.p + name.n - (sizeof end - 1), end, sizeof end - 1) == 0;
}

static struct redisReply *do_hset(size_t argc, const struct view *argv)
{
    struct key *k = make(argv[1], HASH);
    int64_t n = 0;
    for (size_t i = 2; i + 1 < argc; i += 2) {
        int lot = is_state(argv[1]) ? lot_of_name(argv[i]) : -1;
        n += field_set(k, argv[i], argv[i + 1]);
        if (lot >= 0)
            judge_state(lot, argv[i + 1]);
    }
    return db_int(n);
}

static struct redisReply *do_hsetnx(size_t argc, const struct view *argv)
{
    struct key *k = make(argv[1], HASH);
    (void)argc;
    return db_int(!field_of(k, argv[2]) && field_set(k, argv[2], argv[3]));
}

static struct redisReply *do_hdel(size_t argc, const struct view *argv)
{
    int64_t n = 0;
    for (size_t i = 2; i < argc; i++)
        n += field_remove(find(argv[1]), argv[i]);
    return db_int(n);
}

static struct redisReply *do_hincrby(size_t argc, const struct view *argv)
{
    char text[24];
    struct key *k = make(argv[1], HASH);
    struct field *f = field_of(k, argv[2]);
    (void)argc;
    int64_t n = (f ? number(view_of_str(&f->value)) : 0) + number(argv[3]);
    (void)snprintf(text, sizeof text, "%" PRId64, n);
    field_set(k, argv[2], view_of(text));
    return db_int(n);
}

static struct redisReply *do_sadd(size_t argc, const struct view *argv)
{
    struct key *k = make(argv[1], SET);
    int64_t n = 0;
    for (size_t i = 2; i < argc; i++)
        n += field_set(k, argv[i], (struct view){"", 0});
    return db_int(n);
}

static struct redisReply *do_smembers(size_t argc, const struct view *argv)
{
    struct key *k = find(argv[1]);
    struct redisReply *r = db_array(k ? k->n_fields : 0);
    (void)argc;
    for (size_t i = 0; k && i < k->n_fields; i++)
        r->element[i] = db_text(view_of_str(&k->fields[i].name));
    return r;
}

/* --- streams --- */

static void trim(struct key *k, size_t most)
{
    size_t over = k->n_entries > most ? k->n_entries - most : 0;
    for (size_t i = 0; i < over; i++)
        entry_free(&k->entries[i]);
    memmove(k->entries, k->entries + over, (k->n_entries - over) * sizeof *k->entries);
    k->n_entries -= over;
}

static struct redisReply *id_of(uint64_t ms, uint64_t n)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64, ms, n);
    return db_text(view_of(text));
}

/* XADD key MAXLEN ~ n * field value … */
static struct redisReply *do_xadd(size_t argc, const struct view *argv)
{
    if (argc < 8 || !view_is(argv[2], "MAXLEN") || !view_is(argv[5], "*"))
        return db_error("ERR syntax error");
    struct key *k = make(argv[1], STREAM);
    uint64_t now = (uint64_t)db_wall();
    bool same = k->last_ms >= now;
    k->last_n = same ? k->last_n + 1 : 0;
    k->last_ms = same ? k->last_ms : now;
    if (k->n_entries == k->cap_entries) {
        k->cap_entries = k->cap_entries ? 2 * k->cap_entries : 16;
        k->entries = need(realloc(k->entries, k->cap_entries * sizeof *k->entries));
    }
    struct entry *e = &k->entries[k->n_entries++];
    *e = (struct entry){k->last_ms, k->last_n, need(calloc(argc, sizeof *e->v)), argc - 6};
    for (size_t i = 6; i < argc; i++)
        e->v[i - 6] = str_of(argv[i]);
    trim(k, (size_t)number(argv[4]));
    if (db_on_stream)
        db_on_stream();
    return id_of(k->last_ms, k->last_n);
}

static struct redisReply *entry_reply(const struct entry *e)
{
    struct redisReply *r = db_array(2);
    r->element[0] = id_of(e->ms, e->n);
    r->element[1] = db_array(e->n_v);
    for (size_t i = 0; i < e->n_v; i++)
        r->element[1]->element[i] = db_text(view_of_str(&e->v[i]));
    return r;
}

/* XREVRANGE key + - COUNT n */
static struct redisReply *do_xrevrange(size_t argc, const struct view *argv)
{
    struct key *k = find(argv[1]);
    size_t most = argc > 5 ? (size_t)number(argv[5]) : SIZE_MAX, n = k ? k->n_entries : 0;
    struct redisReply *r = db_array(n < most ? n : most);
    for (size_t i = 0; i < r->elements; i++)
        r->element[i] = entry_reply(&k->entries[n - 1 - i]);
    return r;
}

static bool is_after(const struct entry *e, struct view id)
{
    char text[48];
    uint64_t ms = 0, n = 0;
    if (view_copy(id, text, sizeof text) || sscanf(text, "%" SCNu64 "-%" SCNu64, &ms, &n) != 2)
        return false;
    return e->ms > ms || (e->ms == ms && e->n > n);
}

static struct redisReply *read_stream(struct view name, struct view after, size_t most)
{
    struct key *k = find(name);
    size_t first = k ? k->n_entries : 0, n;
    while (first && is_after(&k->entries[first - 1], after))
        first--;
    n = (k ? k->n_entries : 0) - first;
    if (!n)
        return NULL;
    struct redisReply *r = db_array(2);
    r->element[0] = db_text(name);
    r->element[1] = db_array(n < most ? n : most);
    for (size_t i = 0; i < r->element[1]->elements; i++)
        r->element[1]->element[i] = entry_reply(&k->entries[first + i]);
    return r;
}

/* XREAD COUNT n BLOCK ms STREAMS key … id … */
static struct redisReply *do_xread(size_t argc, const struct view *argv)
{
    if (argc < 8 || !view_is(argv[5], "STREAMS"))
        return db_error("ERR syntax error");
    size_t n = (argc - 6) / 2;
    struct redisReply *r = db_array(n);
    r->elements = 0;
    for (size_t i = 0; i < n; i++) {
        struct redisReply *one = read_stream(argv[6 + i], argv[6 + n + i], (size_t)number(argv[2]));
        if (one)
            r->element[r->elements++] = one;
    }
    if (r->elements)
        return r;
    db_call_free(r);
    return NULL;
}

/* --- the others --- */

static struct redisReply *do_time(size_t argc, const struct view *argv)
{
    char s[24], us[24];
    struct redisReply *r = db_array(2);
    (void)argc;
    (void)argv;
    (void)snprintf(s, sizeof s, "%" PRId64, db_wall() / 1000);
    (void)snprintf(us, sizeof us, "%" PRId64, db_wall() % 1000 * 1000);
    r->element[0] = db_text(view_of(s));
    r->element[1] = db_text(view_of(us));
    return r;
}

static struct redisReply *do_ping(size_t argc, const struct view *argv)
{
    (void)argc;
    (void)argv;
    return db_status("PONG");
}

static struct redisReply *do_script(size_t argc, const struct view *argv)
{
    char sha[41];
    if (argc != 3 || !view_is(argv[1], "LOAD"))
        return db_error("ERR syntax error");
    db_script(argv[2], sha);
    return db_text(view_of(sha));
}

static struct redisReply *do_evalsha(size_t argc, const struct view *argv)
{
    char sha[41];
    if (view_copy(argv[1], sha, sizeof sha) || !db_has_script(sha))
        return db_error("NOSCRIPT No matching script. Please use EVAL.");
    return db_full ? db_error("OOM command not allowed when used memory > 'maxmemory'.")
                   : db_eval(argc, argv, sha);
}

static const struct command {
    const char *name;
    size_t least; /* words */
    bool writes;
    command_fn *fn;
} commands[] = {
    {"EVALSHA", 3, false, do_evalsha},
    {"GET", 2, false, do_get},
    {"HMGET", 3, false, do_hmget},
    {"HSET", 4, true, do_hset},
    {"INCR", 2, true, do_incr},
    {"XADD", 8, true, do_xadd},
    {"SETRANGE", 4, true, do_setrange},
    {"TIME", 1, false, do_time},
    {"XREAD", 8, false, do_xread},
    {"SET", 3, true, do_set},
    {"DEL", 2, true, do_del},
    {"UNLINK", 2, true, do_del},
    {"EXPIRE", 3, true, do_expire},
    {"PTTL", 2, false, do_pttl},
    {"MGET", 2, false, do_mget},
    {"HGET", 3, false, do_hget},
    {"HGETALL", 2, false, do_hgetall},
    {"HSETNX", 4, true, do_hsetnx},
    {"HDEL", 3, true, do_hdel},
    {"HINCRBY", 4, true, do_hincrby},
    {"SADD", 3, true, do_sadd},
    {"SMEMBERS", 2, false, do_smembers},
    {"XREVRANGE", 4, false, do_xrevrange},
    {"PING", 1, false, do_ping},
    {"GETRANGE", 4, false, do_getrange},
    {"SCRIPT", 3, false, do_script},
};

struct redisReply *db_call(size_t argc, const struct view *argv)
{
    for (size_t i = 0; argc && i < sizeof commands / sizeof *commands; i++) {
        const struct command *c = &commands[i];
        if (!view_is(argv[0], c->name) || argc < c->least)
            continue;
        if (sim_now < db_loads_until && !view_is(argv[0], "SCRIPT"))
            return db_error("LOADING Redis is loading the dataset in memory");
        return db_full && c->writes ? db_error("OOM command not allowed when used memory > 'maxmemory'.")
                                    : c->fn(argc, argv);
    }
    sim_fail("Redis was told something that the model does not know: " VIEW_FMT, VIEW_ARG(argv[0]));
}

bool db_state(const char *lot, struct reading *out)
{
    struct key *k = find(view_of("parkd:{p00}:state"));
    struct field *f = field_of(k, view_of(lot));
    return f && reading_decode(view_of_str(&f->value), out) == 0;
}

/* --- all of it --- */

static struct key *copy_of(const struct key *from)
{
    struct key *k = need(calloc(1, sizeof *k));
    *k = (struct key){.name = str_of(view_of_str(&from->name)),
                      .text = str_of(view_of_str(&from->text)),
                      .kind = from->kind,
                      .expires = from->expires,
                      .last_ms = from->last_ms,
                      .last_n = from->last_n};
    for (size_t i = 0; i < from->n_fields; i++)
        field_set(k, view_of_str(&from->fields[i].name), view_of_str(&from->fields[i].value));
    k->n_entries = k->cap_entries = from->n_entries;
    k->entries = need(calloc(from->n_entries + 1, sizeof *k->entries));
    for (size_t i = 0; i < from->n_entries; i++) {
        const struct entry *e = &from->entries[i];
        k->entries[i] = (struct entry){e->ms, e->n, need(calloc(e->n_v + 1, sizeof *e->v)), e->n_v};
        for (size_t j = 0; j < e->n_v; j++)
            k->entries[i].v[j] = str_of(view_of_str(&e->v[j]));
    }
    return k;
}

static void clear(struct key **all)
{
    struct key *k, *next;
    HASH_ITER(hh, *all, k, next)
    {
        HASH_DEL(*all, k);
        key_free(k);
    }
}

void db_keep(void)
{
    struct key *k, *next;
    clear(&kept);
    HASH_ITER(hh, keys, k, next)
    {
        struct key *c = copy_of(k);
        HASH_ADD_KEYPTR(hh, kept, c->name.p, c->name.n, c);
    }
}

bool db_lose(void)
{
    if (!kept)
        return false;
    clear(&keys);
    keys = kept;
    kept = NULL;
    return true;
}

void db_restart(void)
{
    db_forget_scripts();
}

/* All that a reader may have missed is gone: it must see the gap. */
void db_trim_feeds(void)
{
    struct key *k, *next;
    HASH_ITER(hh, keys, k, next)
    {
        if (k->kind == STREAM)
            trim(k, 1);
    }
}

void db_init(void)
{
    clear(&keys);
    clear(&kept);
    db_skew = db_loads_until = db_stepped_at = 0;
    db_full = false;
    db_forget_scripts();
}
