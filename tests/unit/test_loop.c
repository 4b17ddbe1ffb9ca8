/* SPDX-License-Identifier: MIT
 * loop.h and timer.h: timers once and in order, signals, jobs on the pool, the lag watch, and an end that
 * tells leaks.
 */
#include "net_test.h"

#include <signal.h>

#include "parkd/base/log.h"
#include "parkd/net/timer.h"

struct probe {
    struct loop *loop;
    struct timer *timer;
    int n, signum;
    bool rearm, suicide;
};

static void on_timer(void *ctx)
{
    struct probe *p = ctx;

    p->n++;
    if (p->rearm && p->n < 3)
        timer_arm(p->timer, 1);
    if (p->suicide) {
        timer_free(p->timer);
        p->timer = NULL;
    }
}

static void timers_fire_once_when_armed(void **state)
{
    struct probe p = {.loop = loop_new()};

    (void)state;
    p.timer = timer_new(p.loop, on_timer, &p);
    assert_false(timer_armed(p.timer));
    timer_arm(p.timer, -5);
    assert_true(timer_armed(p.timer));
    assert_int_equal(p.n, 0);
    assert_int_equal(loop_run(p.loop), 0);
    assert_int_equal(p.n, 1);
    assert_false(timer_armed(p.timer));
    timer_arm(p.timer, 1);
    timer_cancel(p.timer);
    loop_run(p.loop);
    assert_int_equal(p.n, 1);
    p.rearm = true;
    timer_arm(p.timer, 0);
    loop_run(p.loop);
    assert_int_equal(p.n, 3);
    timer_arm(p.timer, 0);
    timer_free(p.timer);
    timer_free(NULL);
    assert_int_equal(loop_close(p.loop), 0);
    assert_int_equal(p.n, 3);
}

static void a_timer_may_free_itself(void **state)
{
    struct probe p = {.loop = loop_new(), .suicide = true};

    (void)state;
    p.timer = timer_new(p.loop, on_timer, &p);
    timer_arm(p.timer, 0);
    loop_run(p.loop);
    assert_null(p.timer);
    assert_int_equal(loop_close(p.loop), 0);
}

static void a_timer_waits_its_time_after_a_long_turn(void **state)
{
    struct probe p = {.loop = loop_new()};
    uint64_t start;

    (void)state;
    p.timer = timer_new(p.loop, on_timer, &p);
    usleep(60000); /* the loop's own time is now 60 ms old */
    start = uv_hrtime();
    timer_arm(p.timer, 50);
    loop_run(p.loop);
    assert_true(uv_hrtime() - start >= 45000000);
    timer_free(p.timer);
    assert_int_equal(loop_close(p.loop), 0);
}

static void on_signal(void *ctx, int signum)
{
    struct probe *p = ctx;

    p->signum = signum;
    loop_stop(p->loop);
}

static void signals_arrive_in_the_loop(void **state)
{
    static const int rows[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    struct probe p = {.loop = loop_new()};

    (void)state;
    assert_int_equal(loop_on_signals(p.loop, on_signal, &p), 0);
    p.timer = timer_new(p.loop, on_timer, &p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        timer_arm(p.timer, NET_TEST_LIMIT_MS); /* keeps the loop alive: signals do not */
        raise(rows[i]);
        loop_run(p.loop);
        assert_int_equal(p.signum, rows[i]);
    }
    raise(SIGPIPE);
    timer_free(p.timer);
    assert_int_equal(loop_close(p.loop), 0);
    assert_int_equal(p.n, 0);
}

struct work {
    int ran, done;
    bool cancelled;
};

static void do_work(void *data)
{
    ((struct work *)data)->ran++;
}

static void on_work_done(void *data, bool cancelled)
{
    struct work *w = data;

    w->done++;
    w->cancelled = cancelled;
}

static void jobs_run_on_the_pool(void **state)
{
    struct loop *l = loop_new();
    struct work w = {0};

    (void)state;
    assert_int_equal(loop_work(l, do_work, on_work_done, &w), 0);
    assert_int_equal(w.done, 0);
    loop_run(l);
    assert_int_equal(w.ran, 1);
    assert_int_equal(w.done, 1);
    assert_false(w.cancelled);
    assert_int_equal(loop_work(l, do_work, on_work_done, &w), 0);
    assert_int_equal(loop_close(l), 0); /* the end waits for jobs */
    assert_int_equal(w.done, 2);
}

static void stall(void *ctx)
{
    struct probe *p = ctx;

    usleep(80000);
    timer_arm(p->timer, 100);
    p->n++;
}

static void the_lag_watch_sees_a_stall(void **state)
{
    struct probe p = {.loop = loop_new()};
    struct timer *staller = timer_new(p.loop, stall, &p);

    (void)state;
    p.timer = timer_new(p.loop, on_timer, &p);
    usleep(300000); /* before the start: not a stall */
    timer_arm(p.timer, 60);
    loop_run(p.loop);
    assert_true(loop_lag_recent(p.loop) < 0.25);
    timer_arm(staller, 30);
    loop_run(p.loop);
    assert_true(loop_lag_longest(p.loop) > 0.05);
    assert_true(loop_lag_recent(p.loop) > 0.05);
    assert_true(loop_lag_recent(p.loop) < 0.001);
    assert_true(loop_lag_longest(p.loop) > 0.05);
    timer_free(p.timer);
    timer_free(staller);
    assert_int_equal(loop_close(p.loop), 0);
}

static void a_left_handle_is_told(void **state)
{
    struct loop *l = loop_new();
    struct timer *t = timer_new(l, on_timer, NULL);
    uv_loop_t *uv = loop_uv(l);

    (void)state;
    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    assert_int_equal(loop_close(l), ERR_STATE);
    timer_free(t);
    uv_run(uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(uv), 0);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_once_when_armed),
        cmocka_unit_test(a_timer_may_free_itself),
        cmocka_unit_test(a_timer_waits_its_time_after_a_long_turn),
        cmocka_unit_test(signals_arrive_in_the_loop),
        cmocka_unit_test(jobs_run_on_the_pool),
        cmocka_unit_test(the_lag_watch_sees_a_stall),
        cmocka_unit_test(a_left_handle_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
