/* SPDX-License-Identifier: MIT
 * Pieces of Lua run inside a dialect, for the tests of the sandbox and of the host functions.
 */
#ifndef PARKD_TEST_SANDBOX_TEST_H
#define PARKD_TEST_SANDBOX_TEST_H

#include <time.h>

#include "dialect/lua_engine.h"
#include "dialect_test.h"

/* Of CPU for one attack, sanitizers included. */
#define LIMIT_MS (LUA_CPU_MAX_NS / 1000000 * 6)

static inline int64_t cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A dialect whose receive runs `attack` when the path is /attack, and answers "still here" else. */
static inline struct dialects *dialect_with(const char *attack)
{
    char source[8192];
    (void)snprintf(source, sizeof source,
                   "local function attack(ctx, inbound)\n%s\nend\n"
                   "return {name='test', params={}, receive=function(ctx, inbound)\n"
                   "  local out = ''\n"
                   "  if inbound.path == '/attack' then out = tostring(attack(ctx, inbound)) else out = "
                   "'still here' end\n"
                   "  return {}, {body=out}\n"
                   "end}",
                   attack);
    return load_text(source);
}

static inline int receive(struct dialect_session *s, const char *path, char *body, size_t size,
                          struct why *why)
{
    struct report_list list;
    struct dialect_reply reply;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_inbound in = {.method = VIEW("POST"), .path = view_of(path), .body = VIEW("{}")};
    report_list_init(&list);
    int err = dialect_receive(s, &ctx, &in, &list, &reply, why);
    (void)snprintf(body, size, VIEW_FMT, VIEW_ARG(buf_get(&reply.body)));
    dialect_reply_fini(&reply);
    report_list_fini(&list);
    return err;
}

/* Runs the attack; afterwards the same session must work. Returns the attack's error. */
static inline int attack(const char *name, const char *code, char *body, size_t size, struct why *why)
{
    char after[64];
    struct why ignored = {0};
    struct dialects *ds = dialect_with(code);
    struct dialect_session *s = open_session(ds, "test", "{}");
    int64_t begin = cpu_ms();
    int err = receive(s, "/attack", body, size, why);
    int64_t took = cpu_ms() - begin;
    if (took > LIMIT_MS)
        fail_msg("%s took %lld ms", name, (long long)took);
    assert_int_equal(receive(s, "/", after, sizeof after, &ignored), 0);
    assert_string_equal(after, "still here");
    dialect_close(s);
    dialects_free(ds);
    return err;
}

struct answer {
    const char *code, *want;
};

/* Each piece runs without an error and returns what is wanted. */
static inline void assert_answers(const struct answer *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char body[512];
        struct why why = {0};
        if (attack(rows[i].code, rows[i].code, body, sizeof body, &why))
            fail_msg("%s: %s", rows[i].code, why.text);
        if (strcmp(body, rows[i].want) != 0)
            fail_msg("%s: %s, not %s", rows[i].code, body, rows[i].want);
    }
}

struct mistake {
    const char *name, *code;
    int want;
};

/* Each piece fails with this code and with words. */
static inline void assert_mistakes(const struct mistake *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char body[64];
        struct why why = {0};
        int err = attack(rows[i].name, rows[i].code, body, sizeof body, &why);
        if (err != rows[i].want)
            fail_msg("%s: %s (%s: %s), body %s", rows[i].name, err_name(err), why.at, why.text, body);
        assert_true(why.text[0] != '\0');
    }
}

#endif
