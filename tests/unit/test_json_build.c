/* SPDX-License-Identifier: MIT
 * json_build: trees made by us read like parsed ones, failures free the child, appending stays cheap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <math.h>

#include "parkd/base/buf.h"
#include "parkd/base/json_build.h"
#include "parkd/base/json_write.h"

static void check_text(const struct json *tree, const char *want)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_json(&w, NULL, tree);
    assert_int_equal(b.err, 0);
    if (!view_is(buf_get(&b), want))
        fail_msg("<" VIEW_FMT ">, not <%s>", VIEW_ARG(buf_get(&b)), want);
    buf_fini(&b);
}

static void builds_what_it_is_told(void **state)
{
    (void)state;
    struct json *rows = json_new_array(), *row = json_new_object();
    assert_int_equal(json_put(row, VIEW("停车"), json_new_text(VIEW("a\"b"))), 0);
    assert_int_equal(json_put(row, VIEW(""), json_new_number(-1.5)), 0);
    assert_int_equal(json_put(row, VIEW("empty"), json_new_text((struct view){0})), 0);
    assert_int_equal(json_put(row, VIEW("o"), json_new_object()), 0);
    assert_int_equal(json_put(row, VIEW("nan"), json_new_number((double)INFINITY)), 0);
    assert_int_equal(json_add(rows, row), 0);
    assert_int_equal(json_add(rows, json_new_array()), 0);
    assert_int_equal(json_add(rows, json_new_number(3e9)), 0);
    check_text(rows, "[{\"停车\":\"a\\\"b\",\"\":-1.5,\"empty\":\"\",\"o\":{},\"nan\":null},[],3000000000]");
    assert_int_equal(json_size(rows), 3);
    assert_true(view_is(json_text(json_at(rows, VIEW("/0/停车"))), "a\"b"));
    assert_true(json_is(json_get(row, "empty"), JSON_STRING));
    json_free(rows);
}

static void copies_only_the_view(void **state)
{
    (void)state;
    char text[] = "name;value;rest";
    struct json *o = json_new_object();
    assert_int_equal(json_put(o, (struct view){text, 4}, json_new_text((struct view){text + 5, 5})), 0);
    memset(text, '#', sizeof text - 1);
    check_text(o, "{\"name\":\"value\"}");
    json_free(o);
}

/* Under a leak checker: whatever goes wrong, the child is gone. */
static void takes_the_child_also_on_failure(void **state)
{
    (void)state;
    struct json *list = json_new_array(), *object = json_new_object();
    assert_int_equal(json_add(list, NULL), ERR_NOMEM);
    assert_int_equal(json_put(object, VIEW("a"), NULL), ERR_NOMEM);
    assert_int_equal(json_add(NULL, json_new_text(VIEW("x"))), ERR_NOMEM);
    assert_int_equal(json_put(NULL, VIEW("a"), json_new_text(VIEW("x"))), ERR_NOMEM);
    assert_int_equal(json_add(object, json_new_number(1)), ERR_TYPE);
    assert_int_equal(json_put(list, VIEW("a"), json_new_number(1)), ERR_TYPE);
    check_text(list, "[]");
    check_text(object, "{}");
    json_free(list);
    json_free(object);
}

/* 200,000 appends would be 2·10^10 steps if each walked the list. */
static void appends_in_constant_time(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct json *list = json_new_array(), *object = json_new_object();
    for (int i = 0; i < N; i++) {
        assert_int_equal(json_add(list, json_new_number(i)), 0);
        assert_int_equal(json_put(object, VIEW("k"), json_new_number(i)), 0);
    }
    assert_int_equal(json_size(list), N);
    assert_int_equal(json_size(object), N);
    int i = 0;
    for (const struct json *e = json_first(list); e; e = json_next(e), i++)
        assert_int_equal((int)json_number(e), i);
    json_free(list);
    json_free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_what_it_is_told),
        cmocka_unit_test(copies_only_the_view),
        cmocka_unit_test(takes_the_child_also_on_failure),
        cmocka_unit_test(appends_in_constant_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
