/* SPDX-License-Identifier: MIT
 * The text form of readings: exact bytes, every reading reads back as itself, hostile text is refused; and
 * the native item.
 */
#include "model_test.h"

static const char example[] =
    "seq=1795363125094 chg=1795363125000 obs=1795363125000 rcv=1795363125050 sseq=0 src=0 rf=-3 rt=420 "
    "| free=0 open=400 total=420 status=open band=full q=negative,derived cls=charging:3/10 "
    "zones=B1:10/100";

static struct reading example_reading(void)
{
    struct reading r;
    reading_init(&r);
    r.seq = 1795363125094;
    r.changed_ms = r.observed_ms = 1795363125000;
    r.received_ms = 1795363125050;
    r.raw_free = -3;
    r.raw_total = 420;
    r.free = 0;
    r.open = 400;
    r.total = 420;
    r.status = STATUS_OPEN;
    r.band = BAND_FULL;
    r.quality = QUALITY_NEGATIVE | QUALITY_DERIVED;
    r.classes[CLASS_CHARGING] = (struct place_count){3, 10};
    r.n_zones = 1;
    r.zones[0] = (struct zone_count){"B1", {10, 100}};
    return r;
}

static void writes_the_documented_bytes(void **state)
{
    struct reading r = example_reading(), back;
    struct buf b;
    (void)state;
    buf_init(&b, READING_MAX_TEXT);
    assert_int_equal(reading_encode(&r, &b), 0);
    assert_string_equal(b.p, example);
    assert_int_equal(reading_decode(buf_get(&b), &back), 0);
    assert_true(reading_same(&back, &r) && back.seq == r.seq && back.raw_free == -3 && back.raw_total == 420);
    buf_fini(&b);
}

static void an_expired_reading_keeps_its_last_count(void **state)
{
    struct reading r;
    (void)state;
    reading_init(&r);
    r.expired = true;
    r.last_free = 37;
    r.total = 420;
    assert_string_equal(visible_of(&r),
                        "free=- last=37 expired=1 open=- total=420 status=unknown band=unknown");
}

static void the_native_item_is_exact(void **state)
{
    struct reading r = example_reading();
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    assert_int_equal(reading_native_item("ZD-001", &r, &b), 0);
    assert_string_equal(
        b.p,
        "{\"lot\":\"ZD-001\",\"seq\":1795363125094,\"at\":\"2026-11-22T15:58:45Z\",\"free\":0,\"open\":400,"
        "\"total\":420,\"status\":\"open\",\"band\":\"full\",\"quality\":[\"negative\",\"derived\"],"
        "\"classes\":{\"charging\":{\"free\":3,\"total\":10}},\"zones\":[{\"id\":\"B1\",\"free\":10,"
        "\"total\":100}]}");
    buf_clear(&b);
    r.observed_ms += 1000; /* confirmations, and all else that belongs to no seq, leave the bytes alone */
    r.received_ms += 1000;
    r.source_ms = 5;
    r.source_seq = 5;
    r.raw_free = RAW_NONE;
    assert_int_equal(reading_native_item("ZD-001", &r, &b), 0);
    assert_null(strstr(b.p, "15:58:46"));
    buf_clear(&b);
    reading_init(&r);
    r.seq = 7;
    r.changed_ms = NOW;
    assert_int_equal(reading_native_item("L", &r, &b), 0);
    assert_string_equal(
        b.p,
        "{\"lot\":\"L\",\"seq\":7,\"at\":\"2026-11-22T08:00:00Z\",\"free\":null,\"open\":null,\"total\":null,"
        "\"status\":\"unknown\",\"band\":\"unknown\"}");
    buf_fini(&b);
}

static int32_t random_count(uint64_t *seed, int32_t most)
{
    switch (below(seed, 4)) {
    case 0:
        return COUNT_NONE;
    case 1:
        return 0;
    case 2:
        return most;
    default:
        return below(seed, most + 1);
    }
}

static struct place_count random_place(uint64_t *seed)
{
    struct place_count p;
    p.total = random_count(seed, COUNT_MAX);
    p.free = random_count(seed, p.total == COUNT_NONE ? COUNT_MAX : p.total);
    return p;
}

static void random_zone_id(uint64_t *seed, char id[ZONE_ID_SIZE])
{
    static const char *const bits[] = {"B", "1", "地下", " ",    ",", ":", "/",   "%",
                                       "=", "|", "\n",   "\x7f", "é", "-", "%41", "🅿"};
    char text[64] = "";
    struct buf b;
    buf_init(&b, ZONE_ID_SIZE - 1);
    for (int i = 1 + below(seed, 23); i > 0; i--) {
        const char *bit = bits[below(seed, 16)];
        if (b.n + strlen(bit) < ZONE_ID_SIZE)
            buf_str(&b, bit);
    }
    (void)snprintf(text, sizeof text, "%s", b.n ? b.p : "x");
    memset(id, 0, ZONE_ID_SIZE);
    assert_int_equal(view_copy(view_of(text), id, ZONE_ID_SIZE), 0);
    buf_fini(&b);
}

static int64_t random_time(uint64_t *seed)
{
    return below(seed, 5) ? (int64_t)(next_random(seed) % (uint64_t)(READING_TIME_MAX + 1))
                          : READING_TIME_MAX;
}

static void random_counts(uint64_t *seed, struct reading *r)
{
    r->total = random_count(seed, COUNT_MAX);
    r->open = random_count(seed, r->total == COUNT_NONE ? COUNT_MAX : r->total);
    int32_t most = r->open != COUNT_NONE ? r->open : r->total;
    r->expired = below(seed, 5) == 0;
    r->free = r->expired ? COUNT_NONE : random_count(seed, most == COUNT_NONE ? COUNT_MAX : most);
    r->last_free = below(seed, 2) ? COUNT_NONE : random_count(seed, COUNT_MAX);
    for (int c = 0; c < PLACE_CLASS_N; c++)
        if (below(seed, 3) == 0)
            r->classes[c] = random_place(seed);
    r->n_zones = below(seed, REPORT_MAX_ZONES + 1);
    for (int z = 0; z < r->n_zones; z++) {
        random_zone_id(seed, r->zones[z].id);
        r->zones[z].count = random_place(seed);
    }
}

static struct reading random_reading(uint64_t *seed)
{
    struct reading r;
    reading_init(&r);
    r.seq = next_random(seed) >> below(seed, 64);
    r.source_seq = next_random(seed) >> below(seed, 64);
    r.changed_ms = random_time(seed);
    r.observed_ms = random_time(seed);
    r.received_ms = random_time(seed);
    r.source_ms = below(seed, 2) ? 0 : random_time(seed);
    r.raw_free = below(seed, 4) ? (int32_t)(uint32_t)next_random(seed) : RAW_NONE;
    r.raw_total = below(seed, 4) ? below(seed, 70000) : RAW_NONE;
    r.status = (enum lot_status)below(seed, 3);
    r.band = (enum band)below(seed, 5);
    r.quality = (uint32_t)below(seed, 1 << QUALITY_N);
    random_counts(seed, &r);
    return r;
}

static void every_reading_reads_back_as_itself(void **state)
{
    uint64_t seed = 20261122;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct reading r = random_reading(&seed), back, other = random_reading(&seed);
        struct buf a, b;
        buf_init(&a, READING_MAX_TEXT);
        buf_init(&b, READING_MAX_TEXT);
        assert_int_equal(reading_encode(&r, &a), 0);
        assert_int_equal(reading_decode(buf_get(&a), &back), 0);
        assert_true(reading_same(&r, &back));
        assert_int_equal(reading_encode(&back, &b), 0);
        assert_string_equal(a.p, b.p);
        assert_true(view_is_utf8(buf_get(&a)));
        assert_int_equal(memchr(a.p, '\n', a.n) != NULL, 0);
        buf_clear(&a);
        buf_clear(&b);
        assert_int_equal(reading_encode_visible(&r, &a), 0);
        assert_int_equal(reading_encode_visible(&other, &b), 0);
        assert_int_equal(reading_same(&r, &other), strcmp(a.p, b.p) == 0);
        buf_fini(&a);
        buf_fini(&b);
    }
}

/* Every visible part makes a difference, and nothing else does. */
static void sameness_is_of_the_visible_part(void **state)
{
    struct reading a = example_reading(), b[16], c[8];
    (void)state;
    for (int i = 0; i < 16; i++)
        b[i] = a;
    b[0].free = 1;
    b[1].open = 401;
    b[2].total = 421;
    b[3].last_free = 5;
    b[4].status = STATUS_CLOSED;
    b[5].band = BAND_FEW;
    b[6].quality ^= QUALITY_MANUAL;
    b[7].expired = true;
    b[8].classes[CLASS_CHARGING].free = 4;
    b[9].classes[CLASS_CHARGING].total = 11;
    b[10].classes[PLACE_CLASS_N - 1].free = 0;
    b[11].n_zones = 0;
    b[12].zones[0].id[0] = 'C';
    b[13].zones[0].count.free = 11;
    b[14].zones[0].count.total = COUNT_NONE;
    b[15].zones[b[15].n_zones++] = (struct zone_count){"B2", {1, 2}};
    for (int i = 0; i < 16; i++)
        if (reading_same(&a, &b[i]))
            fail_msg("difference %d is not seen", i);
    for (int i = 0; i < 8; i++)
        c[i] = a;
    c[0].seq++;
    c[1].changed_ms++;
    c[2].observed_ms++;
    c[3].received_ms++;
    c[4].source_seq++;
    c[5].source_ms++;
    c[6].raw_free++;
    c[7].raw_total++;
    for (int i = 0; i < 8; i++)
        assert_true(reading_same(&a, &c[i]));
}

static void the_longest_reading_fits(void **state)
{
    struct reading r;
    struct buf b;
    (void)state;
    reading_init(&r);
    r.seq = r.source_seq = UINT64_MAX;
    r.changed_ms = r.observed_ms = r.received_ms = r.source_ms = READING_TIME_MAX;
    r.raw_free = r.raw_total = -INT32_MAX;
    r.open = r.total = r.last_free = r.free = COUNT_MAX;
    r.status = STATUS_UNKNOWN;
    r.band = BAND_UNKNOWN;
    r.quality = (1u << QUALITY_N) - 1;
    for (int c = 0; c < PLACE_CLASS_N; c++)
        r.classes[c] = (struct place_count){COUNT_MAX, COUNT_MAX};
    r.n_zones = REPORT_MAX_ZONES;
    for (int z = 0; z < REPORT_MAX_ZONES; z++) {
        r.zones[z].count = (struct place_count){COUNT_MAX, COUNT_MAX};
        memset(r.zones[z].id, '|', ZONE_ID_SIZE - 1);
    }
    buf_init(&b, READING_MAX_TEXT);
    assert_int_equal(reading_encode(&r, &b), 0);
    assert_in_range(b.n, 1537, 1576);
    buf_fini(&b);
}

#define HEAD "seq=1 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=- rt=- | "

static void what_was_not_written_by_us_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "|",
        " | ",
        "seq=1",
        "free=1",
        HEAD,
        HEAD " ",
        HEAD "free",
        HEAD "free=",
        HEAD "=1",
        HEAD "free=1 ",
        HEAD " free=1",
        HEAD "free=1  open=2",
        HEAD "free=01",
        HEAD "free=-1",
        HEAD "free=+1",
        HEAD "free=1x",
        HEAD "free=65535",
        HEAD "free=99999999999999999999999",
        HEAD "free=1 free=1",
        HEAD "open=5 free=1",
        HEAD "free=6 open=5",
        HEAD "free=6 open=- total=5",
        HEAD "free=1 open=6 total=5",
        HEAD "free=1 expired=1",
        HEAD "free=- last=-",
        HEAD "free=- expired=0",
        HEAD "free=- expired=",
        HEAD "status=Open",
        HEAD "status=",
        HEAD "band=some,few",
        HEAD "q=",
        HEAD "q=negative,",
        HEAD "q=over_total,negative",
        HEAD "q=negative,negative",
        HEAD "cls=",
        HEAD "cls=charging",
        HEAD "cls=charging:",
        HEAD "cls=charging:3",
        HEAD "cls=charging:3/",
        HEAD "cls=charging:3/2",
        HEAD "cls=charging:-/-",
        HEAD "cls=charging:1/2,charging:1/2",
        HEAD "cls=bus:1/2,charging:1/2",
        HEAD "cls=:1/2",
        HEAD "cls=charging:1/2/3",
        HEAD "zones=",
        HEAD "zones=:1/2",
        HEAD "zones=B1:1",
        HEAD "zones=B1",
        HEAD "zones=B1:1/2,",
        HEAD "zones=B%:1/2",
        HEAD "zones=B%2:1/2",
        HEAD "zones=B%2f:1/2",
        HEAD "zones=B%41:1/2",
        HEAD "zones=%00:1/2",
        HEAD "zones=\xff:1/2",
        HEAD "zones=%FF:1/2",
        HEAD "zones=B/1:1/2",
        HEAD "zones=123456789012345678901234:1/2",
        HEAD "zones=a:1/2,b:1/2,c:1/2,d:1/2,e:1/2,f:1/2,g:1/2,h:1/2,i:1/2,j:1/2,k:1/2,l:1/2,m:1/2",
        "seq=-1 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=- rt=- | free=1",
        "seq=18446744073709551616 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=- rt=- | free=1",
        "seq=1 chg=-2 obs=3 rcv=4 sseq=0 src=0 rf=- rt=- | free=1",
        "seq=1 chg=2 obs=253402300800000 rcv=4 sseq=0 src=0 rf=- rt=- | free=1",
        "seq=1 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=2147483648 rt=- | free=1",
        "seq=1 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=-0 rt=- | free=1",
        "seq=1 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=- rt=-| free=1",
        "seq=1 obs=3 chg=2 rcv=4 sseq=0 src=0 rf=- rt=- | free=1",
        "seq=1 chg=2 obs=3 rcv=4 sseq=0 src=0 rf=- rt=- x=1 | free=1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading r;
        if (reading_decode(view_of(rows[i]), &r) != ERR_SYNTAX)
            fail_msg("accepted: %s", rows[i]);
    }
    struct reading r;
    assert_int_equal(reading_decode((struct view){NULL, 0}, &r), ERR_SYNTAX);
    assert_int_equal(reading_decode((struct view){HEAD "free=1\0", sizeof HEAD + 6}, &r), ERR_SYNTAX);
}

static void a_newer_parkd_may_have_written_more(void **state)
{
    struct reading r;
    (void)state;
    assert_int_equal(
        reading_decode(VIEW(HEAD
                            "free=1 mood=good total=5 status=open band=some q=negative,shy cls=charging:1/2,"
                            "rocket:1/2 later=a=b"),
                       &r),
        0);
    assert_string_equal(visible_of(&r),
                        "free=1 open=- total=5 status=open band=some q=negative cls=charging:1/2");
}

/* Damaged texts never crash, and what is accepted can be written again. */
static void damage_is_survived(void **state)
{
    uint64_t seed = 7;
    int accepted = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        size_t n = sizeof example - 1, cut = (size_t)below(&seed, 3) ? n : (size_t)below(&seed, (int32_t)n);
        char *text = malloc(cut ? cut : 1); /* exact, so that reading past the end is seen */
        struct reading r;
        assert_non_null(text);
        memcpy(text, example, cut);
        for (int k = below(&seed, 3); k >= 0 && cut; k--)
            text[below(&seed, (int32_t)cut)] =
                (char)(below(&seed, 2) ? below(&seed, 256) : "0123456789-=,:/ |%"[below(&seed, 18)]);
        if (reading_decode((struct view){text, cut}, &r) == 0) {
            struct buf b;
            buf_init(&b, READING_MAX_TEXT);
            assert_int_equal(reading_encode(&r, &b), 0);
            buf_fini(&b);
            accepted++;
        }
        free(text);
    }
    assert_in_range(accepted, 1000, 190000);
}

static void broken_invariants_are_not_written(void **state)
{
    struct reading bad[9];
    struct buf b;
    (void)state;
    for (int i = 0; i < 9; i++)
        bad[i] = example_reading();
    bad[0].free = 401;
    bad[1].open = 421;
    bad[2].total = COUNT_MAX + 1;
    bad[3].free = -2;
    bad[4].expired = true;
    bad[5].n_zones = REPORT_MAX_ZONES + 1;
    bad[6].zones[0].id[0] = '\0';
    bad[7].observed_ms = -1;
    bad[8].classes[CLASS_BUS].free = 70000;
    for (int i = 0; i < 9; i++) {
        buf_init(&b, 4096);
        assert_int_equal(reading_encode(&bad[i], &b), ERR_INVALID);
        assert_int_equal(reading_encode_visible(&bad[i], &b), ERR_INVALID);
        assert_int_equal(reading_native_item("L", &bad[i], &b), ERR_INVALID);
        assert_int_equal(b.n, 0);
        buf_fini(&b);
    }
    struct reading r = example_reading();
    buf_init(&b, 20);
    assert_int_equal(reading_encode(&r, &b), ERR_TOO_BIG);
    buf_fini(&b);
}

static void what_is_late(void **state)
{
    static const struct {
        int64_t next_obs, next_src, held_src;
        uint64_t next_seq, held_seq;
        bool expired, late;
    } rows[] = {
        {5000, 0, 0, 0, 0, false, false},       /* not older */
        {4999, 0, 0, 0, 0, false, true},        /* older, and says nothing */
        {4999, 3000, 2000, 0, 0, false, false}, /* told later than what was told */
        {4999, 2000, 2000, 0, 0, false, true},  {4999, 3000, 0, 0, 0, false, true},
        {4999, 3000, 2000, 0, 0, true, true},  /* what expired stays so */
        {4999, 3000, 2000, 8, 8, false, true}, /* the number counts before the time */
        {4999, 1000, 2000, 9, 8, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading held, next;
        reading_init(&held);
        reading_init(&next);
        held.seq = 1;
        held.observed_ms = 5000;
        held.source_ms = rows[i].held_src;
        held.source_seq = rows[i].held_seq;
        held.expired = rows[i].expired;
        next.observed_ms = rows[i].next_obs;
        next.source_ms = rows[i].next_src;
        next.source_seq = rows[i].next_seq;
        assert_int_equal(reading_is_late(&next, &held, 6000), rows[i].late);
        held.observed_ms = 6001 + READING_AHEAD_MS; /* holds nobody up */
        assert_false(reading_is_late(&next, &held, 6000));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_documented_bytes),
        cmocka_unit_test(an_expired_reading_keeps_its_last_count),
        cmocka_unit_test(the_native_item_is_exact),
        cmocka_unit_test(every_reading_reads_back_as_itself),
        cmocka_unit_test(sameness_is_of_the_visible_part),
        cmocka_unit_test(the_longest_reading_fits),
        cmocka_unit_test(what_was_not_written_by_us_is_refused),
        cmocka_unit_test(a_newer_parkd_may_have_written_more),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(broken_invariants_are_not_written),
        cmocka_unit_test(what_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
