/* SPDX-License-Identifier: MIT
 * Fields of a report beside the plain counts: places, zones, classes, words, times in zones; several lots of
 * one item, lots named twice, envelopes; and hostile input.
 */
#include "generic_test.h"

#define CHECK(rows) check_rows(rows, sizeof rows / sizeof *rows)

/* ---- places */

struct point_row {
    const char *point, *body; /* of a mapping and of its one item */
    const char *want;         /* "lng lat", or the fault */
};

static void point_of(const struct point_row *row, char *dst, size_t size)
{
    char mapping[1024];
    struct report_list list;
    struct dialect_request next;
    bool more;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    char *body = with_quotes(row->body);
    struct dialect_response res = {200, {0}, view_of(body)};
    (void)snprintf(mapping, sizeof mapping,
                   "{'single':true,'lot':{'const':'A'},'free':{'const':1},'point':%s}", row->point);
    struct dialect_session *s = open_mapping(mapping);
    report_list_init(&list);
    assert_int_equal(dialect_decode(s, &ctx, &res, &list, &next, &more, &why), 0);
    (void)snprintf(dst, size, "none");
    if (list.n_faults)
        (void)snprintf(dst, size, "%s: %s", list.faults[0].why.at, list.faults[0].why.text);
    else if (list.v[0].has_point)
        (void)snprintf(dst, size, "%.5f %.5f", list.v[0].lng, list.v[0].lat);
    report_list_fini(&list);
    dialect_request_fini(&next);
    dialect_close(s);
    free(body);
}

static void points(void **state)
{
    (void)state;
#define GEO "{'value':'/g','form':'geojson'}"
#define WKT "{'value':'/g','form':'wkt'}"
    static const struct point_row rows[] = {
        {"{'lat':'/y','lng':'/x'}", "{'x':118.05,'y':'36.8'}", "118.05000 36.80000"},
        {"{'lat':'/y','lng':'/x'}", "{'x':118.05}", "none"},
        {"{'lat':'/y','lng':'/x'}", "{'x':118.05,'y':''}", "none"},
        {"{'lat':'/y','lng':'/x'}", "{'x':118.05,'y':'north'}", "/y: not a coordinate"},
        {"{'lat':'/y','lng':'/x'}", "{'x':118.05,'y':91}", "/x: no plausible point"},
        {"{'lat':'/y','lng':'/x'}", "{'x':0,'y':0}", "/x: no plausible point"},
        {"{'lat':'/y','lng':'/x','crs':'gcj02'}", "{'x':118.05,'y':36.8}", "118.04394 36.79951"},
        {"{'lat':'/y','lng':'/x','crs':'bd09'}", "{'x':118.05,'y':36.8}", "118.03744 36.79365"},
        {"{'lat':'/y','lng':'/x','crs':'EPSG:25832'}", "{'x':500000,'y':5538630.70}", "9.00000 50.00000"},
        {"{'lat':'/y','lng':'/x','crs':{'path':'/c'}}",
         "{'x':500000,'y':5538630.70,'c':'urn:ogc:def:crs:EPSG::25832'}", "9.00000 50.00000"},
        {"{'lat':'/y','lng':'/x','crs':{'path':'/c','do':{'map':{'1':'wgs84','2':'gcj02'}}}}",
         "{'x':118.05,'y':36.8,'c':2}", "118.04394 36.79951"},
        {"{'lat':'/y','lng':'/x','crs':{'path':'/c'}}", "{'x':1,'y':2,'c':'urn:ogc:def:crs:OGC:1.3:CRS84'}",
         "1.00000 2.00000"},
        {"{'lat':'/y','lng':'/x','crs':{'path':'/c'}}", "{'x':1,'y':2,'c':'moon'}",
         "/c: a reference system that is not known"},
        {"{'value':'/g','form':'lat lon'}", "{'g':'36.8, 118.05'}", "118.05000 36.80000"},
        {"{'value':'/g','form':'lat lon'}", "{'g':'36.8 118.05'}", "118.05000 36.80000"},
        {"{'value':'/g','form':'lon lat'}", "{'g':'118.05;36.8'}", "118.05000 36.80000"},
        {"{'value':'/g','form':'lat lon'}", "{'g':[36.8,118.05]}", "118.05000 36.80000"},
        {"{'value':'/g','form':'lat lon'}", "{'g':'somewhere'}", "/g: not a point in the mapping's form"},
        {"{'value':'/g','form':'lat lon'}", "{'g':'36.8'}", "/g: not a point in the mapping's form"},
        {"{'value':'/g','form':'lat lon'}", "{}", "none"},
        {GEO, "{'g':{'type':'Point','coordinates':[8.5,50.1]}}", "8.50000 50.10000"},
        {GEO, "{'g':{'type':'Feature','geometry':{'type':'Point','coordinates':[8.5,50.1]}}}",
         "8.50000 50.10000"},
        {GEO, "{'g':'{\\'type\\':\\'Point\\',\\'coordinates\\':[8.5,50.1]}'}", "8.50000 50.10000"},
        {GEO, "{'g':[8.5,50.1]}", "8.50000 50.10000"},
        {GEO, "{'g':{'type':'LineString','coordinates':[[0,10],[4,10],[4,12]]}}", "2.66667 10.33333"},
        {GEO, "{'g':{'type':'Polygon','coordinates':[[[0,10],[4,10],[4,14],[0,14],[0,10]]]}}",
         "2.00000 12.00000"},
        {GEO,
         "{'g':{'type':'Polygon','coordinates':[[[0,10],[4,10],[4,14],[0,14],[0,10]],[[0,10],[2,10],[2,14],["
         "0,14],[0,10]]]}}",
         "3.00000 12.00000"},
        {GEO,
         "{'g':{'type':'MultiPolygon','coordinates':[[[[0,10],[2,10],[2,12],[0,12],[0,10]]],"
         "[[[4,10],[6,10],[6,12],[4,12],[4,10]]]]}}",
         "3.00000 11.00000"},
        {GEO, "{'g':{'type':'MultiPoint','coordinates':[[1,10],[3,12]]}}", "2.00000 11.00000"},
        {GEO, "{'g':{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,10]},null]}}",
         "1.00000 10.00000"},
        {GEO, "{'g':{'type':'Polygon','coordinates':[]}}", "none"},
        {GEO, "{'g':{'type':'Polygon','coordinates':[[1,2]]}}", "/g: not a point in the mapping's form"},
        {GEO, "{'g':{'type':'Circle','coordinates':[1,2]}}", "/g: not a point in the mapping's form"},
        {GEO, "{'g':7}", "/g: not a point in the mapping's form"},
        {WKT, "{'g':'POINT (8.5 50.1)'}", "8.50000 50.10000"},
        {WKT, "{'g':'SRID=4326;point z(8.5 50.1 300)'}", "8.50000 50.10000"},
        {WKT, "{'g':'POLYGON((0 10,4 10,4 14,0 14,0 10))'}", "2.00000 12.00000"},
        {WKT, "{'g':'MULTIPOLYGON (((0 10, 2 10, 2 12, 0 12, 0 10)), ((4 10, 6 10, 6 12, 4 12, 4 10)))'}",
         "3.00000 11.00000"},
        {WKT, "{'g':'MULTIPOINT ((1 10), (3 12))'}", "2.00000 11.00000"},
        {WKT, "{'g':'POINT EMPTY'}", "none"},
        {WKT, "{'g':'POINT (8.5)'}", "/g: not a point in the mapping's form"},
        {WKT, "{'g':'POINT (8.5 50.1'}", "/g: not a point in the mapping's form"},
        {WKT, "{'g':'POINT (8.5 50.1) x'}", "/g: not a point in the mapping's form"},
        {WKT, "{'g':'PAINT (8.5 50.1)'}", "/g: not a point in the mapping's form"},
    };
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[256];
        point_of(&rows[i], got, sizeof got);
        if (strcmp(got, rows[i].want) != 0) {
            print_error("%s %s: %s, not %s\n", rows[i].point, rows[i].body, got, rows[i].want);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- zones, classes, words */

static void zones_and_classes(void **state)
{
    (void)state;
#define ZONED(v) "{'single':true,'lot':'/i','free':'/f','zones':" v "}"
#define LEVELS   ZONED("{'items':'/z','id':'/n','free':'/f','total':'/t'}")
    static const struct reading_row rows[] = {
        {LEVELS, "{'i':'A','f':3,'z':[{'n':'B1','f':1,'t':10},{'n':2,'f':2}]}",
         "report 0 lot=A counts free=3 zone B1: free=1 total=10 zone 2: free=2\n"},
        {LEVELS, "{'i':'A','f':3,'z':{'x':{'n':'B1','f':1}}}",
         "report 0 lot=A counts free=3 zone B1: free=1\n"},
        {ZONED("{'items':'/z','id':{'key':true},'free':'/f'}"), "{'i':'A','f':3,'z':{'x':{'f':1}}}",
         "report 0 lot=A counts free=3 zone x: free=1\n"},
        {LEVELS, "{'i':'A','f':3}", "report 0 lot=A counts free=3\n"},
        {LEVELS, "{'i':'A','f':3,'z':[{'f':1},{'n':'B1','f':'x'},{'n':'B1','f':2}]}",
         "report 0 lot=A counts free=3 zone B1:\n"
         "fault 0 lot=A /z/0/n: a zone without a name of its own, or with too long a one\n"
         "fault 0 lot=A /z/1/f: a count as text, which the mapping does not allow\n"
         "fault 0 lot=A /z/2/n: a zone without a name of its own, or with too long a one\n"},
        {LEVELS, "{'i':'A','f':3,'z':7}",
         "report 0 lot=A counts free=3\nfault 0 lot=A /z: neither a list nor an object\n"},
        {ZONED("{'items':'/z','id':''}"), "{'i':'A','f':3,'z':[1,2,3,4,5,6,7,8,9,10,11,12,13]}",
         "report 0 lot=A counts free=3 zone 1: zone 2: zone 3: zone 4: zone 5: zone 6: zone 7: zone 8: zone "
         "9: zone 10: "
         "zone 11: zone 12:\nfault 0 lot=A /z/12: more zones than 12\n"},
        {"{'lot':'/i','classes':{'charging':{'free':'/c','total':'/t'}}}",
         "[{'i':'A','c':1,'t':2},{'i':'B','c':-70000}]",
         "report 0 lot=A counts charging: free=1 total=2\nfault 1 lot=B /1/c: out of range\nfault 1 lot=B "
         "/1: says nothing\n"},
    };
    CHECK(rows);
}

static void kinds_of_claims(void **state)
{
    (void)state;
#define BANDED \
    "{'lot':'/i','band':{'path':'/b','map':{'red':'full','green':'plenty','*':'unknown'}},'free':'/f'}"
#define ALIVE "{'lot':'/i','heartbeat':'/h','in':'/in','out':'/out','free':'/f'}"
    static const struct reading_row rows[] = {
        {BANDED, "{'i':'A','b':'red'}", "report 0 lot=A band band=full\n"},
        {BANDED, "{'i':'A','b':'green','f':4}", "report 0 lot=A counts free=4 band=plenty\n"},
        {BANDED, "{'i':'A','b':'blue'}", "report 0 lot=A counts\n"},
        {"{'lot':'/i','band':'/b'}", "{'i':'A','b':'few'}", "report 0 lot=A band band=few\n"},
        {"{'lot':'/i','band':'/b'}", "{'i':'A','b':'red'}",
         "report 0 lot=A counts\nfault 0 lot=A /b: a band that the mapping does not know\n"},
        {ALIVE, "{'i':'A','h':true}", "report 0 lot=A beat\n"},
        {ALIVE, "{'i':'A','h':'yes'}", "report 0 lot=A beat\n"},
        {ALIVE, "{'i':'A','h':false}", "report 0 lot=A counts\n"},
        {ALIVE, "{'i':'A','h':'perhaps'}",
         "report 0 lot=A counts\nfault 0 lot=A /h: neither true nor false\n"},
        {ALIVE, "{'i':'A','in':3}", "report 0 lot=A hint in=3 out=0\n"},
        {ALIVE, "{'i':'A','in':3,'out':1,'f':5}", "report 0 lot=A counts free=5 in=3 out=1\n"},
        {ALIVE, "{'i':'A','in':-3}", "report 0 lot=A counts\nfault 0 lot=A /in: not a number of cars\n"},
        {"{'lot':'/i','heartbeat':'/h'}", "{'i':'A','h':false}", "fault 0 lot=A : says nothing\n"},
        {"{'lot':'/i','heartbeat':{'const':true}}", "{'i':'A','h':false}", "report 0 lot=A beat\n"},
        {"{'lot':'/i','status':{'path':'/s','map':{'1':'open','*':'closed'}}}",
         "[{'i':'A','s':1},{'i':'B','s':7},{'i':'C','s':'-'}]",
         "report 0 lot=A counts status=open\nreport 1 lot=B counts status=closed\nreport 2 lot=C counts\n"},
        {"{'lot':'/i','status':{'path':'/s','map':{'-':'closed'}}}", "{'i':'A','s':'-'}",
         "report 0 lot=A counts status=closed\n"},
        {"{'lot':'/i','status':{'path':'/s','map':{'x':null}},'free':{'const':1}}", "{'i':'A','s':'x'}",
         "report 0 lot=A counts free=1\n"},
        {"{'lot':'/i','status':'/s','free':{'const':1}}", "{'i':'A','s':{'x':1},'c':1}",
         "report 0 lot=A counts free=1\nfault 0 lot=A /s: a status that the mapping does not know\n"},
    };
    CHECK(rows);
}

static void times_in_zones(void **state)
{
    (void)state;
#define TIMED(zone, time) "{'lot':{'const':'A'},'free':{'const':1},'zone':" zone ",'time':" time "}"
#define AT(t)             "report 0 lot=A counts free=1 time=" t "\n"
    static const struct reading_row rows[] = {
        {TIMED("'Europe/Berlin'", "'/t'"), "{'t':'2026-07-01 12:00:00'}", AT("2026-07-01T10:00:00Z")},
        {TIMED("'Europe/Berlin'", "'/t'"), "{'t':'2026-01-01 12:00:00'}", AT("2026-01-01T11:00:00Z")},
        {TIMED("'Europe/Berlin'", "'/t'"), "{'t':'2026-10-25 02:30:00'}", AT("2026-10-25T00:30:00Z")},
        {TIMED("'Europe/Berlin'", "{'path':'/t','zone':'UTC'}"), "{'t':'2026-07-01T12:00:00'}",
         AT("2026-07-01T12:00:00Z")},
        {TIMED("'-03:30'", "'/t'"), "{'t':'2026-07-01T12:00:00.1234567'}", AT("2026-07-01T15:30:00.123Z")},
        {TIMED("'UTC'", "{'path':'/t','format':['iso','%d.%m.%Y, %H:%M','s']}"), "{'t':'11.03.2022, 21:05'}",
         AT("2022-03-11T21:05:00Z")},
        {TIMED("'UTC'", "{'path':'/t','format':['iso','%d.%m.%Y, %H:%M','s']}"), "{'t':1700000000}",
         AT("2023-11-14T22:13:20Z")},
        {TIMED("'UTC'", "{'path':'/t','format':'rfc1123'}"), "{'t':'Sun, 06 Nov 1994 08:49:37 GMT'}",
         AT("1994-11-06T08:49:37Z")},
        {TIMED("'UTC'", "{'path':'/t','format':'ms'}"), "{'t':'1700000000123'}",
         AT("2023-11-14T22:13:20.123Z")},
        {TIMED("'UTC'", "{'path':'/t','do':{'time':'%d.%m.%Y %H:%M','zone':'+02:00'}}"),
         "{'t':'11.03.2022 21:05'}", AT("2022-03-11T19:05:00Z")},
        {TIMED("'UTC'", "{'first':[{'path':'/u','do':{'time':'s'}},{'path':'/t','do':{'time':'iso'}}]}"),
         "{'t':'2022-03-11T19:05:00'}", AT("2022-03-11T19:05:00Z")},
        {TIMED("'UTC'", "{'path':'/t','do':{'time':'iso'}}"), "{'t':'yesterday'}",
         "report 0 lot=A counts free=1\nfault 0 lot=A /t: not a time in the operator's format\n"},
        {TIMED("'UTC'", "{'template':'${D} ${T}'},'let':{'D':'/d','T':'/t'}"),
         "{'d':'2022-03-11','t':'19:05:00'}", AT("2022-03-11T19:05:00Z")},
        {TIMED("'UTC'", "'/t'"), "{'t':'-'}", "report 0 lot=A counts free=1\n"},
        {TIMED("'UTC'", "{'path':'/t','required':true}"), "{'t':'-'}",
         "fault 0 lot=A /t: needed, and unknown\n"},
        {TIMED("'UTC'", "'/t'"), "{'t':[]}",
         "report 0 lot=A counts free=1\n"
         "fault 0 lot=A /t: not a time in the mapping's format\n"},
        {TIMED("'UTC'", "'/t'"), "{'t':1700000000}",
         "report 0 lot=A counts free=1\n"
         "fault 0 lot=A /t: not a time in the mapping's format\n"},
    };
    CHECK(rows);
}

/* ---- several lots of an item, one lot in several */

static void emits(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {"{'lot':'/i','free':'/f','time':null,'emit':[{},{'lot':{'path':'/i','do':{'suffix':'-ev'}},'free':'/"
         "ev',"
         "'filter':{'path':'/ev','exists':true}}]}",
         "[{'i':'A','f':3,'ev':1},{'i':'B','f':4}]",
         "report 0 lot=A counts free=3\nreport 0 lot=A-ev counts free=1\nreport 1 lot=B counts free=4\n"},
        {"{'emit':[{'lot':{'const':'A'},'free':'/a'},{'lot':{'const':'B'},'free':'/b','total':{'const':9}}]}",
         "{'a':1,'b':2}", "report 0 lot=A counts free=1\nreport 0 lot=B counts free=2 total=9\n"},
        {"{'lot':{'const':'A'},'total':'/t','free':'/a','emit':[{},{'lot':{'const':'B'},'free':null}]}",
         "{'a':1,'t':5}", "report 0 lot=A counts free=1 total=5\nreport 0 lot=B counts total=5\n"},
        {"{'lot':'/i','free':'/f','filter':{'path':'/f','above':1},'emit':[{},{'lot':{'const':'B'}}]}",
         "{'i':'A','f':1}", ""},
    };
    CHECK(rows);
}

static void lots_named_twice(void **state)
{
    (void)state;
#define REPEATED(how) "{'lot':'/i','free':'/f','time':{'path':'/t','format':'s'},'repeats':'" how "'}"
#define TWICE                                                                                        \
    "[{'i':'A','f':1,'t':1700000000},{'i':'B','f':5},{'i':'A','f':2,'t':1700000060},{'i':'A','f':3," \
    "'t':1700000030},{'i':'B','f':6}]"
    static const struct reading_row rows[] = {
        {"{'lot':'/i','free':'/f'}", TWICE,
         "report 0 lot=A counts free=1\nreport 1 lot=B counts free=5\nreport 2 lot=A counts free=2\n"
         "report 3 lot=A counts free=3\nreport 4 lot=B counts free=6\n"},
        {REPEATED("newest"), TWICE,
         "report 2 lot=A counts free=2 time=2023-11-14T22:14:20Z\nreport 4 lot=B counts free=6\n"},
        {REPEATED("first"), TWICE,
         "report 0 lot=A counts free=1 time=2023-11-14T22:13:20Z\nreport 1 lot=B counts free=5\n"},
        {REPEATED("last"), TWICE,
         "report 3 lot=A counts free=3 time=2023-11-14T22:13:50Z\nreport 4 lot=B counts free=6\n"},
    };
    CHECK(rows);
}

/* ---- messages as a whole */

static void items_of_many_shapes(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {"{'items':['/a','/b'],'lot':'/i','free':'/f'}", "{'a':[{'i':'A','f':1}],'b':[{'i':'B','f':2}]}",
         "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n"},
        {"{'items':['/a','/b'],'lot':'/i','free':'/f'}", "{'b':[{'i':'B','f':2}]}",
         "report 0 lot=B counts free=2\n"},
        {"{'items':['/a','/b'],'lot':'/i','free':'/f'}", "{'c':1}",
         "error ERR_PROTOCOL /b: the items are not where the mapping looks\n"},
        {"{'items':'$.d[*]','lot':'/i/v','free':'/f/v'}", "{'d':[{'i':{'v':'A'},'f':{'v':1}}]}",
         "report 0 lot=A counts free=1\n"},
        {"{'items':'$.d[*]','lot':'/i','free':'/f'}", "{'d':[]}",
         "error ERR_PROTOCOL : the items are not where the mapping looks\n"},
        {"{'items':'$..p[?@.f]','lot':'/i','free':'/f'}",
         "{'x':{'p':[{'i':'A','f':1},{'i':'B'}]},'y':{'p':[{'i':'C','f':3}]}}",
         "report 0 lot=A counts free=1\nreport 1 lot=C counts free=3\n"},
        {"{'items':{'first':['/a','/b']},'lot':'/i','free':'/f'}", "{'b':[{'i':'A','f':1}]}",
         "report 0 lot=A counts free=1\n"},
        {"{'items':{'path':'/a','do':{'range':[0,1]}},'lot':'/i'}", "{'a':[7]}",
         "error ERR_RANGE /a/0: outside of the range that the mapping allows\n"},
    };
    CHECK(rows);
}

static void envelopes(void **state)
{
    (void)state;
#define GUARDED(c) "{'success':" c ",'lot':'/i','free':'/f'}"
    static const struct reading_row rows[] = {
        {GUARDED("{'path':'/code','equals':0}"), "{'code':'0','i':'A','f':1}",
         "report 0 lot=A counts free=1\n"},
        {GUARDED("[{'path':'/code','equals':0},{'path':'/ok','equals':true,'message':'/why'}]"),
         "{'code':0,'ok':false,'why':'busy','i':'A'}",
         "error ERR_REFUSED /ok: the envelope says false: busy\n"},
        {GUARDED("{'any':[{'path':'/code','equals':0},{'path':'/ok','equals':true}],'message':'/why'}"),
         "{'why':'busy','i':'A'}", "error ERR_REFUSED : the envelope does not say that it succeeded: busy\n"},
        {GUARDED("{'path':'/error','exists':false}"), "{'error':'x','i':'A'}",
         "error ERR_REFUSED /error: the envelope says x\n"},
        {GUARDED("{'path':'/n','at_least':1}"), "{'n':0,'i':'A'}",
         "error ERR_REFUSED /n: the envelope says 0\n"},
    };
    CHECK(rows);
}

static void hostile_input_is_named(void **state)
{
    (void)state;
#define PLAIN "{'items':'/d','lot':'/i','free':'/f'}"
    static const struct reading_row rows[] = {
        {PLAIN, "{\"d\":[{\"i\":\"A\",\"f\":1}", "error ERR_SYNTAX"},
        {PLAIN, "{\"d\":[{\"i\":\"A\",\"f\":NaN}]}", "error ERR_SYNTAX"},
        {PLAIN, "{\"d\":[{\"i\":\"A\",\"f\":1e999}]}", "error ERR_SYNTAX"},
        {PLAIN, "{\"d\":[{\"i\":\"A\",\"i\":\"B\",\"f\":1}]}", "error ERR_SYNTAX"},
        {PLAIN, "{\"d\":[{\"i\":\"\xff\",\"f\":1}]}", "error ERR_SYNTAX"},
        {PLAIN, "{\"d\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "error ERR_SYNTAX"},
        {PLAIN, "<html><body>502</body></html>", "error ERR_SYNTAX : HTML or XML instead of JSON"},
        {PLAIN, "", "error ERR_SYNTAX : empty body"},
        {PLAIN, "{\"message\":\"rate limited\"}", "error ERR_PROTOCOL /d: the items are not where"},
        {"{'format':'xml','items':'//lot','lot':'@id'}", "<a><lot id='1'>", "error ERR_SYNTAX"},
        {"{'format':'xml','items':'//lot','lot':'@id','free':'.'}",
         "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a><lot id='1'>&x;</lot></a>", ""},
        {"{'format':'xml','items':'//lot','lot':'@id'}", "{\"a\":1}",
         "error ERR_SYNTAX : JSON instead of xml"},
        {"{'format':'csv','lot':'/i','free':'/f'}", "<html>",
         "error ERR_SYNTAX : HTML or XML instead of csv"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        struct dialect_session *s = open_mapping(rows[i].mapping);
        decode_body(s, (struct view){0}, view_of(rows[i].body), &out);
        if (!view_starts(buf_get(&out), rows[i].want) || has_text(buf_get(&out), "root:"))
            fail_msg("%s\ngave %s\nnot  %s…", rows[i].body, out.p ? out.p : "", rows[i].want);
        dialect_close(s);
        buf_fini(&out);
    }
}

/* Every prefix of a message, and every byte of it changed: no crash, and never a lot that was not there. */
static void cut_and_bent_messages(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"code\":0,\"data\":{\"list\":[{\"i\":\"A\",\"f\":\"12\",\"t\":\"2026-11-22 16:00:00\",\"g\":"
        "{\"type\":\"Point\",\"coordinates\":[1,2]},\"n\":\"{\\\"z\\\":[1,2]}\"}]}}";
    struct dialect_session *s =
        open_mapping("{'success':{'path':'/code','equals':0},'items':'/data/list','lot':'/"
                     "i','free':{'path':'/f','do':'integer'},"
                     "'time':'/t','point':{'value':'/g','form':'geojson'},'total':{'path':'/"
                     "n','do':['json',{'path':'$.z[*]'},'sum']}}");
    for (size_t i = 0; i < 2 * sizeof whole; i++) {
        char body[sizeof whole];
        struct buf out;
        memcpy(body, whole, sizeof body);
        size_t n = i < sizeof whole ? i : sizeof whole - 1;
        if (i >= sizeof whole)
            body[i - sizeof whole] ^= 0x15;
        buf_init(&out, 1 << 16);
        decode_body(s, (struct view){0}, (struct view){body, n}, &out);
        assert_true(out.n > 0 || n == sizeof whole - 1);
        if (n < sizeof whole - 1)
            assert_non_null(strstr(out.p, "error "));
        buf_fini(&out);
    }
    dialect_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points),
        cmocka_unit_test(zones_and_classes),
        cmocka_unit_test(kinds_of_claims),
        cmocka_unit_test(times_in_zones),
        cmocka_unit_test(emits),
        cmocka_unit_test(lots_named_twice),
        cmocka_unit_test(items_of_many_shapes),
        cmocka_unit_test(envelopes),
        cmocka_unit_test(hostile_input_is_named),
        cmocka_unit_test(cut_and_bent_messages),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
