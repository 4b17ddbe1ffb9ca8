/* SPDX-License-Identifier: MIT
 * Norm: odd claims by the table of norm_claims.def, then times, what is held, relays, hints and expiry.
 *
 * Claims are written as words: free open total occ (counts, "-" unknown), status, band, q,
 * <class>=free/total, z=id:free/total, src and chg (seconds from now), sseq, in, out, beat.
 */
#include "model_test.h"
#include "parkd/norm/accept.h"
#include "parkd/norm/norm.h"

#define S INT64_C(1000)

static int64_t number_of(struct view v)
{
    int64_t n = 0;
    if (view_is(v, "-"))
        return REPORT_NONE;
    if (view_to_int(v, INT64_MIN + 1, INT64_MAX, &n))
        fail_msg("not a number: " VIEW_FMT, VIEW_ARG(v));
    return n;
}

static struct place_claim place_of(struct view v)
{
    struct view free = view_cut(&v, '/');
    return (struct place_claim){number_of(free), number_of(v)};
}

static void say_zone(struct report *r, struct view v)
{
    struct zone_claim *z = &r->zones[r->n_zones++];
    struct view id = view_cut(&v, ':');
    assert_int_equal(view_copy(id, z->id, sizeof z->id), 0);
    z->count = place_of(v);
}

static bool say_number(struct report *r, struct view key, struct view v)
{
    struct {
        const char *key;
        int64_t *dst;
    } numbers[] = {{"free", &r->free}, {"open", &r->open}, {"total", &r->total}, {"occ", &r->occupied}};
    for (size_t i = 0; i < 4; i++) {
        if (!view_is(key, numbers[i].key))
            continue;
        *numbers[i].dst = number_of(v);
        return true;
    }
    return false;
}

static bool say_time(struct report *r, struct view key, struct view v)
{
    if (view_is(key, "src"))
        r->source_ms = NOW + number_of(v) * S;
    else if (view_is(key, "chg"))
        r->changed_ms = NOW + number_of(v) * S;
    else if (view_is(key, "sseq"))
        r->source_seq = (uint64_t)number_of(v);
    else
        return false;
    return true;
}

static void say(struct report *r, struct view key, struct view v)
{
    enum place_class c;
    if (say_number(r, key, v) || say_time(r, key, v))
        return;
    if (view_is(key, "status"))
        assert_int_equal(status_of(v, &r->status), 0);
    else if (view_is(key, "band"))
        assert_int_equal(band_of(v, &r->band), 0);
    else if (view_is(key, "z"))
        say_zone(r, v);
    else if (view_is(key, "in"))
        r->in = (int32_t)number_of(v);
    else if (view_is(key, "out"))
        r->out = (int32_t)number_of(v);
    else if (place_class_of(key, &c) == 0)
        r->classes[c] = place_of(v);
    else
        fail_msg("what is " VIEW_FMT "?", VIEW_ARG(key));
}

static void say_quality(struct report *r, struct view v)
{
    do {
        struct view name = view_cut(&v, ',');
        uint32_t mask = 0;
        assert_int_equal(quality_of(name, &mask), 0);
        r->quality |= mask;
    } while (v.p);
}

static struct report report_of(const char *claim)
{
    struct report r;
    struct view rest = view_of(claim);
    report_init(&r);
    while (rest.n > 0) {
        struct view v = view_cut(&rest, ' '), key = view_cut(&v, '=');
        if (view_is(key, "q"))
            say_quality(&r, v);
        else if (view_is(key, "beat"))
            r.kind = REPORT_BEAT;
        else
            say(&r, key, v);
    }
    if (r.in || r.out)
        r.kind = REPORT_HINT;
    else if (r.band != BAND_UNKNOWN && r.free == REPORT_NONE && r.occupied == REPORT_NONE)
        r.kind = REPORT_BAND;
    return r;
}

static struct lot lot_of(const char *registered)
{
    struct report r = report_of(registered);
    struct lot l = {.total = COUNT_NONE, .open = COUNT_NONE};
    if (r.total != REPORT_NONE)
        l.total = (int32_t)r.total;
    if (r.open != REPORT_NONE)
        l.open = (int32_t)r.open;
    for (int c = 0; c < PLACE_CLASS_N; c++)
        l.class_total[c] = COUNT_NONE;
    return l;
}

static struct lot claim_lot(const char *registered)
{
    char text[80];
    const char *charging = strstr(registered, " charging=");
    (void)snprintf(text, sizeof text, "%.*s", charging ? (int)(charging - registered) : 79, registered);
    struct lot l = lot_of(text);
    if (charging)
        l.class_total[CLASS_CHARGING] = (int32_t)number_of(view_of(charging + strlen(" charging=")));
    return l;
}

static void odd_claims(void **state)
{
    static const struct {
        const char *lot, *claim, *want;
    } rows[] = {
#define CLAIM(lot, claim, want) {lot, claim, want},
#include "norm_claims.def"
#undef CLAIM
    };
    (void)state;
    assert_true(sizeof rows / sizeof rows[0] > 300);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lot lot = claim_lot(rows[i].lot);
        struct report rep = report_of(rows[i].claim);
        struct reading held;
        struct norm_result got;
        struct why why = {0};
        char text[sizeof why.at + 40];
        reading_init(&held);
        int err = norm_report(&lot, &held, &rep, NOW, &got, &why);
        (void)snprintf(text, sizeof text, "%s %s", err_name(err), why.at);
        const char *is = err ? text : visible_of(&got.reading);
        if (strcmp(is, rows[i].want) != 0)
            fail_msg("lot %s, claim %s:\n is   %s\n want %s", rows[i].lot, rows[i].claim, is, rows[i].want);
        if (!err)
            assert_true(got.op == NORM_SET && got.reading.seq == 0 && got.reading.observed_ms == NOW);
    }
}

static void raw_values_stay_beside(void **state)
{
    static const struct {
        const char *claim;
        int32_t raw_free, raw_total;
    } rows[] = {
        {"free=-647", -647, RAW_NONE},     {"free=500 total=410", 500, 410},
        {"occ=450", -50, RAW_NONE},        {"free=7 total=0", 7, 0},
        {"free=7 open=20 total=5", 7, 5},  {"band=few total=9", RAW_NONE, 9},
        {"free=-65534", -65534, RAW_NONE},
    };
    struct lot lot = lot_of("total=420 open=400");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report rep = report_of(rows[i].claim);
        struct reading held;
        struct norm_result got;
        reading_init(&held);
        assert_int_equal(norm_report(&lot, &held, &rep, NOW, &got, NULL), 0);
        assert_int_equal(got.reading.raw_free, rows[i].raw_free);
        assert_int_equal(got.reading.raw_total, rows[i].raw_total);
    }
}

/* One row of what is held, what is claimed, and what comes out. Times in seconds from now. */
struct step {
    const char *held;
    int held_obs, held_src; /* held_src 0: none */
    const char *claim, *want;
    int obs, chg;
};

static struct reading held_of(const struct step *s)
{
    struct reading r;
    if (!s->held) {
        reading_init(&r);
        return r;
    }
    r = reading_of(s->held, 100, NOW + s->held_obs * S);
    r.source_ms = s->held_src ? NOW + s->held_src * S : 0;
    return r;
}

static void run_steps(const char *registered, const struct step *steps, size_t n)
{
    struct lot lot = lot_of(registered);
    for (size_t i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        struct reading held = held_of(s);
        struct report rep = report_of(s->claim);
        struct norm_result got;
        struct why why = {0};
        int err = norm_report(&lot, &held, &rep, NOW, &got, &why);
        if (err)
            fail_msg("row %zu, claim %s: %s %s", i, s->claim, err_name(err), why.at);
        if (strcmp(visible_of(&got.reading), s->want) != 0)
            fail_msg("row %zu, claim %s:\n is   %s\n want %s", i, s->claim, visible_of(&got.reading),
                     s->want);
        if (got.reading.observed_ms != NOW + s->obs * S || got.reading.changed_ms != NOW + s->chg * S)
            fail_msg("row %zu, claim %s: observed %+lld s, changed %+lld s", i, s->claim,
                     (long long)(got.reading.observed_ms - NOW) / S,
                     (long long)(got.reading.changed_ms - NOW) / S);
        assert_int_equal(got.reading.received_ms, NOW);
    }
}
#define RUN(lot, steps) run_steps(lot, steps, sizeof steps / sizeof steps[0])

#define CAP      " open=100 total=100 status=unknown band=plenty"
#define PLENTY50 "free=50" CAP
#define SKEW50   PLENTY50 " q=clock_skew"

static void times_that_may_be_believed(void **state)
{
    static const struct step steps[] = {
        {NULL, 0, 0, "free=50", PLENTY50, 0, 0},
        {NULL, 0, 0, "free=50 src=-1", PLENTY50, -1, -1},
        {NULL, 0, 0, "free=50 src=-300", PLENTY50, -300, -300},
        {NULL, 0, 0, "free=50 src=-301", SKEW50, 0, 0},
        {NULL, 0, 0, "free=50 src=120", PLENTY50, 120, 120},
        {NULL, 0, 0, "free=50 src=121", SKEW50, 0, 0},
        {NULL, 0, 0, "free=50 src=28800", SKEW50, 0, 0},
        {NULL, 0, 0, "free=50 src=-28800", SKEW50, 0, 0},
        {NULL, 0, 0, "free=50 src=-1795334401", PLENTY50, 0, 0}, /* before 1970: as if not said */
        {NULL, 0, 0, "free=50 src=999999999999999", SKEW50, 0, 0},
        {NULL, 0, 0, "free=50 src=-10 chg=-100", PLENTY50, -10, -100},
        {NULL, 0, 0, "free=50 src=-10 chg=0", PLENTY50, -10, -10}, /* not later than it was seen */
        {NULL, 0, 0, "free=50 src=-999 chg=-1200", SKEW50, 0, 0},  /* a clock that is off */
        {NULL, 0, 0, "free=50 chg=-100", PLENTY50, 0, -100},
        /* a slow clock that goes: our time, every time */
        {SKEW50, -30, -1030, "free=50 src=-1000", SKEW50, 0, 0},
        {SKEW50, -30, -1000, "free=50 src=-1030", SKEW50, 0, 0},
        /* a clock that stands, but ahead: our time */
        {SKEW50, -30, 600, "free=50 src=600", SKEW50, 0, 0},
        /* a clock that is right again */
        {SKEW50, -30, -1030, "free=50 src=-1", PLENTY50, -1, -1},
    };
    (void)state;
    RUN("total=100 open=100", steps);
}

#define GONE50 "free=- last=50 expired=1 open=100 total=100 status=unknown band=unknown"

static void a_stopped_source_confirms_nothing(void **state)
{
    static const struct step steps[] = {
        /* time and values stand: the observation stays where it was */
        {SKEW50, -900, -1800, "free=50 src=-1800", SKEW50, -900, -900},
        {PLENTY50, -301, -301, "free=50 src=-301", PLENTY50, -301, -301},
        {SKEW50, -900, -1800, "occ=50 src=-1800", "free=50" CAP " q=clock_skew", -900, -900},
        /* within the window its own time is enough */
        {PLENTY50, -300, -300, "free=50 src=-300", PLENTY50, -300, -300},
        /* values that move prove it alive */
        {PLENTY50, -900, -1800, "free=49 src=-1800", "free=49" CAP " q=clock_skew", 0, 0},
        {PLENTY50, -900, -1800, "free=50 charging=1/2 src=-1800", PLENTY50 " q=clock_skew cls=charging:1/2",
         0, 0},
        /* what expired does not come back by itself … */
        {GONE50, -1800, -3600, "free=50 src=-3600", GONE50, -1800, -1800},
        /* … but does when the count or the clock moves */
        {GONE50, -1800, -3600, "free=51 src=-3600", "free=51" CAP " q=clock_skew", 0, 0},
        {GONE50, -1800, -3600, "free=50 src=-3599", SKEW50, 0, 0},
        {GONE50, -1800, -3600, "free=50", PLENTY50, 0, 0},
        {"free=- open=100 total=100 status=unknown band=few", -900, -900, "band=few src=-900",
         "free=- open=100 total=100 status=unknown band=few", -900, -900},
    };
    (void)state;
    RUN("total=100 open=100", steps);
}

static void words_without_counts_keep_the_counts(void **state)
{
    static const struct step steps[] = {
        {PLENTY50, -60, 0, "status=closed", "free=50 open=100 total=100 status=closed band=plenty", -60, 0},
        {PLENTY50, -60, -60, "status=closed src=-5", "free=50 open=100 total=100 status=closed band=plenty",
         -60, -5},
        {PLENTY50 " q=manual cls=bus:1/2 zones=B1:3/4", -60, 0, "status=open",
         "free=50 open=100 total=100 status=open band=plenty q=manual cls=bus:1/2 zones=B1:3/4", -60, 0},
        {PLENTY50 " cls=bus:1/2", -60, 0, "bus=2/2 nev=1/1", PLENTY50 " cls=nev:1/1,bus:2/2", -60, 0},
        {PLENTY50, -60, 0, "total=40",
         "free=40 open=40 total=40 status=unknown band=plenty q=over_total,total_changed", -60, 0},
        {"free=- open=100 total=100 status=open band=few", -60, 0, "status=closed",
         "free=- open=100 total=100 status=closed band=few", -60, 0},
        {GONE50, -1800, 0, "status=closed",
         "free=- last=50 expired=1 open=100 total=100 status=closed band=unknown", -1800, 0},
        /* … nor do its parts come back, which nothing would take back any more */
        {GONE50 " cls=bus:-/2", -1800, 0, "bus=2/2", GONE50 " cls=bus:-/2", -1800, 0},
        /* where parts are all that was ever told, they do */
        {"free=- expired=1 open=100 total=100 status=unknown band=unknown cls=bus:-/2", -1800, 0, "bus=1/2",
         "free=- open=100 total=100 status=unknown band=unknown cls=bus:1/2", 0, 0},
        {"free=- open=100 total=100 status=unknown band=unknown cls=bus:2/2", -60, 0, "bus=1/2",
         "free=- open=100 total=100 status=unknown band=unknown cls=bus:1/2", 0, 0},
        /* no number is held: the status itself is what was observed */
        {NULL, 0, 0, "status=closed", "free=- open=100 total=100 status=closed band=unknown", 0, 0},
        {"free=- open=100 total=100 status=closed band=unknown", -60, 0, "status=closed src=-9",
         "free=- open=100 total=100 status=closed band=unknown", -9, -9},
    };
    (void)state;
    RUN("total=100 open=100", steps);
}

static void counts_keep_the_status_but_nothing_else(void **state)
{
    static const struct step steps[] = {
        {"free=9 open=100 total=100 status=closed band=few", -900, 0, "free=50",
         "free=50 open=100 total=100 status=closed band=plenty", 0, 0},
        {"free=9 open=100 total=100 status=closed band=few", -900, 0, "free=50 status=open",
         "free=50 open=100 total=100 status=open band=plenty", 0, 0},
        {PLENTY50 " q=negative,manual cls=bus:1/2 zones=B1:3/4", -900, 0, "free=50", PLENTY50, 0, 0},
        {"free=50 open=80 total=90 status=unknown band=plenty", -900, 0, "free=50", PLENTY50, 0, 0},
        {PLENTY50, -900, 0, "band=few", "free=- open=100 total=100 status=unknown band=few", 0, 0},
        {GONE50, -9000, 0, "free=3", "free=3 open=100 total=100 status=unknown band=few", 0, 0},
        /* hysteresis goes on from the band held */
        {"free=9 open=100 total=100 status=unknown band=few", -900, 0, "free=11",
         "free=11 open=100 total=100 status=unknown band=few", 0, 0},
        {"free=31 open=100 total=100 status=unknown band=plenty", -900, 0, "free=29",
         "free=29 open=100 total=100 status=unknown band=plenty", 0, 0},
        {"free=- last=31 expired=1 open=100 total=100 status=unknown band=unknown", -900, 0, "free=29",
         "free=29 open=100 total=100 status=unknown band=some", 0, 0},
    };
    (void)state;
    RUN("total=100 open=100", steps);
}

static void jumps(void **state)
{
    static const struct step steps[] = {
        {PLENTY50, -60, 0, "free=70", "free=70" CAP, 0, 0},
        {PLENTY50, -60, 0, "free=71", "free=71" CAP " q=jump", 0, 0},
        {PLENTY50, -60, 0, "free=29", "free=29 open=100 total=100 status=unknown band=plenty q=jump", 0, 0},
        {PLENTY50, -61, 0, "free=71", "free=71" CAP, 0, 0},
        {PLENTY50, -30, 0, "free=99 src=29", "free=99" CAP " q=jump", 29, 29},
        {PLENTY50, 60, 0, "free=99", "free=99" CAP, 0, 0}, /* older than held: Redis will refuse it */
        {GONE50, -30, 0, "free=99", "free=99" CAP, 0, 0},
        {PLENTY50, -30, 0, "free=150 total=400 open=400",
         "free=150 open=400 total=400 status=unknown band=plenty "
         "q=jump,total_changed",
         0, 0},
        {PLENTY50, -30, 0, "free=130 total=400 open=400",
         "free=130 open=400 total=400 status=unknown band=plenty "
         "q=total_changed",
         0, 0},
        /* the doubt stays with the number, and goes with it */
        {PLENTY50 " q=jump", -30, 0, "free=50", PLENTY50 " q=jump", 0, 0},
        {PLENTY50 " q=jump", -900, 0, "free=50", PLENTY50 " q=jump", 0, 0},
        {PLENTY50 " q=jump", -30, 0, "free=51", "free=51" CAP, 0, 0},
    };
    (void)state;
    RUN("total=100 open=100", steps);
}

static void a_jump_needs_a_measure(void **state)
{
    static const struct step steps[] = {
        {"free=50 open=- total=- status=unknown band=plenty", -30, 0, "free=70",
         "free=70 open=- total=- status=unknown band=plenty", 0, 0},
        {"free=50 open=- total=- status=unknown band=plenty", -30, 0, "free=71",
         "free=71 open=- total=- status=unknown band=plenty q=jump", 0, 0},
    };
    (void)state;
    RUN("", steps);
}

static void relays_are_whole_states_with_their_own_times(void **state)
{
    static const struct step steps[] = {
        {NULL, 0, 0, "free=50 sseq=7 src=-5 chg=-900", PLENTY50, -5, -900},
        {NULL, 0, 0, "free=50 sseq=7 src=-7200 chg=-9000", PLENTY50, -7200, -9000},
        {NULL, 0, 0, "free=50 sseq=7", PLENTY50, 0, 0},
        {NULL, 0, 0, "free=50 sseq=7 src=120 chg=120", PLENTY50, 120, 120},
        {NULL, 0, 0, "free=50 sseq=7 src=121 chg=121", SKEW50, 0, 0},
        {NULL, 0, 0, "free=50 sseq=7 src=-60 chg=-3", PLENTY50, -60,
         -3}, /* moved by a hint: changed after it was counted */
        {PLENTY50, -900, -900, "free=50 sseq=7 src=-900", PLENTY50, -900, -900},
        /* their flags are joined to ours, their jumps are theirs */
        {PLENTY50, -30, 0, "free=99 sseq=7 src=-5 chg=-5", "free=99" CAP, -5, -5},
        {PLENTY50, -30, 0, "free=99 sseq=7 src=-5 chg=-5 q=jump,frozen", "free=99" CAP " q=jump,frozen", -5,
         -5},
        {PLENTY50, -30, 0, "free=99 sseq=7 src=-5", "free=99" CAP " q=jump", -5,
         -5}, /* no parkd: it tells one time */
        {PLENTY50, -30, 0, "free=50 open=90 total=90 sseq=7",
         "free=50 open=90 total=90 status=unknown band=plenty "
         "q=total_changed",
         0, 0},
        /* their band stands where hysteresis allows it */
        {NULL, 0, 0, "free=11 band=few sseq=7", "free=11 open=100 total=100 status=unknown band=few", 0, 0},
        {NULL, 0, 0, "free=11 band=some sseq=7", "free=11 open=100 total=100 status=unknown band=some", 0, 0},
        {NULL, 0, 0, "free=11 band=plenty sseq=7", "free=11 open=100 total=100 status=unknown band=some", 0,
         0},
        {"free=9 open=100 total=100 status=unknown band=few", -60, 0, "free=11 band=some sseq=7",
         "free=11 open=100 total=100 status=unknown band=some", 0, 0},
        /* their status too, also an unknown one */
        {"free=9 open=100 total=100 status=open band=few", -60, 0, "free=9 sseq=7",
         "free=9 open=100 total=100 status=unknown band=few", 0, 0},
        /* no count: unknown, and what was known is kept apart */
        {PLENTY50, -60, -60, "sseq=8 src=-60 chg=-1", GONE50, -60, -1},
        {GONE50, -60, -60, "sseq=9 src=-60 chg=-1", GONE50, -60, -1},
        {PLENTY50, -60, -60, "sseq=8 total=100 charging=-/10 src=-60 chg=-1", GONE50 " cls=charging:-/10",
         -60, -1},
        {NULL, 0, 0, "sseq=8 status=open", "free=- open=100 total=100 status=open band=unknown", 0, 0},
        {PLENTY50, -60, 0, "sseq=8 band=few", "free=- open=100 total=100 status=unknown band=few", 0, 0},
        {GONE50, -60, -60, "free=50 sseq=10 src=-3 chg=-3", PLENTY50, -3, -3},
    };
    (void)state;
    RUN("total=100 open=100", steps);
}

static void relays_keep_their_number(void **state)
{
    struct lot lot = lot_of("total=100");
    struct report rep = report_of("free=5 sseq=123456789012 src=-5");
    struct reading held = reading_of(PLENTY50, 77, NOW - 60 * S);
    struct norm_result got;
    (void)state;
    assert_int_equal(norm_report(&lot, &held, &rep, NOW, &got, NULL), 0);
    assert_int_equal(got.reading.source_seq, 123456789012);
    assert_int_equal(got.reading.source_ms, NOW - 5 * S);
    assert_int_equal(got.reading.seq, 0);
}

static void signs_of_life(void **state)
{
    static const struct {
        const char *claim;
        int obs;
    } rows[] = {{"beat=1", 0},           {"beat=1 src=-200", -200}, {"beat=1 src=-400", 0},
                {"beat=1 src=500", 0},   {"beat=1 src=60", 60},     {"beat=1 src=-400 sseq=3", -400},
                {"beat=1 free=70000", 0}};
    struct lot lot = lot_of("total=100");
    struct reading held = reading_of(PLENTY50, 77, NOW - 60 * S);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report rep = report_of(rows[i].claim);
        struct norm_result got;
        assert_int_equal(norm_report(&lot, &held, &rep, NOW, &got, NULL), 0);
        assert_int_equal(got.op, NORM_BEAT);
        assert_int_equal(got.reading.observed_ms, NOW + rows[i].obs * S);
    }
    /* The time of the counts again, long ago: nobody has counted since. */
    struct report rep = report_of("beat=1 src=-400");
    struct norm_result got;
    held.source_ms = NOW - 400 * S;
    assert_int_equal(norm_report(&lot, &held, &rep, NOW, &got, NULL), 0);
    assert_int_equal(got.reading.observed_ms, held.observed_ms);
}

static void movements_are_passed_on(void **state)
{
    static const struct {
        const char *claim;
        int err, delta, at;
    } rows[] = {
        {"in=1", 0, -1, 0},
        {"out=3", 0, 3, 0},
        {"in=5 out=2 src=-7", 0, -3, -7},
        {"in=5 out=5", 0, 0, 0},
        {"in=1 src=-900", 0, -1, 0},
        {"in=1 src=900", 0, -1, 0},
        {"in=-1", ERR_RANGE, 0, 0},
        {"out=65535", ERR_RANGE, 0, 0},
        {"in=65534", 0, -65534, 0},
    };
    struct lot lot = lot_of("total=100");
    struct reading held = reading_of(PLENTY50, 77, NOW - 60 * S);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report rep = report_of(rows[i].claim);
        struct norm_result got;
        struct why why = {0};
        assert_int_equal(norm_report(&lot, &held, &rep, NOW, &got, &why), rows[i].err);
        if (rows[i].err)
            continue;
        assert_int_equal(got.op, NORM_HINT);
        assert_int_equal(got.out - got.in, rows[i].delta);
        assert_int_equal(got.hint_ms, NOW + rows[i].at * S);
    }
    struct report nothing;
    struct norm_result got;
    report_init(&nothing);
    nothing.kind = REPORT_HINT;
    assert_int_equal(norm_report(&lot, &held, &nothing, NOW, &got, NULL), ERR_MISSING);
}

static void hints_move_the_count(void **state)
{
    static const struct {
        const char *held;
        int held_obs, held_src;
        int32_t delta;
        int at;
        const char *want; /* NULL: ERR_STATE */
        int chg;
    } rows[] = {
        {PLENTY50, -60, 0, -1, 0, "free=49" CAP " q=derived", 0},
        {PLENTY50, -60, 0, 1, -5, "free=51" CAP " q=derived", -5},
        {PLENTY50, -60, 0, 0, -5, "free=50" CAP " q=derived", -5},
        {PLENTY50, -60, 0, -1, 999, "free=49" CAP " q=derived", 0},
        {PLENTY50, -60, 0, -1, -90, "free=49" CAP " q=derived",
         -60}, /* it may come late; the change is told now */
        {PLENTY50 " q=derived", -60, 0, -51, 0,
         "free=0 open=100 total=100 status=unknown band=full q=negative,jump,derived", 0},
        {PLENTY50, -60, 0, 60, 0, "free=100" CAP " q=over_total,jump,derived", 0},
        {"free=12 open=100 total=100 status=open band=some cls=bus:1/2", -60, 0, -3, 0,
         "free=9 open=100 total=100 status=open band=some q=derived cls=bus:1/2", 0},
        /* an absolute count of the same clock has it in already */
        {PLENTY50, -60, -60, -1, -60, PLENTY50, -60},
        {PLENTY50, -60, -60, -1, -61, PLENTY50, -60},
        {PLENTY50, -60, -60, -1, -59, "free=49" CAP " q=derived", -59},
        {SKEW50, -60, 600, -1, -61, "free=49" CAP " q=clock_skew,derived", -60},
        /* there is no number to move */
        {GONE50, -60, 0, -1, 0, NULL, 0},
        {"free=- open=100 total=100 status=unknown band=few", -60, 0, -1, 0, NULL, 0},
        {NULL, 0, 0, -1, 0, NULL, 0},
    };
    struct lot lot = lot_of("total=100 open=100");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct step s = {.held = rows[i].held, .held_obs = rows[i].held_obs, .held_src = rows[i].held_src};
        struct reading held = held_of(&s), got;
        int err = norm_hint(&lot, &held, rows[i].delta, NOW + rows[i].at * S, NOW, &got);
        assert_int_equal(err, rows[i].want ? 0 : ERR_STATE);
        if (err)
            continue;
        if (strcmp(visible_of(&got), rows[i].want) != 0)
            fail_msg("row %zu:\n is   %s\n want %s", i, visible_of(&got), rows[i].want);
        assert_int_equal(got.changed_ms, NOW + rows[i].chg * S);
        assert_int_equal(got.observed_ms, held.observed_ms); /* nobody counted */
        assert_int_equal(got.seq, 0);
    }
}

/* The lot's own counter goes below 0 and comes back; so must ours. */
static void hints_follow_the_raw_count(void **state)
{
    struct lot lot = lot_of("total=100 open=100");
    struct report rep = report_of("free=-3");
    struct reading held;
    struct norm_result n;
    static const int32_t deltas[] = {1, 1, 1, 1, -2, -1, 200, -100}, want[] = {0, 0, 0, 1, 0, 0, 100, 98};
    (void)state;
    reading_init(&held);
    assert_int_equal(norm_report(&lot, &held, &rep, NOW, &n, NULL), 0);
    held = n.reading;
    for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++) {
        struct reading next;
        assert_int_equal(norm_hint(&lot, &held, deltas[i], NOW + 1, NOW + 1, &next), 0);
        assert_int_equal(next.free, want[i]);
        held = next;
    }
    held.raw_free = INT32_MAX;
    assert_int_equal(norm_hint(&lot, &held, INT32_MAX, NOW + 1, NOW + 1, &held), 0);
    assert_int_equal(held.raw_free, INT32_MAX);
    held.raw_free = -INT32_MAX;
    assert_int_equal(norm_hint(&lot, &held, INT32_MIN, NOW + 1, NOW + 1, &held), 0);
    assert_int_equal(held.raw_free, -INT32_MAX);
}

static void expiry_says_unknown(void **state)
{
    struct reading held =
        reading_of("free=50 open=100 total=100 status=open band=plenty q=negative cls=nev:3/-,bus:1/2 "
                   "zones=B1:3/4",
                   9, NOW - 3600 * S);
    struct reading gone, again;
    (void)state;
    held.source_ms = NOW - 3601 * S;
    norm_expire(&held, NOW, &gone);
    assert_string_equal(visible_of(&gone),
                        "free=- last=50 expired=1 open=100 total=100 status=unknown band=unknown "
                        "q=negative cls=bus:-/2 zones=B1:-/4");
    assert_int_equal(gone.changed_ms, NOW);
    assert_int_equal(gone.observed_ms, held.observed_ms);
    assert_int_equal(gone.source_ms, held.source_ms);
    assert_int_equal(gone.seq, 0);
    norm_expire(&gone, NOW + 1, &again);
    assert_int_equal(again.last_free, 50);
    held = reading_of("free=- band=few", 9, NOW);
    norm_expire(&held, NOW, &gone);
    assert_string_equal(visible_of(&gone), "free=- expired=1 open=- total=- status=unknown band=unknown");
}

static int64_t wild(uint64_t *seed)
{
    static const int64_t odd[] = {REPORT_NONE, REPORT_NONE, REPORT_NONE, 0,         -1,           1,
                                  65534,       -65534,      65535,       INT64_MAX, INT64_MIN + 1};
    int i = below(seed, 30);
    return i < 11 ? odd[i] : below(seed, 500) - 50;
}

static struct report wild_report(uint64_t *seed)
{
    static const char *const ids[] = {
        "", "B1", "B2", "\xff", "\xe5\x9c\xb0\xe4", "a b", "12345678901234567890123"};
    struct report r;
    report_init(&r);
    r.kind = (enum report_kind)below(seed, 4);
    r.free = wild(seed);
    r.open = wild(seed);
    r.total = wild(seed);
    r.occupied = wild(seed);
    r.status = (enum lot_status)below(seed, 3);
    r.band = (enum band)below(seed, 5);
    r.source_ms = below(seed, 2)   ? 0
                  : below(seed, 3) ? NOW + (below(seed, 2000) - 1500) * S
                                   : (int64_t)next_random(seed);
    r.changed_ms = below(seed, 2)   ? 0
                   : below(seed, 3) ? NOW + (below(seed, 2000) - 1500) * S
                                    : (int64_t)next_random(seed);
    r.source_seq = below(seed, 3) ? 0 : next_random(seed);
    r.quality = (uint32_t)next_random(seed);
    r.in = below(seed, 5) - 1;
    r.out = below(seed, 5) - 1;
    if (below(seed, 3) == 0)
        r.classes[below(seed, PLACE_CLASS_N)] = (struct place_claim){wild(seed), wild(seed)};
    r.n_zones = below(seed, 3) ? 0 : below(seed, REPORT_MAX_ZONES + 3) - 1;
    for (int z = 0; z < REPORT_MAX_ZONES; z++) {
        r.zones[z].count = (struct place_claim){below(seed, 9), below(seed, 9)};
        assert_int_equal(view_copy(view_of(ids[below(seed, 7)]), r.zones[z].id, ZONE_ID_SIZE), 0);
    }
    return r;
}

/* Whatever is claimed after whatever, the result is a reading that can be written, and norm is a function. */
static void every_claim_makes_a_reading_or_an_error(void **state)
{
    uint64_t seed = 44;
    struct reading held;
    int made = 0;
    (void)state;
    reading_init(&held);
    for (int i = 0; i < 200000; i++) {
        struct lot lot = lot_of(below(&seed, 2) ? "total=100 open=90" : below(&seed, 2) ? "total=100" : "");
        struct report rep = wild_report(&seed);
        struct norm_result got;
        struct why why = {0};
        struct buf b;
        struct reading next;
        if (norm_report(&lot, &held, &rep, NOW, &got, &why)) {
            assert_true(why.text[0] != '\0');
            continue;
        }
        if (got.op == NORM_BEAT)
            continue;
        if (got.op == NORM_HINT && norm_hint(&lot, &held, got.out - got.in, got.hint_ms, NOW, &got.reading))
            continue;
        next = got.reading;
        buf_init(&b, READING_MAX_TEXT);
        if (reading_encode(&next, &b))
            fail_msg("round %d: a reading that cannot be written", i);
        assert_true(next.observed_ms <= NOW + 120 * S && (next.changed_ms <= NOW + 120 * S));
        assert_true(next.free == COUNT_NONE || next.band != BAND_UNKNOWN);
        buf_fini(&b);
        made++;
        held = next;
        if (below(&seed, 6) == 0)
            norm_expire(&held, NOW, &held);
        if (below(&seed, 20) == 0)
            reading_init(&held);
    }
    assert_true(made > 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_claims),
        cmocka_unit_test(raw_values_stay_beside),
        cmocka_unit_test(times_that_may_be_believed),
        cmocka_unit_test(a_stopped_source_confirms_nothing),
        cmocka_unit_test(words_without_counts_keep_the_counts),
        cmocka_unit_test(counts_keep_the_status_but_nothing_else),
        cmocka_unit_test(jumps),
        cmocka_unit_test(a_jump_needs_a_measure),
        cmocka_unit_test(relays_are_whole_states_with_their_own_times),
        cmocka_unit_test(relays_keep_their_number),
        cmocka_unit_test(signs_of_life),
        cmocka_unit_test(movements_are_passed_on),
        cmocka_unit_test(hints_move_the_count),
        cmocka_unit_test(hints_follow_the_raw_count),
        cmocka_unit_test(expiry_says_unknown),
        cmocka_unit_test(every_claim_makes_a_reading_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
