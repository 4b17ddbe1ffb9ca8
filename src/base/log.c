/* SPDX-License-Identifier: MIT
 * Log lines. A line is printed once into a buffer of fixed size, cleaned, and written with one write(2), so
 * that lines of several processes on one stderr do not mix. What does not fit is cut: nothing here fails or
 * allocates for long.
 */
#include "parkd/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log_repeat.h"
#include "base/utf8.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json_write.h"

#define TEXT_SIZE      2048
#define LINE_MAX_BYTES (16 * 1024)
#define PAIRS_MAX      24

static struct log_conf conf = {.level = LOG_LEVEL_INFO};
static struct log_repeat repeats;

struct line {
    enum log_level level;
    const char *group;
    struct view text;
};

void log_setup(const struct log_conf *c)
{
    conf = *c;
}

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts))
        return 0;
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    return names[level];
}

/* syslog's numbers, as journald reads them. */
static int journal_level(enum log_level level)
{
    static const int numbers[] = {3, 4, 6, 7};
    return numbers[level];
}

/* Puts '?' for control characters and bad UTF-8, so that what strangers send cannot forge lines or move a
 * cursor. */
static void clean(char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        size_t len = utf8_read(p + i, n - i, &cp);
        bool bad = len == 0 || cp < 0x20 || (cp >= 0x7F && cp <= 0x9F);
        len = len ? len : 1;
        if (bad)
            memset(p + i, '?', len);
        i += len;
    }
}

static bool is_key(struct view word)
{
    for (size_t i = 0; i < word.n; i++)
        if (!(word.p[i] >= 'a' && word.p[i] <= 'z') && !(i > 0 && word.p[i] >= '0' && word.p[i] <= '9') &&
            word.p[i] != '_')
            return false;
    return word.n > 0;
}

struct pairs {
    struct view key[PAIRS_MAX], value[PAIRS_MAX];
    size_t n;
};

static bool is_new(const struct pairs *all, struct view key)
{
    for (size_t i = 0; i < all->n; i++)
        if (view_eq(all->key[i], key))
            return false;
    return true;
}

/* "a=1 b=x y" → a: "1", b: "x y". A word that is no new pair belongs to the value before it, so that a value
 * cannot bring a second "lot=" with it. The first four keys are taken by the line itself; "text" receives
 * leading words. */
static void split_pairs(struct view text, struct pairs *out)
{
    static const char *const taken[] = {"time", "level", "group", "text"};
    for (out->n = 0; out->n < 4; out->n++) {
        out->key[out->n] = view_of(taken[out->n]);
        out->value[out->n] = (struct view){NULL, 0};
    }
    struct view *last = &out->value[3];
    while (text.p) {
        struct view word = view_cut(&text, ' '), value = word, key = view_cut(&value, '=');
        if (value.p && is_key(key) && out->n < PAIRS_MAX && is_new(out, key)) {
            out->key[out->n] = key;
            out->value[out->n] = value;
            last = &out->value[out->n++];
        } else {
            *last = last->p ? (struct view){last->p, (size_t)(word.p + word.n - last->p)} : word;
        }
    }
}

static void render_json(struct buf *out, const struct line *l, const char *time)
{
    struct json_writer w;
    struct pairs all;
    split_pairs(l->text, &all);
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "time", time);
    jw_str(&w, "level", level_name(l->level));
    jw_str(&w, "group", l->group);
    for (size_t i = 3; i < all.n; i++) {
        if (i == 3 && all.value[i].n == 0)
            continue;
        jw_key(&w, all.key[i]);
        jw_view(&w, NULL, all.value[i]);
    }
    jw_end_object(&w);
}

static void write_all(struct view v)
{
    while (v.n) {
        ssize_t n = write(STDERR_FILENO, v.p, v.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        v.p += n;
        v.n -= (size_t)n;
    }
}

static void emit(const struct line *l)
{
    char time[ISO8601_SIZE];
    struct buf out;
    iso8601_format(read_ms(CLOCK_REALTIME), time);
    buf_init(&out, LINE_MAX_BYTES);
    if (conf.journal)
        buf_printf(&out, "<%d>", journal_level(l->level));
    if (conf.json) {
        render_json(&out, l, time);
    } else {
        if (!conf.journal)
            buf_printf(&out, "%s ", time);
        buf_printf(&out, "%s %s ", level_name(l->level), l->group);
        buf_view(&out, l->text);
    }
    buf_char(&out, '\n');
    write_all(buf_get(&out));
    buf_fini(&out);
}

static void emit_text(enum log_level level, const char *group, char *text, size_t n)
{
    clean(text, n);
    emit(&(struct line){level, group, {text, n}});
}

static void report_held(int64_t now)
{
    struct log_repeat_slot slot;
    uint64_t held;
    while ((held = log_repeat_due(&repeats, now, &slot)) > 0) {
        char text[TEXT_SIZE];
        int n = snprintf(text, sizeof text, "held_back=%llu like=%.200s", (unsigned long long)held, slot.fmt);
        if (n > 0)
            emit_text((enum log_level)slot.level, slot.group, text, (size_t)n);
    }
}

void log_line(enum log_level level, const char *group, const char *fmt, ...)
{
    if (level > conf.level)
        return;
    int saved = errno;
    int64_t now = read_ms(CLOCK_MONOTONIC);
    report_held(now);
    if (log_repeat_pass(&repeats, &(struct log_repeat_slot){.fmt = fmt, .group = group, .level = (int)level},
                        now)) {
        char text[TEXT_SIZE + 2]; /* one byte more than is used, to cut between characters */
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        size_t len = n < 0 ? 0 : (size_t)n;
        if (len > TEXT_SIZE)
            len = utf8_cut(text, TEXT_SIZE);
        emit_text(level, group, text, len);
    }
    errno = saved;
}
