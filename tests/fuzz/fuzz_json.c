/* SPDX-License-Identifier: MIT
 * JSON and the paths into it. The first line is a path, the rest the text. What the check lets through must
 * parse, and must be the same after writing and reading it again; what a path finds first must be among all
 * it finds.
 */
#include "fuzz.h"

#include "parkd/base/json_path.h"
#include "parkd/base/json_write.h"

static void write_and_read(const struct json *tree)
{
    struct json_writer w;
    struct buf first, second;
    struct json *again = NULL;
    struct why why = {0};
    buf_init(&first, 64 << 20);
    buf_init(&second, 64 << 20);
    jw_init(&w, &first);
    jw_json(&w, NULL, tree);
    HOLDS(json_parse(buf_get(&first), &again, &why) == 0);
    jw_init(&w, &second);
    jw_json(&w, NULL, again);
    HOLDS(view_eq(buf_get(&first), buf_get(&second)));
    json_free(again);
    buf_fini(&first);
    buf_fini(&second);
}

static void look(const struct json_path *p, const struct json *tree)
{
    struct json_nodes found;
    char place[300];
    const struct json *one = json_path_one(p, tree, tree);
    int err = json_path_all(p, tree, tree, &found);
    if (!err) {
        HOLDS((one != NULL) == (found.n > 0));
        HOLDS(!one || found.v[0]->node == one);
        HOLDS(found.n < 2 || !json_path_is_singular(p));
    }
    for (size_t i = 0; !err && i < found.n && i < 100; i++) {
        json_trail_pointer(found.v[i], "", place, sizeof place);
        if (strlen(place) + 8 < sizeof place) /* not cut */
            HOLDS(json_at(tree, view_of(place)) == found.v[i]->node);
    }
    json_nodes_fini(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data, size}, path = view_cut(&text, '\n');
    struct json *tree = NULL;
    struct json_path *p = NULL;
    struct why why = {0};
    char *copy = fuzz_copy(text);
    text.p = copy;
    int bad = json_check(text, &why);
    if (bad)
        fuzz_explained(bad, &why);
    HOLDS(json_parse(text, &tree, &why) == bad);
    if (tree)
        write_and_read(tree);
    int err = json_path_compile(path, &p, &why);
    if (err)
        fuzz_explained(err, &why);
    if (tree && p)
        look(p, tree);
    json_path_free(p);
    json_free(tree);
    free(copy);
    return 0;
}
