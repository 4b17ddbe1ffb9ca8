/* SPDX-License-Identifier: MIT
 * log: lines as they arrive on stderr, and which repeats are held back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log_repeat.h"
#include "parkd/base/json.h"
#include "parkd/base/log.h"

static char captured[8192];
static int pipe_ends[2], real_stderr;

static void capture(void)
{
    assert_int_equal(pipe(pipe_ends), 0);
    real_stderr = dup(STDERR_FILENO);
    assert_true(real_stderr >= 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    close(pipe_ends[1]);
}

static void release(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    size_t n = 0;
    for (;;) {
        ssize_t got = read(pipe_ends[0], captured + n, sizeof captured - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    captured[n] = '\0';
    close(pipe_ends[0]);
}

static void holds_back_the_sixth(void **state)
{
    (void)state;
    struct log_repeat r = {0};
    struct log_repeat_slot out, a = {.fmt = "a", .group = "G", .level = 1}, b = {.fmt = "b", .group = "G"};
    for (int i = 0; i < LOG_REPEAT_FREE; i++)
        assert_true(log_repeat_pass(&r, &a, 1000 + i));
    assert_false(log_repeat_pass(&r, &a, 1100));
    assert_false(log_repeat_pass(&r, &a, 10999));
    assert_true(log_repeat_pass(&r, &b, 10999));
    assert_int_equal(log_repeat_due(&r, 10999, &out), 0);
    assert_int_equal(log_repeat_due(&r, 11000, &out), 2);
    assert_ptr_equal(out.fmt, a.fmt);
    assert_int_equal(out.level, 1);
    assert_int_equal(log_repeat_due(&r, 11000, &out), 0);
    assert_true(log_repeat_pass(&r, &a, 11000));
    assert_int_equal(log_repeat_due(&r, 100000, &out), 0); /* nothing was held: nothing to say */
}

static void lets_pass_what_it_has_no_room_to_count(void **state)
{
    (void)state;
    static const char formats[LOG_REPEAT_SLOTS + 1] = {0};
    struct log_repeat r = {0};
    for (int round = 0; round < 20; round++)
        for (int i = 0; i <= LOG_REPEAT_SLOTS; i++) {
            struct log_repeat_slot line = {.fmt = &formats[i], .group = "G"};
            bool pass = log_repeat_pass(&r, &line, 5);
            assert_true(pass == (round < LOG_REPEAT_FREE || i == LOG_REPEAT_SLOTS));
        }
}

static void writes_lines_for_people(void **state)
{
    (void)state;
    log_setup(&(struct log_conf){.level = LOG_LEVEL_INFO});
    capture();
    log_debug(FEED, "feed=%s", "silent");
    log_warn(FEED, "feed=%s reason=%s", "north", "a\nb\x1b[1m\xC2\x9B\xFF停");
    release();
    assert_non_null(strstr(captured, "Z warn FEED feed=north reason=a?b?[1m???停\n"));
    assert_null(strstr(captured, "silent"));
    assert_ptr_equal(strchr(captured, '\n'), captured + strlen(captured) - 1);
}

static void writes_objects_for_machines(void **state)
{
    (void)state;
    log_setup(&(struct log_conf){.level = LOG_LEVEL_INFO, .json = true});
    capture();
    log_error(SINK, "gave up sink=%s http=%d reason=%s", "city", 500, "no level=info sink=x \"q\"");
    release();
    size_t n = strlen(captured);
    assert_true(n > 0 && captured[n - 1] == '\n');
    struct json *t = NULL;
    assert_int_equal(json_parse((struct view){captured, n - 1}, &t, NULL), 0);
    assert_true(view_is(json_text(json_get(t, "level")), "error"));
    assert_true(view_is(json_text(json_get(t, "group")), "SINK"));
    assert_true(view_is(json_text(json_get(t, "text")), "gave up"));
    assert_true(view_is(json_text(json_get(t, "sink")), "city"));
    assert_true(view_is(json_text(json_get(t, "http")), "500"));
    assert_true(view_is(json_text(json_get(t, "reason")), "no level=info sink=x \"q\""));
    assert_int_equal(json_size(t), 7);
    json_free(t);
}

static void marks_levels_for_the_journal(void **state)
{
    (void)state;
    log_setup(&(struct log_conf){.level = LOG_LEVEL_DEBUG, .journal = true});
    capture();
    log_error(APP, "n=%d", 1);
    log_debug(APP, "n=%d", 2);
    release();
    assert_string_equal(captured, "<3>error APP n=1\n<7>debug APP n=2\n");
}

static void cuts_long_lines_between_characters(void **state)
{
    (void)state;
    char wide[6001];
    for (size_t i = 0; i < 6000; i += 3)
        memcpy(wide + i, "停", 4);
    log_setup(&(struct log_conf){.level = LOG_LEVEL_INFO, .journal = true});
    capture();
    log_info(APP, "x=%s", wide);
    release();
    size_t n = strlen(captured);
    assert_true(n > 2000 && n < 2100);
    assert_true(view_is_utf8(view_of(captured)));
    assert_null(strchr(captured, '?'));
}

static void a_flood_is_held_back(void **state)
{
    (void)state;
    log_setup(&(struct log_conf){.level = LOG_LEVEL_INFO, .journal = true});
    capture();
    for (int i = 0; i < 50; i++)
        log_info(APP, "flood=%d", i);
    release();
    assert_non_null(strstr(captured, "flood=4\n"));
    assert_null(strstr(captured, "flood=5\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_back_the_sixth),
        cmocka_unit_test(lets_pass_what_it_has_no_room_to_count),
        cmocka_unit_test(writes_lines_for_people),
        cmocka_unit_test(writes_objects_for_machines),
        cmocka_unit_test(marks_levels_for_the_journal),
        cmocka_unit_test(cuts_long_lines_between_characters),
        cmocka_unit_test(a_flood_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
