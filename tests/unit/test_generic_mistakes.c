/* SPDX-License-Identifier: MIT
 * The dialect `generic`: mistakes in a mapping are refused when it is registered, with their place; so is too
 * much of anything.
 */
#include "generic_test.h"

static void mistakes_in_a_mapping_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *params, *at;
        int err;
    } rows[] = {
        {"{\"mapping\":[]}", "/params/mapping", ERR_TYPE},
        {"{\"mapping\":{},\"maping\":1}", "/params/maping", ERR_UNKNOWN_KEY},
        {"{\"mapping\":{}}", "/params/mapping/lot", ERR_MISSING},
        {"{\"mapping\":{\"lot\":\"/a\",\"frei\":\"/b\"}}", "/params/mapping/frei", ERR_UNKNOWN_KEY},
        {"{\"mapping\":{\"lot\":\"a\"}}", "/params/mapping/lot", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a~2\"}}", "/params/mapping/lot", ERR_INVALID},
        {"{\"mapping\":{\"lot\":7}}", "/params/mapping/lot", ERR_TYPE},
        {"{\"mapping\":{\"lot\":{}}}", "/params/mapping/lot", ERR_INVALID},
        {"{\"mapping\":{\"lot\":{\"path\":\"/a\",\"const\":\"b\"}}}", "/params/mapping/lot", ERR_INVALID},
        {"{\"mapping\":{\"lot\":{\"path\":\"a\"}}}", "/params/mapping/lot/path", ERR_INVALID},
        {"{\"mapping\":{\"lot\":{\"const\":{}}}}", "/params/mapping/lot/const", ERR_TYPE},
        {"{\"mapping\":{\"lot\":{\"path\":\"/a\",\"defualt\":1}}}", "/params/mapping/lot/defualt",
         ERR_UNKNOWN_KEY},
        {"{\"mapping\":{\"lot\":\"/a\",\"items\":\"data\"}}", "/params/mapping/items", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"items\":{}}}", "/params/mapping/items", ERR_TYPE},
        {"{\"mapping\":{\"lot\":\"/a\",\"format\":\"yaml\"}}", "/params/mapping/format", ERR_RANGE},
        {"{\"mapping\":{\"lot\":\"/a\",\"success\":{\"path\":\"/c\"}}}", "/params/mapping/success",
         ERR_MISSING},
        {"{\"mapping\":{\"lot\":\"/a\",\"success\":\"/c\"}}", "/params/mapping/success", ERR_TYPE},
        {"{\"mapping\":{\"lot\":\"/a\",\"filter\":{}}}", "/params/mapping/filter", ERR_TYPE},
        {"{\"mapping\":{\"lot\":\"/a\",\"filter\":[{\"path\":\"/b\",\"equals\":[1]},7]}}",
         "/params/mapping/filter/1", ERR_TYPE},
        {"{\"mapping\":{\"lot\":\"/a\",\"status\":{\"path\":\"/s\",\"map\":{\"1\":\"opne\"}}}}",
         "/params/mapping/status/map", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"status\":{\"path\":\"/s\",\"default\":\"shut\"}}}",
         "/params/mapping/status/default", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"time\":{\"path\":\"/t\",\"format\":\"%Q\"}}}",
         "/params/mapping/time/format", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"time\":{\"path\":\"/t\",\"format\":\"epoch\"}}}",
         "/params/mapping/time/format", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"time\":{\"path\":\"/t\",\"zone\":\"Mars\"}}}",
         "/params/mapping/time/zone", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"classes\":{\"chargers\":{}}}}", "/params/mapping/classes/chargers",
         ERR_UNKNOWN_KEY},
        {"{\"mapping\":{\"lot\":\"/a\",\"classes\":{\"bus\":{\"frei\":\"/f\"}}}}",
         "/params/mapping/classes/bus/frei", ERR_UNKNOWN_KEY},
        {"{\"mapping\":{\"lot\":\"/a\",\"numbers\":{\"thousands\":\"5\"}}}",
         "/params/mapping/numbers/thousands", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\",\"numbers\":{\"text\":1}}}", "/params/mapping/numbers/text", ERR_TYPE},
        {"{\"mapping\":{\"lot\":\"/a\",\"derive\":\"guess\"}}", "/params/mapping/derive", ERR_RANGE},
        {"{\"mapping\":{\"lot\":\"/a\"},\"headers\":{\"a b\":\"c\"}}", "/params/headers", ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\"},\"headers\":{\"a\":\"b\\r\\nc: d\"}}", "/params/headers",
         ERR_INVALID},
        {"{\"mapping\":{\"lot\":\"/a\"},\"headers\":{\"a\":1}}", "/params/headers", ERR_TYPE},
        {"{\"mapping\":{\"lot\":\"/a\"},\"method\":\"get\"}", "/params/method", ERR_INVALID},
    };
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), view_of(rows[i].params), &why);
        if (s || strcmp(why.at, rows[i].at) != 0 || !why.text[0]) {
            print_error("%s: %s at %s: %s\n", rows[i].params, s ? "opened" : "refused", why.at, why.text);
            wrong++;
        }
        dialect_close(s);
    }
    assert_int_equal(wrong, 0);
}

/* A mapping of one lot and free, with something wrong beside. */
#define WITH(more)   "{'mapping':{'lot':'/a'," more "}}"
#define FREE(value)  WITH("'free':" value)
#define DO(ops)      FREE("{'path':'/f','do':" ops "}")
#define XML(more)    "{'mapping':{'format':'xml','lot':'@a'," more "}}"
#define BESIDE(more) "{'mapping':{'lot':'/a','free':'/f'}," more "}"

static void mistakes_have_their_places(void **state)
{
    (void)state;
    static const struct {
        const char *params, *at, *words; /* words: a piece of them */
    } rows[] = {
        {FREE("{'pth':'/a'}"), "/params/mapping/free/pth", "did you mean \"path\""},
        {FREE("{'path':'$.a['}"), "/params/mapping/free/path", "character"},
        {FREE("'$.a[?@.b=1]'"), "/params/mapping/free", "character"},
        {FREE("{'first':[]}"), "/params/mapping/free/first", "list of values"},
        {FREE("{'first':['/a','b']}"), "/params/mapping/free/first/1", "pointer"},
        {FREE("{'sum':['/a',{'path':7}]}"), "/params/mapping/free/sum/1/path", "string"},
        {FREE("{'difference':['/a']}"), "/params/mapping/free/difference", "two"},
        {FREE("{'quotient':['/a','/b','/c']}"), "/params/mapping/free/quotient", "two"},
        {FREE("{'list':'/a'}"), "/params/mapping/free/list", "list"},
        {FREE("{'var':'X'}"), "/params/mapping/free/var", "no let"},
        {WITH("'let':{'A':{'var':'B'},'B':'/b'}"), "/params/mapping/let/A/var", "no let"},
        {WITH("'let':{'A B':'/b'}"), "/params/mapping/let", "letters"},
        {WITH("'let':['/b']"), "/params/mapping/let", "object"},
        {FREE("{'template':'${X}'}"), "/params/mapping/free/template", "unknown name ${X}"},
        {FREE("{'template':'${page}'}"), "/params/mapping/free/template", "says nothing here"},
        {FREE("{'template':'${X'}"), "/params/mapping/free/template", "without"},
        {FREE("{'template':'${time:%Q}'}"), "/params/mapping/free/template", "pattern"},
        {FREE("{'template':7}"), "/params/mapping/free/template", "text"},
        {WITH("'let':{'A':{'template':'${B}'},'B':'/b'}"), "/params/mapping/let/A/template",
         "after this place"},
        {FREE("{'if':'/a','then':'/b'}"), "/params/mapping/free/if", "condition"},
        {FREE("{'if':{'path':'/a'},'then':'/b'}"), "/params/mapping/free/if", "needs a test"},
        {FREE("{'if':{'path':'/a','exists':true}}"), "/params/mapping/free/then", "missing"},
        {FREE("{'if':{'path':'/a','exists':true},'then':'b'}"), "/params/mapping/free/then", "pointer"},
        {FREE("{'if':{'path':'/a','exists':true},'then':'/b','else':{}}"), "/params/mapping/free/else",
         "exactly one"},
        {FREE("{'path':'/a','then':'/b'}"), "/params/mapping/free", "goes with"},
        {FREE("{'const':1,'root':true}"), "/params/mapping/free", "goes with"},
        {FREE("{'path':'/a','root':true,'parent':1}"), "/params/mapping/free/parent", "either"},
        {FREE("{'path':'/a','parent':0}"), "/params/mapping/free/parent", ""},
        {FREE("{'path':'/a','default':[]}"), "/params/mapping/free/default", "text"},
        {FREE("{'path':'/a','required':'yes'}"), "/params/mapping/free/required", ""},
        {FREE("{'join':'x','on':'/a','take':'/b'}"), "/params/mapping/free/join", "no join"},
        {FREE("{'request':'cookie:x'}"), "/params/mapping/free/request", "query:NAME"},
        {FREE("{'request':'path:0'}"), "/params/mapping/free/request", "from 1"},
        {DO("'trimm'"), "/params/mapping/free/do", "did you mean \"trim\""},
        {DO("['trim','capture']"), "/params/mapping/free/do/1", "write {"},
        {DO("[]"), "/params/mapping/free/do", "operators"},
        {DO("[{}]"), "/params/mapping/free/do/0", "must name"},
        {DO("[7]"), "/params/mapping/free/do/0", "operator"},
        {DO("[{'trim':true}]"), "/params/mapping/free/do/0/trim", "takes nothing"},
        {DO("[{'capture':'(','group':1}]"), "/params/mapping/free/do/0/capture", ""},
        {DO("['trim',{'capture':'a','group':1}]"), "/params/mapping/free/do/1/group", "no such group"},
        {DO("{'capture':'a','grup':1}"), "/params/mapping/free/do/grup", "group"},
        {DO("{'replace':'a'}"), "/params/mapping/free/do/replace", "list"},
        {DO("{'replace':['[','b']}"), "/params/mapping/free/do/replace/0", ""},
        {DO("{'split':''}"), "/params/mapping/free/do/split", "empty"},
        {DO("{'map':{}}"), "/params/mapping/free/do/map", "object"},
        {DO("{'map':{'a':[]}}"), "/params/mapping/free/do/map", "words"},
        {DO("{'unknown':'x'}"), "/params/mapping/free/do/unknown", "list"},
        {DO("{'default':null}"), "/params/mapping/free/do/default", "text"},
        {DO("{'divide':0}"), "/params/mapping/free/do/divide", "0"},
        {DO("{'multiply':'2'}"), "/params/mapping/free/do/multiply", "number"},
        {DO("{'clamp':[3,1]}"), "/params/mapping/free/do/clamp", "above"},
        {DO("{'range':[3]}"), "/params/mapping/free/do/range", "lowest"},
        {DO("{'path':'x'}"), "/params/mapping/free/do/path", "pointer"},
        {DO("{'time':'noon'}"), "/params/mapping/free/do/time", "pattern"},
        {DO("{'time':'iso','zone':'Mars'}"), "/params/mapping/free/do/zone", "zone"},
        {DO("{'number':{'decimal':'.','thousands':'.'}}"), "/params/mapping/free/do/number/thousands",
         "differ"},
        {DO("{'number':{'decimal':'..'}}"), "/params/mapping/free/do/number/decimal", "mark"},
        {DO("{'prefix':'a','suffix':'b'}"), "/params/mapping/free/do", "list of them"},
        {WITH("'filter':[]"), "/params/mapping/filter", "condition"},
        {WITH("'filter':{'all':[]}"), "/params/mapping/filter/all", "list"},
        {WITH("'filter':{'all':[{'path':'/a','exists':1}]}"), "/params/mapping/filter/all/0/exists",
         "true or false"},
        {WITH("'filter':{'all':[{'path':'/a','exists':true}],'path':'/a'}"), "/params/mapping/filter/path",
         ""},
        {WITH("'filter':{'any':[{'path':'/a','exists':true}],'all':[{'path':'/a','exists':true}]}"),
         "/params/mapping/filter", "one of"},
        {WITH("'filter':{'path':'/a','equals':[]}"), "/params/mapping/filter/equals", "list"},
        {WITH("'filter':{'path':'/a','equals':[[1]]}"), "/params/mapping/filter/equals", "list"},
        {WITH("'filter':{'path':'/a','above':'3'}"), "/params/mapping/filter/above", "number"},
        {WITH("'filter':{'path':'/a','matches':'('}"), "/params/mapping/filter/matches", ""},
        {WITH("'filter':{'path':'/a','equals':1,'message':'/m'}"), "/params/mapping/filter/message", ""},
        {WITH("'success':[{'path':'/a','equals':1},{'path':'/b'}]"), "/params/mapping/success/1", "test"},
        {WITH("'success':{'path':'/a','equals':1,'message':'m'}"), "/params/mapping/success/message",
         "pointer"},
        {WITH("'items':['/a','b']"), "/params/mapping/items/1", "pointer"},
        {WITH("'items':[]"), "/params/mapping/items", "values"},
        {WITH("'single':1"), "/params/mapping/single", ""},
        {WITH("'charset':'klingon'"), "/params/mapping/charset", "charset"},
        {WITH("'encoding':'gzip'"), "/params/mapping/encoding", "base64"},
        {WITH("'csv':{}"), "/params/mapping/csv", "csv"},
        {WITH("'format':'csv','csv':{'delimiter':''}"), "/params/mapping/csv/delimiter", "character"},
        {WITH("'format':'csv','csv':{'delimeter':';'}"), "/params/mapping/csv/delimeter", "delimiter"},
        {WITH("'namespaces':{'g':'x'}"), "/params/mapping/namespaces", "xml"},
        {XML("'namespaces':{'g':7}"), "/params/mapping/namespaces", "URI"},
        {XML("'free':'//['"), "/params/mapping/free", ""},
        {XML("'free':'g:free'"), "/params/mapping/free", "prefix"},
        {XML("'free':'$.a'"), "/params/mapping/free", "XPath"},
        {WITH("'zone':'Mars'"), "/params/mapping/zone", "zone"},
        {WITH("'band':{'path':'/b','map':{'x':'open'}}"), "/params/mapping/band/map", "plenty"},
        {WITH("'time':{'path':'/t','format':[]}"), "/params/mapping/time/format", "empty"},
        {WITH("'time':{'path':'/t','format':['iso','x']}"), "/params/mapping/time/format/1", "pattern"},
        {WITH("'time':{'pth':'/t'}"), "/params/mapping/time/pth", "path"},
        {WITH("'point':'/p'"), "/params/mapping/point", "object"},
        {WITH("'point':{'lat':'/y'}"), "/params/mapping/point", "lng"},
        {WITH("'point':{'value':'/g'}"), "/params/mapping/point/form", "geojson"},
        {WITH("'point':{'value':'/g','form':'kml'}"), "/params/mapping/point/form", "geojson"},
        {WITH("'point':{'lat':'/y','lng':'/x','crs':'moon'}"), "/params/mapping/point/crs", ""},
        {WITH("'point':{'lat':'/y','lng':'/x','crs':7}"), "/params/mapping/point/crs", "name"},
        {WITH("'zones':{'items':'/z'}"), "/params/mapping/zones/id", "missing"},
        {WITH("'zones':{'id':'/z'}"), "/params/mapping/zones/items", "missing"},
        {WITH("'repeats':'never'"), "/params/mapping/repeats", "newest"},
        {WITH("'numbers':{'decimal':','},'thousands':1"), "/params/mapping/thousands", ""},
        {WITH("'emit':[]"), "/params/mapping/emit", "1 to"},
        {WITH("'emit':[{},{'zones':{}}]"), "/params/mapping/emit/1/zones", ""},
        {WITH("'emit':[{'free':'f'}]"), "/params/mapping/emit/0/free", "pointer"},
        {WITH("'emit':[{'lot':null}]"), "/params/mapping/emit/0/lot", "missing"},
        {"{'mapping':{'emit':[{'free':'/f'}]}}", "/params/mapping/emit/0/lot", "missing"},
        {"{'mapping':{'lot':null}}", "/params/mapping/lot", "missing"},
        {WITH("'join':{'d':{}}"), "/params/mapping/join/d/url", "missing"},
        {WITH("'join':{'d':{'url':'/d','kex':'/a'}}"), "/params/mapping/join/d/kex", "key"},
        {WITH("'join':{'d':{'url':'/${x}'}}"), "/params/mapping/join/d/url", "unknown name"},
        {WITH("'join':{'d':{'url':'/d','every_s':0}}"), "/params/mapping/join/d/every_s", ""},
        {WITH("'join':{'d-d':{'url':'/d'}}"), "/params/mapping/join", "letters"},
        {WITH("'join':{'d':{'url':'/d'}},'free':{'join':'d','on':'/a','take':'/f'}"),
         "/params/mapping/free/on", "key"},
        {WITH("'join':{'d':{'url':'/d','key':'/i'}},'free':{'join':'d','take':'/f'}"),
         "/params/mapping/free/on", "which"},
        {WITH("'join':{'d':{'url':'/d'}},'free':{'join':'d'}"), "/params/mapping/free/take", "missing"},
        {WITH("'join':{'d':{'url':'/d','format':'xml'}},'free':{'join':'d','take':'$.f'}"),
         "/params/mapping/free/take", "XPath"},
        {WITH("'free':{'first':[{'first':[{'first':[{'first':[{'first':[{'first':['/a']}]}]}]}]}]}"), "",
         NULL},
        {BESIDE("'query':{'a':1}"), "/params/query", "texts"},
        {BESIDE("'query':{'a':'${b}'}"), "/params/query", "unknown name"},
        {BESIDE("'query':{'a':'${page}'}"), "/params/pages", "how many"},
        {BESIDE("'query':{'a':'${lot}'}"), "/params/query", "says nothing here"},
        {BESIDE("'headers':{'X':'${lot'}"), "/params/headers", "without"},
        {BESIDE("'body':'${x}'"), "/params/body", "unknown name"},
        {BESIDE("'pages':{}"), "/params/pages", "needs one of"},
        {BESIDE("'pages':{'count':'/n','next':'/x'}"), "/params/pages", "needs one of"},
        {BESIDE("'pages':{'count':'n'}"), "/params/pages/count", "pointer"},
        {BESIDE("'pages':{'until_empty':false}"), "/params/pages", "needs one of"},
        {"{'pages':{'until_empty':true}}", "/params/pages", "mapping"},
        {BESIDE("'chunk':{'size':0}"), "/params/chunk/size", ""},
        {BESIDE("'chunk':{'size':5,'separator':7}"), "/params/chunk/separator", "text"},
        {BESIDE("'reply':{'status':100}"), "/params/reply/status", ""},
        {BESIDE("'reply':{'body':'${page}'}"), "/params/reply/body", "says nothing"},
        {BESIDE("'reply':{'body':'${X}'}"), "/params/reply/body", "unknown name"},
        {BESIDE("'reply':{'type':'a\\nb'}"), "/params/reply/type", "media type"},
        {BESIDE("'method':'DELETE'"), "/params/method", "GET"},
    };
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        char *params = with_quotes(rows[i].params);
        struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), view_of(params), &why);
        bool good = rows[i].words ? !s && strcmp(why.at, rows[i].at) == 0 && strstr(why.text, rows[i].words)
                                  : s != NULL;
        if (!good) {
            print_error("%s: %s at %s: %s\n", params, s ? "opened" : "refused", why.at, why.text);
            wrong++;
        }
        dialect_close(s);
        free(params);
    }
    assert_int_equal(wrong, 0);
}

/* More of something than a mapping may have. `piece` is printed `n` times with its number. */
static void check_limit(const char *head, const char *piece, int n, const char *tail, const char *at)
{
    struct buf text;
    struct why why = {0};
    buf_init(&text, 1 << 20);
    (void)buf_str(&text, head);
    for (int i = 0; i < n; i++) {
        for (const char *p = piece; *p; p++) {
            if (*p == '#')
                (void)buf_int(&text, i);
            else if (*p != ',' || i)
                (void)buf_char(&text, *p);
        }
    }
    (void)buf_str(&text, tail);
    char *params = with_quotes(text.p);
    struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), view_of(params), &why);
    if ((s == NULL) != (at != NULL) || (at && strcmp(why.at, at) != 0))
        fail_msg("%.200s… %s at %s: %s", params, s ? "opened" : "refused", why.at, why.text);
    dialect_close(s);
    free(params);
    buf_fini(&text);
}

static void mappings_have_limits(void **state)
{
    (void)state;
    check_limit("{'mapping':{'lot':'/a','let':{", ",'N#':'/n'", 64, "}}}", NULL);
    check_limit("{'mapping':{'lot':'/a','let':{", ",'N#':'/n'", 65, "}}}", "/params/mapping/let");
    check_limit("{'mapping':{'lot':'/a','emit':[", ",{}", 16, "]}}", NULL);
    check_limit("{'mapping':{'lot':'/a','emit':[", ",{}", 17, "]}}", "/params/mapping/emit");
    check_limit("{'mapping':{'lot':'/a','join':{", ",'J#':{'url':'/x'}", 8, "}}}", NULL);
    check_limit("{'mapping':{'lot':'/a','join':{", ",'J#':{'url':'/x'}", 9, "}}}", "/params/mapping/join");
    check_limit("{'mapping':{'lot':'/a','free':{'first':[", ",'/n'", 64, "]}}}", NULL);
    check_limit("{'mapping':{'lot':'/a','free':{'first':[", ",'/n'", 65, "]}}}",
                "/params/mapping/free/first");
    check_limit("{'mapping':{'lot':'/a','time':{'path':'/t','format':[", ",'iso'", 9, "]}}}",
                "/params/mapping/time/format/8");
    check_limit("{'mapping':{'lot':'/a','free':{'path':'/f','do':{'capture':'", "xxxxxxxxxx", 60, "'}}}}",
                "/params/mapping/free/do/capture");
    check_limit("{'mapping':{'lot':'/a'},'body':'", "0123456789", 7000, "'}", "/params");
    static const char body[] = "'free':{'first':[%s]},'total':{'first':[%s]},'open':{'first':[%s]}";
    char paths[400] = "'/n'", entry[1400];
    for (int i = 0; i < 63; i++)
        memcpy(paths + 4 + (size_t)i * 5, ",'/n'", 6);
    (void)snprintf(entry, sizeof entry, body, paths, paths, paths);
    struct buf text;
    buf_init(&text, 1 << 16);
    (void)buf_str(&text, "{'mapping':{'lot':'/a','emit':[{}");
    for (int i = 0; i < 15; i++)
        buf_printf(&text, ",{%s}", entry);
    check_limit(text.p, "", 0, "]}}", "/params/mapping/emit/11/open/first/30");
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_in_a_mapping_are_named),
        cmocka_unit_test(mistakes_have_their_places),
        cmocka_unit_test(mappings_have_limits),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
