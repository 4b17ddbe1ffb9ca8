/* SPDX-License-Identifier: MIT
 * Arguments stand one behind the other in one buffer; offsets, not pointers, because the buffer grows.
 */
#include "store/redis_cmd.h"

#include <stdlib.h>

#include "parkd/base/crypto.h"

#define CMD_MAX_BYTES (8u << 20)

int redis_script_init(struct redis_script *s, const void *text, size_t n)
{
    unsigned char raw[DIGEST_MAX];
    size_t raw_n = 0;
    s->text = text;
    s->n = n;
    int rc = crypto_digest(DIGEST_SHA1, (struct view){text, n}, raw, &raw_n);
    if (rc)
        return rc;
    struct buf hex;
    buf_init(&hex, sizeof s->sha);
    rc = hex_encode(&hex, (struct view){(const char *)raw, raw_n});
    if (!rc)
        rc = view_copy(buf_get(&hex), s->sha, sizeof s->sha);
    buf_fini(&hex);
    return rc;
}

void redis_cmd_init(struct redis_cmd *c)
{
    *c = (struct redis_cmd){0};
    buf_init(&c->bytes, CMD_MAX_BYTES);
}

void redis_cmd_fini(struct redis_cmd *c)
{
    buf_fini(&c->bytes);
    free(c->args);
    c->args = NULL;
    c->n = c->cap = 0;
}

static int reserve(struct redis_cmd *c, size_t more)
{
    if (c->err || c->n + more <= c->cap)
        return c->err;
    size_t cap = c->cap ? c->cap : 16;
    while (cap < c->n + more)
        cap *= 2;
    struct redis_arg *args = realloc(c->args, cap * sizeof *args);
    if (!args)
        return c->err = ERR_NOMEM;
    c->args = args;
    c->cap = cap;
    return 0;
}

void redis_cmd_view(struct redis_cmd *c, struct view v)
{
    if (reserve(c, 1))
        return;
    c->args[c->n++] = (struct redis_arg){c->bytes.n, v.n};
    c->err = buf_view(&c->bytes, v);
}

void redis_cmd_str(struct redis_cmd *c, const char *s)
{
    redis_cmd_view(c, view_of(s));
}

void redis_cmd_key(struct redis_cmd *c, struct key k)
{
    redis_cmd_view(c, (struct view){k.text, k.n});
}

/* Decimal digits in front of `end`, without the printing machinery: numbers are most of what is sent. */
static char *put_digits(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return end;
}

void redis_cmd_int(struct redis_cmd *c, int64_t v)
{
    char text[24], *end = text + sizeof text;
    char *p = put_digits(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    if (v < 0)
        *--p = '-';
    redis_cmd_view(c, (struct view){p, (size_t)(end - p)});
}

void redis_cmd_uint(struct redis_cmd *c, uint64_t v)
{
    char text[24], *end = text + sizeof text;
    char *p = put_digits(end, v);
    redis_cmd_view(c, (struct view){p, (size_t)(end - p)});
}

void redis_cmd_eval(struct redis_cmd *c, const struct redis_script *s, size_t keys)
{
    c->script = s;
    redis_cmd_str(c, "EVALSHA");
    redis_cmd_str(c, s->sha);
    redis_cmd_uint(c, keys);
}

void redis_cmd_join(struct redis_cmd *c, const struct redis_cmd *more)
{
    if (more->err)
        c->err = more->err;
    if (reserve(c, more->n))
        return;
    size_t base = c->bytes.n;
    for (size_t i = 0; i < more->n; i++)
        c->args[c->n++] = (struct redis_arg){base + more->args[i].off, more->args[i].n};
    c->err = buf_view(&c->bytes, buf_get(&more->bytes));
}

char *redis_cmd_format(const struct redis_cmd *c, size_t *n)
{
    struct buf out;
    struct view bytes = buf_get(&c->bytes);
    buf_init(&out, CMD_MAX_BYTES * 2);
    buf_char(&out, '*');
    buf_int(&out, (int64_t)c->n);
    buf_str(&out, "\r\n");
    for (size_t i = 0; i < c->n; i++) {
        buf_char(&out, '$');
        buf_int(&out, (int64_t)c->args[i].n);
        buf_str(&out, "\r\n");
        buf_put(&out, bytes.p + c->args[i].off, c->args[i].n);
        buf_str(&out, "\r\n");
    }
    return buf_take(&out, n);
}
