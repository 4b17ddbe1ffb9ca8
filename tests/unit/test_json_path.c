/* SPDX-License-Identifier: MIT
 * json_path: what paths select and in which order, what is refused and where, pointers, places of results,
 * and that hostile documents end at the budget.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/base/buf.h"
#include "parkd/base/json_build.h"
#include "parkd/base/json_path.h"
#include "parkd/base/json_write.h"

static const char lots[] =
    "{\"data\":[{\"id\":\"P1\",\"free\":3,\"open\":true,\"tags\":[\"a\",\"b\"],\"note\":null},"
    "{\"id\":\"P2\",\"free\":0,\"open\":false,\"tags\":[]},"
    "{\"id\":\"P3\",\"free\":-1,\"kind\":\"P\",\"at\":{\"free\":9}},"
    "{\"id\":\"4\",\"free\":\"12\",\"kind\":\"Q\"}],"
    "\"want\":\"P2\",\"limit\":1,\"free spaces "
    "\":7,\"\":8,\"a/b\":{\"~\":5},\"停车\":{\"空\":6},\"5\":\"five\","
    "\"dates\":[\"2026-01-02\",\"2025-12-31\"],\"o\":{\"x\":1,\"y\":[1,{\"z\":null}]},"
    "\"p\":{\"y\":[1,{\"z\":null}],\"x\":1.0}}";

static struct json *parse(const char *text)
{
    struct json *tree = NULL;
    struct why why = {0};
    if (json_parse(view_of(text), &tree, &why))
        fail_msg("%s: %s", text, why.text);
    return tree;
}

static struct json_path *compile(const char *text)
{
    struct json_path *path = NULL;
    struct why why = {0};
    if (json_path_compile(view_of(text), &path, &why))
        fail_msg("%s: %s", text, why.text);
    return path;
}

/* The places of all nodes, with blanks between. */
static void places(const struct json_nodes *nodes, struct buf *out)
{
    char text[256];
    buf_init(out, 1 << 16);
    for (size_t i = 0; i < nodes->n; i++) {
        json_trail_pointer(nodes->v[i], "", text, sizeof text);
        buf_printf(out, "%s%s", i ? " " : "", *text ? text : ".");
    }
}

static void check_places(const struct json *tree, const char *text, const char *want)
{
    struct json_path *path = compile(text);
    struct json_nodes nodes;
    struct buf found;
    assert_int_equal(json_path_all(path, tree, tree, &nodes), 0);
    places(&nodes, &found);
    if (!view_is(buf_get(&found), want))
        fail_msg("%s gives <" VIEW_FMT ">, not <%s>", text, VIEW_ARG(buf_get(&found)), want);
    assert_ptr_equal(json_path_one(path, tree, tree), nodes.n ? nodes.v[0]->node : NULL);
    for (size_t i = 0; i < nodes.n; i++) {
        char pointer[256];
        json_trail_pointer(nodes.v[i], "", pointer, sizeof pointer);
        assert_ptr_equal(json_at(tree, view_of(pointer)), nodes.v[i]->node);
    }
    buf_fini(&found);
    json_nodes_fini(&nodes);
    json_path_free(path);
}

struct row {
    const char *path, *want;
};

static void check_rows(const char *document, const struct row *rows, size_t n)
{
    struct json *tree = parse(document);
    for (size_t i = 0; i < n; i++)
        check_places(tree, rows[i].path, rows[i].want);
    json_free(tree);
}

static void selects(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"$", "."},
        {"@", "."},
        {"$.want", "/want"},
        {"$ .want", "/want"},
        {"$[ 'want' ]\n[\"none\"]", ""},
        {"$['free spaces ']", "/free spaces "},
        {"$['free spaces']", ""},
        {"$['']", "/"},
        {"$['a/b']['~']", "/a~1b/~0"},
        {"$[\"\\u505c\\u8f66\"].空", "/停车/空"},
        {"$.停车['\\u7A7A']", "/停车/空"},
        {"$.data[0].id", "/data/0/id"},
        {"$.data[-1].id", "/data/3/id"},
        {"$.data[-4].id", "/data/0/id"},
        {"$.data[-5].id", ""},
        {"$.data[4]", ""},
        {"$.data.id", ""},
        {"$.data['0']", ""},
        {"$['5']", "/5"},
        {"$[5]", ""},
        {"$.data[1:3].id", "/data/1/id /data/2/id"},
        {"$.data[ : 2 ].id", "/data/0/id /data/1/id"},
        {"$.data[-2:].id", "/data/2/id /data/3/id"},
        {"$.data[::2].id", "/data/0/id /data/2/id"},
        {"$.data[::-1].id", "/data/3/id /data/2/id /data/1/id /data/0/id"},
        {"$.data[2:0:-1].id", "/data/2/id /data/1/id"},
        {"$.data[::-2].id", "/data/3/id /data/1/id"},
        {"$.data[5:0:-3].id", "/data/3/id"},
        {"$.data[-9:9].id", "/data/0/id /data/1/id /data/2/id /data/3/id"},
        {"$.data[1:1]", ""},
        {"$.data[0:4:0]", ""},
        {"$.want[0:1]", ""},
        {"$.data[::9007199254740991].id", "/data/0/id"},
        {"$.data[0,2].id", "/data/0/id /data/2/id"},
        {"$.data[2,0,2].id", "/data/2/id /data/0/id /data/2/id"},
        {"$['want','limit']", "/want /limit"},
        {"$['limit', 'none', 'want']", "/limit /want"},
        {"$.data[0,::-3].id", "/data/0/id /data/3/id /data/0/id"},
        {"$.data[*].free", "/data/0/free /data/1/free /data/2/free /data/3/free"},
        {"$.o.*", "/o/x /o/y"},
        {"$.want.*", ""},
        {"$..free", "/data/0/free /data/1/free /data/2/free /data/2/at/free /data/3/free"},
        {"$.data..free", "/data/0/free /data/1/free /data/2/free /data/2/at/free /data/3/free"},
        {"$..[1].z", "/o/y/1/z /p/y/1/z"},
        {"$..y[1]", "/o/y/1 /p/y/1"},
        {"$.o..*", "/o/x /o/y /o/y/0 /o/y/1 /o/y/1/z"},
        {"$.o..['x','y']", "/o/x /o/y"},
        {"$..y..z", "/o/y/1/z /p/y/1/z"},
    };
    check_rows(lots, rows, sizeof rows / sizeof *rows);
}

static void filters(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"$.data[?@.id=='P2']", "/data/1"},
        {"$.data[?@.id==\"P2\"].free", "/data/1/free"},
        {"$.data[? @['id'] == 'P2' ]", "/data/1"},
        {"$.data[?'P2'==@.id]", "/data/1"},
        {"$.data[?@.id!='P2']", "/data/0 /data/2 /data/3"},
        {"$.data[?@.kind!='P']", "/data/0 /data/1 /data/3"},
        {"$.data[?@.free==0]", "/data/1"},
        {"$.data[?@.free==-0.0]", "/data/1"},
        {"$.data[?@.free==3e0]", "/data/0"},
        {"$.data[?@.free==12]", ""},
        {"$.data[?@.free=='12']", "/data/3"},
        {"$.data[?@.free>=0]", "/data/0 /data/1"},
        {"$.data[?@.free>0]", "/data/0"},
        {"$.data[?@.free<0]", "/data/2"},
        {"$.data[?@.free<=0]", "/data/1 /data/2"},
        {"$.data[?0<@.free]", "/data/0"},
        {"$.data[?@.id>'P1']", "/data/1 /data/2"},
        {"$.data[?@.id<='P1']", "/data/0 /data/3"},
        {"$.dates[?@<'2026']", "/dates/1"},
        {"$.dates[?'2025-12-3'<@]", "/dates/0 /dates/1"},
        {"$.dates[?@<'2025-12-312']", "/dates/1"},
        {"$.data[?@.open==true]", "/data/0"},
        {"$.data[?@.open==false]", "/data/1"},
        {"$.data[?@.open>=true]", "/data/0"},
        {"$.data[?@.open>false]", ""},
        {"$.data[?@.note==null]", "/data/0"},
        {"$.data[?@.note]", "/data/0"},
        {"$.data[?!@.note]", "/data/1 /data/2 /data/3"},
        {"$.data[?! @.note&&@.open==false]", "/data/1"},
        {"$.data[?@.none==@.no]", "/data/0 /data/1 /data/2 /data/3"},
        {"$.data[?@.none<=@.no]", "/data/0 /data/1 /data/2 /data/3"},
        {"$.data[?@.none<1]", ""},
        {"$.data[?@.none!=1].id", "/data/0/id /data/1/id /data/2/id /data/3/id"},
        {"$.data[?@.open]", "/data/0 /data/1"},
        {"$.data[?@.tags[*]]", "/data/0"},
        {"$.data[?@.tags[?@=='b']]", "/data/0"},
        {"$.data[?@.tags[-1]=='b']", "/data/0"},
        {"$.data[?@.at.free]", "/data/2"},
        {"$.data[?@.id==$.want]", "/data/1"},
        {"$.data[?@.free>$.limit]", "/data/0"},
        {"$.data[?$.want]", "/data/0 /data/1 /data/2 /data/3"},
        {"$.data[?$.missing]", ""},
        {"$.data[?@.kind=='P'||@.kind=='Q'].id", "/data/2/id /data/3/id"},
        {"$.data[?@.free==0||@.kind&&@.free<0].id", "/data/1/id /data/2/id"},
        {"$.data[?(@.free==0||@.kind)&&@.free<1].id", "/data/1/id /data/2/id"},
        {"$.data[?@.kind && (@.free<0 || @.free=='12')].id", "/data/2/id /data/3/id"},
        {"$.data[?!(@.free==0||@.kind)].id", "/data/0/id"},
        {"$.data[?!(@.id=='P1')&&!(@.id=='P2')].id", "/data/2/id /data/3/id"},
        {"$.data[?((@.id=='P1'))]", "/data/0"},
        {"$.data[?@.id=='P1',?@.id=='P1',3].id", "/data/0/id /data/0/id /data/3/id"},
        {"$.o[?@==1]", "/o/x"},
        {"$[?@.x==1]", "/o /p"},
        {"$[?@.x&&@==$.p]", "/o /p"},
        {"$[?@==$.o.y]", ""},
        {"$..[?@.z==null]", "/o/y/1 /p/y/1"},
        {"$..[?@.y==$.p.y].x", "/o/x /p/x"},
        {"$.data[?@.id=='P\\u0032']", "/data/1"},
        {"$.dates[?@==\"2026-01-02\"]", "/dates/0"},
        {"$.停车[?@>=6]", "/停车/空"},
    };
    check_rows(lots, rows, sizeof rows / sizeof *rows);
}

static void compares_whole_trees(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"$[?@==$.a]", "/a /b"}, {"$[?@==$.c]", "/c"},  {"$[?@==$.d]", "/d /e"},
        {"$[?@==$.f]", "/f"},    {"$[?@==$.none]", ""}, {"$[?@!=$.d]", "/a /b /c /f /g"},
        {"$[?@<=$.a]", "/a /b"}, {"$[?@<$.c]", ""},     {"$[?@>=$.g]", "/g"},
    };
    check_rows("{\"a\":[1,[2]],\"b\":[1.0,[2]],\"c\":[1,[2],3],\"d\":{\"x\":1,\"y\":[]},"
               "\"e\":{\"y\":[],\"x\":1},\"f\":{\"x\":1},\"g\":[]}",
               rows, sizeof rows / sizeof *rows);
}

static void reads_escapes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"$['it\\'s']", "/it's"},
        {"$[\"say \\\"a\\\"\"]", "/say \"a\""},
        {"$[\"it's\"]", "/it's"},
        {"$['\\\\\\/\\t']", "/\\~1\t"},
        {"$['\\ud83d\\ude97']", "/\xF0\x9F\x9A\x97"},
        {"$['\\u00e9']", "/\xC3\xA9"},
        {"$.\xF0\x9F\x9A\x97", "/\xF0\x9F\x9A\x97"},
    };
    check_rows("{\"it's\":1,\"say \\\"a\\\"\":2,\"\\\\/\\t\":3,\"\xF0\x9F\x9A\x97\":4,\"\xC3\xA9\":5}", rows,
               sizeof rows / sizeof *rows);
}

static void follows_pointers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", "."},
        {"/data/0/id", "/data/0/id"},
        {"/data/3", "/data/3"},
        {"/data/4", ""},
        {"/data/-1", ""},
        {"/data/-", ""},
        {"/data/00", ""},
        {"/data/4294967296", ""},
        {"/5", "/5"},
        {"/", "/"},
        {"/a~1b/~0", "/a~1b/~0"},
        {"/free spaces ", "/free spaces "},
        {"/停车/空", "/停车/空"},
        {"/want/x", ""},
        {"/data/0/", ""},
    };
    check_rows(lots, rows, sizeof rows / sizeof *rows);
}

static void refuses_bad_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *why;
    } rows[] = {
        {"data", "at character 1: a path starts with '$' or '@', a pointer with '/'"},
        {" $", "at character 1: a path starts"},
        {"$ ", "at character 2: '.' or '[' expected"},
        {"$.a x", "at character 4: '.' or '[' expected"},
        {"$.", "at character 3: the path ends too early"},
        {"$. a", "at character 3: a name or '*' expected"},
        {"$..", "at character 4: the path ends too early"},
        {"$...a", "at character 4: a name or '*' expected"},
        {"$.1a", "at character 3: a name or '*' expected"},
        {"$.free-spaces", "at character 7: '-' cannot stand in a name"},
        {"$.停车-空", "at character 5: '-' cannot"},
        {"$a", "at character 2: '.' or '[' expected"},
        {"$[", "at character 3: the path ends too early"},
        {"$[]", "at character 3: a name in quotes, an index"},
        {"$[a]", "at character 3: a name in quotes, an index"},
        {"$['a'", "at character 6: the path ends too early"},
        {"$['a' 'b']", "at character 7: ',' or ']' expected"},
        {"$['a',]", "at character 7: a name in quotes"},
        {"$['a", "at character 5: the path ends too early"},
        {"$['a\\", "at character 6: the path ends too early"},
        {"$['\\\"']", "at character 5: unknown escape"},
        {"$[\"\\'\"]", "at character 5: unknown escape"},
        {"$['\\x']", "at character 5: unknown escape"},
        {"$['\\u12']", "at character 8: \\u needs four hexadecimal digits"},
        {"$['\\ud83d']", "at character 4: half of a surrogate pair"},
        {"$['\\ud83d\\u0041']", "at character 4: half of a surrogate pair"},
        {"$['\\ude97']", "at character 4: half of a surrogate pair"},
        {"$['\\u0000']", "at character 4: NUL in a string"},
        {"$['a\tb']", "at character 5: control character in a string"},
        {"$[01]", "at character 3: a number without leading zero"},
        {"$[-0]", "at character 3: a number without leading zero"},
        {"$[-]", "at character 4: a number expected"},
        {"$[1.0]", "at character 4: ',' or ']' expected"},
        {"$[9007199254740992]", "at character 3: number out of range"},
        {"$[1:2:3:4]", "at character 8: ',' or ']' expected"},
        {"$[?]", "at character 4: '@', '$', a text in quotes"},
        {"$[?1]", "at character 4: a value alone is no condition"},
        {"$[?@.a=1]", "at character 7: a comparison is written =="},
        {"$[?@.a==]", "at character 9: '@', '$', a text"},
        {"$[?@.a==b]", "at character 9: '@', '$', a text"},
        {"$[?@.a==trues]", "at character 9: '@', '$', a text"},
        {"$[?@.a==True]", "at character 9: '@', '$', a text"},
        {"$[?@.a==.5]", "at character 9: '@', '$', a text"},
        {"$[?@.a==01]", "at character 9: a number without leading zero"},
        {"$[?@.a==1.]", "at character 9: not a number that can be compared"},
        {"$[?@.a==1e999]", "at character 9: not a number that can be compared"},
        {"$[?@[*]==1]", "at character 4: only a path to a single value can be compared"},
        {"$[?1==@..a]", "at character 7: only a path to a single value can be compared"},
        {"$[?1==@['a','b']]", "at character 7: only a path to a single value can be compared"},
        {"$[?!@.a==1]", "at character 5: '!' before a comparison needs parentheses"},
        {"$[?!1]", "at character 5: a value alone"},
        {"$[?(@.a]", "at character 8: ')' expected"},
        {"$[?(@.a)==1]", "at character 9: ',' or ']' expected"},
        {"$[?@.a&@.b]", "at character 7: ',' or ']' expected"},
        {"$[?@.a&&]", "at character 9: '@', '$', a text"},
        {"$[?@.a and @.b]", "at character 8: ',' or ']' expected"},
        {"$[?length(@.a)>1]", "at character 4: functions are not supported: length()"},
        {"$[?@.a==count(@.b)]", "at character 9: functions are not supported: count()"},
        {"$.a.length()", "at character 11: '.' or '[' expected"},
        {"$[?((((((((((((((@.a))))))))))))))]", "at character 16: nested too deeply"},
        {"$[?@[?@[?@[?@[?@[?@[?@[?@[?@[?@[?@[?@[?@]]]]]]]]]]]]]]", "nested too deeply"},
        {"/a~", "at character 3: in a pointer '~' is written ~0"},
        {"/a~2/b", "at character 3: in a pointer '~' is written ~0"},
        {"/~~", "at character 2: in a pointer"},
        {"$.\xC0\xAF", "the path is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path *path = NULL;
        struct why why = {0};
        int rc = json_path_compile(view_of(rows[i].path), &path, &why);
        if (rc != ERR_SYNTAX || path || !strstr(why.text, rows[i].why))
            fail_msg("%s: %d <%s>, not <%s>", rows[i].path, rc, why.text, rows[i].why);
    }
}

static void refuses_a_long_path(void **state)
{
    (void)state;
    char text[5000];
    struct json_path *path = NULL;
    memset(text, 'a', sizeof text);
    memcpy(text, "$.", 2);
    assert_int_equal(json_path_compile((struct view){text, 4096}, &path, NULL), 0);
    json_path_free(path);
    assert_int_equal(json_path_compile((struct view){text, 4097}, &path, NULL), ERR_SYNTAX);
    assert_null(path);
    assert_int_equal(json_path_compile((struct view){"$.a\0b", 5}, &path, NULL), ERR_SYNTAX);
    json_path_free(NULL);
}

static void says_what_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool from_root, singular;
    } rows[] = {
        {"$", true, true},
        {"@", false, true},
        {"", false, true},
        {"/a/0", false, true},
        {"$.a['b'][-1]", true, true},
        {"@.a", false, true},
        {"$.a[0:1]", true, false},
        {"$.a[0,1]", true, false},
        {"@..a", false, false},
        {"$.*", true, false},
        {"$[?@.a]", true, false},
        {"$.a[*].b", true, false},
        {"@[?$.a==@.b]", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path *path = compile(rows[i].path);
        if (json_path_from_root(path) != rows[i].from_root || json_path_is_singular(path) != rows[i].singular)
            fail_msg("%s", rows[i].path);
        json_path_free(path);
    }
}

/* '$' is the message also where the evaluation starts inside it. */
static void knows_root_and_start(void **state)
{
    (void)state;
    static const struct {
        const char *path, *want, *place;
    } rows[] = {
        {"@.free", "/data/1/free", "/free"},
        {"$.want", "/want", "/want"},
        {"/tags", "/data/1/tags", "/tags"},
        {"", "/data/1", ""},
        {"$.data[?@.id==$.want].id", "/data/1/id", "/data/1/id"},
        {"@[?@==$.want]", "/data/1/id", "/id"},
        {"@.kind", NULL, NULL},
    };
    struct json *tree = parse(lots);
    const struct json *from = json_at(tree, VIEW("/data/1"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path *path = compile(rows[i].path);
        struct json_nodes nodes;
        char place[64];
        const struct json *want = rows[i].want ? json_at(tree, view_of(rows[i].want)) : NULL;
        assert_ptr_equal(json_path_one(path, tree, from), want);
        assert_int_equal(json_path_all(path, tree, from, &nodes), 0);
        assert_int_equal(nodes.n, want ? 1 : 0);
        if (want) {
            json_trail_pointer(nodes.v[0], "", place, sizeof place);
            assert_string_equal(place, rows[i].place);
        }
        json_nodes_fini(&nodes);
        assert_null(json_path_one(path, NULL, NULL));
        assert_int_equal(json_path_all(path, NULL, NULL, &nodes), 0);
        assert_int_equal(nodes.n, 0);
        json_nodes_fini(&nodes);
        json_path_free(path);
    }
    json_free(tree);
}

static void knows_what_a_node_stands_in(void **state)
{
    (void)state;
    struct json *tree = parse(lots);
    struct json_path *path = compile("$.data[*].free");
    struct json_nodes nodes;
    assert_int_equal(json_path_all(path, tree, tree, &nodes), 0);
    const struct json_trail *t = nodes.v[2];
    assert_int_equal(t->index, 1);
    assert_ptr_equal(t->up->node, json_at(tree, VIEW("/data/2")));
    assert_int_equal(t->up->index, 2);
    assert_ptr_equal(t->up->up->node, json_at(tree, VIEW("/data")));
    assert_ptr_equal(t->up->up->up->node, tree);
    assert_null(t->up->up->up->up);
    assert_ptr_equal(t->up->up, nodes.v[0]->up->up); /* shared, not copied */
    json_nodes_fini(&nodes);
    json_nodes_fini(&nodes);
    json_path_free(path);
    json_free(tree);
}

static void cuts_long_places(void **state)
{
    (void)state;
    struct json *tree = parse(lots);
    struct json_path *path = compile("$.停车.空");
    struct json_nodes nodes;
    assert_int_equal(json_path_all(path, tree, tree, &nodes), 0);
    static const struct {
        size_t size;
        const char *want;
    } rows[] = {{16, "/b/停车/空"}, {14, "/b/停车/空"}, {13, "/b/停车/"}, {11, "/b/停车/"}, {10, "/b/停车"},
                {9, "/b/停"},       {4, "/b/"},         {3, "/b"},        {2, "/"},         {1, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16];
        memset(text, '#', sizeof text);
        json_trail_pointer(nodes.v[0], "/b", text, rows[i].size);
        assert_string_equal(text, rows[i].want);
    }
    json_nodes_fini(&nodes);
    json_path_free(path);
    json_free(tree);
}

static struct json *numbers(size_t n)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < n; i++)
        assert_int_equal(json_add(list, json_new_number((double)i)), 0);
    return list;
}

/* {"l":[0…n-1],"s":text,"t":text} */
static struct json *heavy(size_t n, size_t text_size)
{
    struct json *tree = json_new_object();
    char *text = malloc(text_size);
    assert_non_null(text);
    memset(text, 'x', text_size);
    assert_int_equal(json_put(tree, VIEW("l"), numbers(n)), 0);
    assert_int_equal(json_put(tree, VIEW("s"), json_new_text((struct view){text, text_size})), 0);
    assert_int_equal(json_put(tree, VIEW("t"), json_new_text((struct view){text, text_size})), 0);
    free(text);
    return tree;
}

static void ends_at_the_budget(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int rc;
        size_t n;
    } rows[] = {
        {"$.l[*]", 0, 2000},
        {"$..*", 0, 2003},
        {"$.l[?@>=0]", 0, 2000},
        {"$.l[?$.l[?@==1999]]", ERR_BUDGET, 0},
        {"$.l[?$.s==$.t]", ERR_BUDGET, 0},
        {"$.l[?$.l==$.l]", ERR_BUDGET, 0},
        {"$.l[?$.l[-1]==1]", ERR_BUDGET, 0},
        {"$.l[?$..nothing]", ERR_BUDGET, 0},
        {"$.l[?$..[?@==-1]]", ERR_BUDGET, 0},
        {"$.l[*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*]", ERR_BUDGET, 65536},
        {"$[::-1]", 0, 0},
    };
    struct json *tree = heavy(2000, 100000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path *path = compile(rows[i].path);
        struct json_nodes nodes;
        int rc = json_path_all(path, tree, tree, &nodes);
        if (rc != rows[i].rc || (!rc && nodes.n != rows[i].n) || nodes.n > JSON_PATH_MAX_NODES)
            fail_msg("%s: %d, %zu nodes", rows[i].path, rc, nodes.n);
        json_nodes_fini(&nodes);
        json_path_free(path);
    }
    json_free(tree);
}

static void one_ends_at_the_budget_too(void **state)
{
    (void)state;
    struct json *tree = heavy(2000, 1);
    struct json_path *path = compile("$.l[?$..nothing||@==1999]");
    assert_null(json_path_one(path, tree, tree));
    json_path_free(path);
    path = compile("$.l[?@==1999]");
    assert_ptr_equal(json_path_one(path, tree, tree), json_at(tree, VIEW("/l/1999")));
    json_path_free(path);
    json_free(tree);
}

static struct json *twos(int depth)
{
    struct json *list = json_new_array();
    for (int i = 0; i < 2 && depth > 0; i++)
        assert_int_equal(json_add(list, twos(depth - 1)), 0);
    return list;
}

/* Every descent tries every way to get there, so a few of them multiply. */
static void ends_when_descents_multiply(void **state)
{
    (void)state;
    static const char *const rows[] = {"$..*..*..*..*..*", "$..*..*..*..*..*..*.none",
                                       "$[?@..*..*..*..*..*.none]"};
    struct json *tree = twos(12);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path *path = compile(rows[i]);
        struct json_nodes nodes;
        assert_int_equal(json_path_all(path, tree, tree, &nodes), ERR_BUDGET);
        json_nodes_fini(&nodes);
        json_path_free(path);
    }
    json_free(tree);
}

static void serves_many_trees(void **state)
{
    (void)state;
    struct json_path *path = compile("@.a[?@.b=='x'].c");
    for (int i = 0; i < 3; i++) {
        struct json *tree = parse(i == 1 ? "{\"a\":[{\"b\":\"y\"}]}" : "{\"a\":[{\"b\":\"x\",\"c\":5}]}");
        const struct json *found = json_path_one(path, tree, tree);
        assert_int_equal(i == 1 ? found == NULL : json_number(found) > 4, 1);
        json_free(tree);
    }
    json_path_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects),
        cmocka_unit_test(filters),
        cmocka_unit_test(compares_whole_trees),
        cmocka_unit_test(reads_escapes),
        cmocka_unit_test(follows_pointers),
        cmocka_unit_test(refuses_bad_paths),
        cmocka_unit_test(refuses_a_long_path),
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(knows_root_and_start),
        cmocka_unit_test(knows_what_a_node_stands_in),
        cmocka_unit_test(cuts_long_places),
        cmocka_unit_test(ends_at_the_budget),
        cmocka_unit_test(one_ends_at_the_budget_too),
        cmocka_unit_test(ends_when_descents_multiply),
        cmocka_unit_test(serves_many_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
