/* SPDX-License-Identifier: MIT
 * The configuration file, and the documents that people register: lots, feeds, sinks, accounts, rules. A
 * fault names its place; what is taken prints and reads back the same.
 */
#include "fuzz.h"

#include "parkd/api/pages.h"
#include "parkd/base/json.h"
#include "parkd/conf/conf.h"
#include "parkd/model/account.h"
#include "parkd/model/feed.h"
#include "parkd/model/holidays.h"
#include "parkd/model/lot.h"
#include "parkd/model/rules.h"

static void explained(int err, const struct why *why)
{
    if (err)
        fuzz_explained(err, why);
}

static void file(struct view text)
{
    static struct conf c, again;
    struct why why = {0};
    struct buf first, second;
    conf_defaults(&c);
    int err = conf_parse(text, &c, &why);
    explained(err, &why);
    if (err)
        return;
    explained(conf_check(&c, &why), &why);
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    conf_defaults(&again);
    HOLDS(conf_print(&c, &first) == 0 && conf_parse(buf_get(&first), &again, &why) == 0);
    HOLDS(conf_print(&again, &second) == 0 && view_eq(buf_get(&first), buf_get(&second)));
    buf_fini(&first);
    buf_fini(&second);
    struct pages_conf pages = {.tiles = {.url = c.map.tiles}, .embedders = c.public.embedders};
    explained(pages_check(&pages, &why), &why);
    struct holidays h = {.n = 0};
    for (int i = 0; i < c.district.holidays.n; i++)
        (void)!holidays_add(&h, view_of(c.district.holidays.v[i]));
    HOLDS(h.n <= HOLIDAYS_MAX);
}

static void documents(const struct json *j)
{
    struct lot lot;
    struct feed feed;
    struct sink sink;
    struct rules rules;
    struct why why = {0};
    int err = lot_parse(j, &lot, &why);
    explained(err, &why);
    HOLDS(err || (lot_id_valid(view_of(lot.id)) && lot.name[0] && view_is_utf8(view_of(lot.name))));
    HOLDS(err || lot.open == COUNT_NONE || lot.total == COUNT_NONE || lot.open <= lot.total);
    if (!err) {
        struct buf b;
        buf_init(&b, 1 << 16);
        (void)opening_at(&lot.hours, 1700000000000);
        HOLDS(opening_next(&lot.hours, 1700000000000) >= 0 && opening_print_osm(&lot.hours, &b) == 0);
        buf_fini(&b);
    }
    err = feed_parse(j, &feed, &why);
    explained(err, &why);
    if (!err)
        feed_fini(&feed);
    err = sink_parse(j, &sink, &why);
    explained(err, &why);
    if (!err)
        sink_fini(&sink);
    explained(rules_parse(j, &rules, &why), &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *j = NULL;
    struct why why = {0};
    char *copy = fuzz_copy((struct view){(const char *)data, size});
    struct view text = {copy, size};
    file(text);
    if (json_parse(text, &j, &why) == 0)
        documents(j);
    json_free(j);
    free(copy);
    return 0;
}
