/* SPDX-License-Identifier: MIT
 * See doc_watch.h. A field of a mapping is one evaluation, and a feed has tens of thousands of them: a timer
 * set and taken back for each would cost ten times what they do. So each thread has one timer of its own CPU
 * time, which ticks while there are watches, and a watch is only a note of the tick at which it began. After
 * a few ticks without one the timer stops.
 */
#include "dialect/doc_watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define WATCH_SIGNAL (SIGRTMIN + 3)
#define TICK_NS      10000000
#define IDLE_TICKS   3

static _Thread_local struct {
    void (*volatile stop)(void *arg);
    void *volatile arg;
    volatile sig_atomic_t ticks, idle; /* since this watch began; since the last ended */
    volatile sig_atomic_t open, all;   /* a message is read: ticks that it may take; and took */
    volatile sig_atomic_t ticking;
    timer_t timer;
    bool made;
} watched;

static pthread_key_t at_exit;

static void set_timer(long ns)
{
    struct itimerspec when = {.it_value = {.tv_nsec = ns}, .it_interval = {.tv_nsec = ns}};
    watched.ticking = ns != 0;
    (void)timer_settime(watched.timer, 0, &when, NULL);
}

static void on_tick(int number)
{
    (void)number;
    void (*stop)(void *arg) = watched.stop;
    if (watched.open && watched.all <= watched.open)
        watched.all++;
    if (!stop && !watched.open) {
        if (++watched.idle >= IDLE_TICKS && watched.ticking)
            set_timer(0);
    } else if (stop && (++watched.ticks > DOC_WATCH_NS / TICK_NS || doc_watch_is_over())) {
        watched.ticks--;
        stop(watched.arg);
    }
}

static void on_thread_exit(void *unused)
{
    (void)unused;
    (void)timer_delete(watched.timer);
}

static void install(void)
{
    struct sigaction act = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    (void)sigaction(WATCH_SIGNAL, &act, NULL);
    (void)pthread_key_create(&at_exit, on_thread_exit);
}

static void make_timer(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = WATCH_SIGNAL};
    sigset_t set;
    event._sigev_un._tid = gettid();
    (void)pthread_once(&once, install);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, WATCH_SIGNAL);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    watched.made = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &watched.timer) == 0;
    if (watched.made)
        (void)pthread_setspecific(at_exit, &watched);
}

static void keep_ticking(void)
{
    if (!watched.made)
        make_timer();
    watched.idle = 0;
    if (watched.made && !watched.ticking)
        set_timer(TICK_NS);
}

void doc_watch_begin(void (*stop)(void *arg), void *arg)
{
    keep_ticking();
    watched.ticks = 0;
    watched.arg = arg;
    atomic_signal_fence(memory_order_seq_cst);
    watched.stop = stop;
}

void doc_watch_end(void)
{
    watched.stop = NULL; /* a tick that is still on its way finds nothing to do */
    atomic_signal_fence(memory_order_seq_cst);
}

void doc_watch_open(long ns)
{
    watched.open = watched.all = 0;
    keep_ticking();
    watched.open = (sig_atomic_t)(ns / TICK_NS);
}

bool doc_watch_is_over(void)
{
    return watched.open && watched.all > watched.open;
}

void doc_watch_close(void)
{
    watched.open = 0;
}
