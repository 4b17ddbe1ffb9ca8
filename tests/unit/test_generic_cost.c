/* SPDX-License-Identifier: MIT
 * What one message may cost: a mapping whose parts are harmless one by one, and a message that has thousands
 * of what they are slow with. It ends with ERR_BUDGET and reports nothing, soon.
 */
#include "generic_test.h"

#include <time.h>

#define BODY ((size_t)200 * 1024)

/* `row` again and again between head and tail. */
static char *many(const char *head, const char *row, const char *tail)
{
    struct buf b;
    buf_init(&b, 2 * BODY);
    buf_str(&b, head);
    for (bool first = true; b.n < BODY; first = false) {
        if (!first && head[0] == '[')
            buf_char(&b, ',');
        buf_str(&b, row);
    }
    buf_str(&b, tail);
    assert_int_equal(b.err, 0);
    char *text = view_dup(buf_get(&b));
    buf_fini(&b);
    assert_non_null(text);
    return text;
}

/* As in the loop. */
static int decode(const char *mapping, char *body, struct report_list *out)
{
    struct dialect_session *s = open_mapping(mapping);
    struct registry *reg = registry_new();
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_response res = {200, {0}, view_of(body)};
    struct dialect_request next;
    struct why why;
    bool more;
    report_list_init(out);
    int err = dialect_decode(s, &ctx, &res, out, &next, &more, &why);
    dialect_request_fini(&next);
    dialect_close(s);
    registry_free(reg);
    free(body);
    return err;
}

static void check_costly(const char *mapping, char *body)
{
    struct report_list out;
    clock_t began = clock();
    assert_int_equal(decode(mapping, body, &out), ERR_BUDGET);
    assert_in_range(clock() - began, 0, 2 * CLOCKS_PER_SEC);
    assert_int_equal(out.n, 0);
    report_list_fini(&out);
}

static void expressions_are_slow(void **state)
{
    (void)state;
    const char *row = "{\"id\":\"P1\",\"free\":3,\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1x\"}";
    check_costly(
        "{'lot':'/id','free':'/free','name':{'path':'/name','do':{'capture':'^(a|aa|aaa)+[0-9]*x$'}}}",
        many("[", row, "]"));
    check_costly("{'single':true,'lot':{'const':'P1'},"
                 "'free':{'path':'$[*].name','do':[{'replace':['[a-c]*[ab]*[a-d]*a*[0-9]x','']},'count']}}",
                 many("[", row, "]"));
}

static void paths_are_slow(void **state)
{
    (void)state;
    check_costly("{'lot':'/i','free':'/f','name':'$..nowhere'}", many("[", "{\"i\":1,\"f\":2}", "]"));
    check_costly("{'format':'xml','items':'//l','lot':'@i','free':'@f','numbers':{'text':true},"
                 "'name':'substring(string(/),1,1)'}",
                 many("<r>", "<l i='1' f='2'>x</l>", "</r>"));
}

static void lists_are_slow(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 2 * BODY);
    for (int i = 0; b.n < BODY; i++)
        buf_printf(&b, "%s%d", i ? "," : "[", i);
    buf_str(&b, "]");
    check_costly("{'single':true,'lot':{'const':'P1'},'free':{'path':'$[*]','do':['unique','count']}}",
                 view_dup(buf_get(&b)));
    buf_fini(&b);
}

/* Where an item stands takes a look at all before it; faults that nobody hears of do not look. */
static void faults_are_not_slow(void **state)
{
    struct report_list out;
    (void)state;
    assert_int_equal(
        decode("{'format':'xml','items':'//a','lot':'i','free':'f'}", many("<r>", "<a/>", "</r>"), &out), 0);
    assert_int_equal(out.n, 0);
    assert_int_equal(out.n_faults, REPORT_LIST_MAX);
    report_list_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_slow),
        cmocka_unit_test(paths_are_slow),
        cmocka_unit_test(lists_are_slow),
        cmocka_unit_test(faults_are_not_slow),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
