/* SPDX-License-Identifier: MIT
 * Values of a mapping: every source, modifier, operator and condition, with good and bad input.
 */
#include "generic_test.h"

/* Most rows look at `free`, or at the lot's id where texts are wanted. */
#define FREE(value)       "{'lot':{'const':'A'},'free':" value ",'numbers':{'text':true,'unknown':[9999]}}"
#define ID(value)         "{'lot':" value ",'free':{'const':1}}"
#define F(n)              "report 0 lot=A counts free=" #n "\n"
#define L(id)             "report 0 lot=" id " counts free=1\n"
#define NOTHING           "report 0 lot=A counts\n"
#define BAD(at, words)    "fault 0 lot=A " at ": " words "\n"
#define NO_LOT(at, words) "fault 0 lot= " at ": " words "\n"

#define CHECK(rows) check_rows(rows, sizeof rows / sizeof *rows)

static void sources_find_what_they_name(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {FREE("'/a/b'"), "{'a':{'b':3},'c':1}", F(3)},
        {FREE("'$.a[1]'"), "{'a':[1,2],'c':1}", F(2)},
        {FREE("'@.a[-1]'"), "{'a':[1,2],'c':1}", F(2)},
        {FREE("{'path':'$.a[?@.k==\\'P\\'].n'}"), "{'a':[{'k':'B','n':1},{'k':'P','n':2}],'c':1}", F(2)},
        {FREE("{'path':'/n'}"), "{'x':1}", NOTHING},
        {FREE("{'const':7}"), "{'x':1}", F(7)},
        {ID("{'const':true}"), "{'x':1}", NO_LOT("", "the lot cannot be named")},
        {"{'lot':{'key':true},'free':'/f'}", "{'P1':{'f':1},'P2':{'f':2}}",
         "report 0 lot=P1 counts free=1\nreport 1 lot=P2 counts free=2\n"},
        {"{'lot':{'index':true},'free':'/f'}", "[{'f':1},{'f':2}]",
         "report 0 lot=0 counts free=1\nreport 1 lot=1 counts free=2\n"},
        {"{'let':{'N':'/n','M':{'template':'${N}-${N}'}},'lot':{'var':'M'},'free':{'const':1}}", "{'n':4}",
         L("4-4")},
        {"{'let':{'Z':'$.z[*]'},'lot':{'const':'A'},'free':{'var':'Z','do':{'path':'/f'}},"
         "'total':{'var':'Z','do':{'path':'/t'}}}",
         "{'z':[{'f':1,'t':5},{'f':2,'t':6}]}", "report 0 lot=A counts free=1 total=5\n"},
        {FREE("{'first':['/x','/y',{'path':'/z','do':'integer'}]}"), "{'y':null,'z':'12'}", F(12)},
        {FREE("{'first':[{'path':'/x','do':'integer'},'/y']}"), "{'x':'full','y':2}", F(2)},
        {FREE("{'first':['/x','/y']}"), "{'x':' ','y':2}", F(2)},
        {FREE("{'first':[{'path':'/x','do':'integer'},'/y']}"), "{'x':'full'}", BAD("/x", "not a number")},
        {FREE("{'if':{'path':'/s','equals':'up'},'then':'/a','else':'/b'}"), "{'s':'up','a':1,'b':2}", F(1)},
        {FREE("{'if':{'path':'/s','equals':'up'},'then':'/a','else':'/b'}"), "{'s':'no','a':1,'b':2}", F(2)},
        {FREE("{'if':{'path':'/s','equals':'up'},'then':'/a'}"), "{'s':'no','a':1}", NOTHING},
        {ID("{'template':'P-${N}/x'},'let':{'N':'/n'}"), "{'n':7}", L("P-7/x")},
        {ID("{'template':'P-${N}'},'let':{'N':'/n'}"), "{'m':7}", NO_LOT("", "the lot cannot be named")},
        {ID("{'template':'${now_s}-${now_ms}-${time:%H%M}'}"), "{'m':7}", L("1700000000-1700000000000-0613")},
        {FREE("{'sum':['/a','/b','/c']}"), "{'a':1,'c':'4'}", F(5)},
        {FREE("{'sum':['/a','/b']}"), "{'x':1}", NOTHING},
        {FREE("{'sum':['$.z[*].n']}"), "{'z':[{'n':1},{'n':2},{'m':3},{'n':9999}]}", F(3)},
        {FREE("{'sum':['/a','/b']}"), "{'a':1,'b':'x'}", BAD("/b", "not a number")},
        {FREE("{'difference':['/a','/b']}"), "{'a':10,'b':'4'}", F(6)},
        {FREE("{'difference':['/a','/b']}"), "{'a':10}", NOTHING},
        {FREE("{'difference':['/a','/b']}"), "{'a':10,'b':9999}", NOTHING},
        {FREE("{'product':['/a','/b',{'const':2}]}"), "{'a':3,'b':4}", F(24)},
        {FREE("{'product':['/a','/b']}"), "{'a':100,'b':1.1}", F(110)},
        {FREE("{'quotient':['/a','/b']}"), "{'a':12,'b':4}", F(3)},
        {FREE("{'quotient':['/a','/b']}"), "{'a':12,'b':0}", BAD("/a", "divided by 0")},
        {ID("{'list':['/a','$.b[*]','/c'],'do':{'join':'+'}}"), "{'a':'x','b':[1,2]}", L("x+1+2")},
    };
    CHECK(rows);
}

static void modifiers_change_where_and_what(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {"{'items':'/z','lot':{'path':'/id','root':true},'free':'/f'}", "{'id':'A','z':[{'f':1}]}", F(1)},
        {"{'items':'/z','lot':'$.id','free':'/f'}", "{'id':'A','z':[{'f':1}]}", F(1)},
        {"{'items':'$.g[*].z[*]','lot':{'path':'/id','parent':1},'free':'/f'}",
         "{'g':[{'id':'A','z':[{'f':1},{'f':2}]},{'id':'B','z':[{'f':3}]}]}",
         "report 0 lot=A counts free=1\nreport 1 lot=A counts free=2\nreport 2 lot=B counts free=3\n"},
        {"{'items':'$.g.*.z[*]','lot':{'path':'/id','parent':3},'free':'/f'}",
         "{'id':'A','g':{'x':{'z':[{'f':1}]}}}", "report 0 lot=A counts free=1\n"},
        {"{'items':'/z','lot':{'path':'/id','parent':9},'free':'/f'}", "{'id':'A','z':[{'f':1}]}",
         NO_LOT("/z/0/id", "the lot cannot be named")},
        {FREE("{'path':'/a','default':4}"), "{'x':1}", F(4)},
        {FREE("{'path':'/a','default':4}"), "{'a':null}", F(4)},
        {FREE("{'path':'/a','default':4}"), "{'a':1}", F(1)},
        {FREE("{'path':'/a','required':true}"), "{'x':1}", BAD("/a", "needed, and not there")},
        {FREE("{'path':'/a','required':true}"), "{'a':'-'}", BAD("/a", "needed, and unknown")},
        {FREE("{'path':'/a','required':true}"), "{'a':'x'}", BAD("/a", "not a count")},
        {FREE("{'path':'/a','do':'integer','required':true}"), "{'a':'x'}", BAD("/a", "not a number")},
        {"{'lot':'/i','free':'/f','total':{'path':'/t','required':true}}",
         "[{'i':'A','f':1,'t':2},{'i':'B','f':1}]",
         "report 0 lot=A counts free=1 total=2\nfault 1 lot=B /1/t: needed, and not there\n"},
        {"{'lot':'/i','free':'/f','total':{'path':'/t','required':true}}", "{'i':'A','f':1,'t':'x'}",
         "fault 0 lot=A /t: a count as text, which the mapping does not allow\n"},
        {FREE("null"), "{'x':1}", "fault 0 lot=A : says nothing\n"},
    };
    CHECK(rows);
}

static void operators_on_texts(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {ID("{'path':'/a','do':'trim'}"), "{'a':'  x y '}", L("x y")},
        {ID("'/a'"), "{'a':'\xc2\xa0\xe3\x80\x80 x\xc2\xa0y\xe3\x80\x80'}", L("x\xc2\xa0y")},
        {ID("{'path':'/a','do':['lower']}"), "{'a':'P-ÄÖÜß×Z'}", L("p-äöüß×z")},
        {ID("{'path':'/a','do':'upper'}"), "{'a':'p-äöüß÷z'}", L("P-ÄÖÜß÷Z")},
        {ID("{'path':'/a','do':'text'}"), "{'a':4.0}", L("4")},
        {ID("{'path':'/a','do':'text'}"), "{'a':true}", L("true")},
        {ID("{'path':'/a','do':'text'}"), "{'a':{'b':1},'c':1}", NO_LOT("/a", "neither a text nor a number")},
        {ID("{'path':'/a','do':{'capture':'^P(.)'}}"), "{'a':'P7[x]'}", L("7")},
        {ID("{'path':'/a','do':{'capture':'^[^\\\\[]+'}}"), "{'a':'P7[x]'}", L("P7")},
        {ID("{'path':'/a','do':{'capture':'(.)(.)','group':2}}"), "{'a':'xyz'}", L("y")},
        {ID("{'path':'/a','do':{'capture':'(.)(.)','group':0}}"), "{'a':'xyz'}", L("xy")},
        {ID("{'path':'/a','do':{'capture':'q'}}"), "{'a':'xyz'}",
         NO_LOT("/a", "does not look as the expression says")},
        {FREE("{'path':'/a','do':[{'capture':'x|(y)','group':1},'integer']}"), "{'a':'x'}", NOTHING},
        {ID("{'path':'/a','do':{'replace':['[ -]+','_']}}"), "{'a':'a - b c'}", L("a_b_c")},
        {ID("{'path':'/a','do':{'replace':['(.)(.)','$2$1']}}"), "{'a':'abcd'}", L("badc")},
        {ID("{'path':'/a','do':{'split':' / ','at':1}}"), "{'a':'12 / 300'}", L("300")},
        {ID("{'path':'/a','do':{'split':'/','at':-1}}"), "{'a':'a/b/c'}", L("c")},
        {ID("{'path':'/a','do':[{'split':'/','at':5},{'default':'none'}]}"), "{'a':'a/b/c'}", L("none")},
        {ID("{'path':'/a','do':[{'split':','},'last']}"), "{'a':'a,b,c'}", L("c")},
        {ID("{'path':'/a','do':[{'split':','},'upper',{'join':'-'}]}"), "{'a':'a,b,c'}", L("A-B-C")},
        {ID("{'path':'/a','do':[{'prefix':'P'},{'suffix':'-x'}]}"), "{'a':12}", L("P12-x")},
        {ID("{'path':'/a','do':{'map':{'x':'P1','*':'P0'}}}"), "{'a':'x'}", L("P1")},
        {ID("{'path':'/a','do':{'map':{'x':'P1','*':'P0'}}}"), "{'a':'q'}", L("P0")},
        {ID("{'path':'/a','do':{'map':{'1':'P1','true':'P2'}}}"), "{'a':1}", L("P1")},
        {ID("{'path':'/a','do':{'map':{'1':'P1','true':'P2'}}}"), "{'a':true}", L("P2")},
        {ID("{'path':'/a','do':{'map':{'x':'P1'}}}"), "{'a':'q'}",
         NO_LOT("/a", "a word that the map does not know")},
        {FREE("{'path':'/a','do':{'map':{'full':0,'*':null}}}"), "{'a':'full'}", F(0)},
        {FREE("{'path':'/a','do':{'map':{'full':0,'*':null}}}"), "{'a':'fault'}", NOTHING},
        {ID("{'path':'/a','do':'base64'}"), "{'a':'UDE='}", L("P1")},
        {ID("{'path':'/a','do':'base64'}"), "{'a':'?!'}", NO_LOT("/a", "not Base64 of a text")},
        {FREE("{'path':'/a','do':['base64','json',{'path':'/n'}]}"), "{'a':'eyJuIjo1fQ=='}", F(5)},
    };
    CHECK(rows);
}

static void operators_on_numbers(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {FREE("{'path':'/a','do':'integer'}"), "{'a':'1260.0'}", F(1260)},
        {FREE("{'path':'/a','do':'integer'}"), "{'a':'12.5'}", BAD("/a", "not a whole number")},
        {FREE("{'path':'/a','do':'integer'}"), "{'a':'-'}", NOTHING},
        {FREE("{'path':'/a','do':'integer'}"), "{'a':'9999'}", NOTHING},
        {FREE("{'path':'/a','do':'integer'}"), "{'a':[]}", NOTHING},
        {FREE("{'path':'/a','do':'integer'}"), "{'a':{},'c':1}", BAD("/a", "not a number")},
        {FREE("{'path':'/a','do':[{'number':{'decimal':',','thousands':'.'}},'round']}"), "{'a':'1.260,6'}",
         F(1261)},
        {FREE("{'path':'/a','do':[{'number':{'thousands':'\\u00a0'}}]}"),
         "{'a':'1\xc2\xa0"
         "260'}",
         F(1260)},
        {FREE("{'path':'/a','do':{'number':{'thousands':'.','decimal':','}}}"), "{'a':'12.60'}",
         BAD("/a", "not a number")},
        {FREE("{'path':'/a','do':'number'}"), "{'a':'+12'}", F(12)},
        {FREE("{'path':'/a','do':['number','round']}"), "{'a':2.5}", F(3)},
        {FREE("{'path':'/a','do':'floor'}"), "{'a':'2.9'}", F(2)},
        {FREE("{'path':'/a','do':'ceil'}"), "{'a':2.1}", F(3)},
        {FREE("{'path':'/a','do':'abs'}"), "{'a':-4}", F(4)},
        {FREE("{'path':'/a','do':{'multiply':100}}"), "{'a':'1.1'}", F(110)},
        {FREE("{'path':'/a','do':{'add':2.5}}"), "{'a':0.5}", F(3)},
        {FREE("{'path':'/a','do':{'subtract':1}}"), "{'a':3}", F(2)},
        {FREE("{'path':'/a','do':{'divide':4}}"), "{'a':12}", F(3)},
        {FREE("{'path':'/a','do':{'clamp':[0,10]}}"), "{'a':-3}", F(0)},
        {FREE("{'path':'/a','do':{'clamp':[0,10]}}"), "{'a':30}", F(10)},
        {FREE("{'path':'/a','do':{'clamp':[0,null]}}"), "{'a':30}", F(30)},
        {FREE("{'path':'/a','do':{'range':[0,10]}}"), "{'a':10}", F(10)},
        {FREE("{'path':'/a','do':{'range':[0,10]}}"), "{'a':11}",
         BAD("/a", "outside of the range that the mapping allows")},
        {FREE("{'path':'/a','do':{'multiply':1e308}}"), "{'a':1e300}", BAD("/a", "too large a number")},
        {FREE("{'path':'/a','do':{'unknown':[-1,'x']}}"), "{'a':-1}", NOTHING},
        {FREE("{'path':'/a','do':{'unknown':[-1,'x']}}"), "{'a':'-1'}", NOTHING},
        {FREE("{'path':'/a','do':[{'unknown':['x']},{'default':3}]}"), "{'a':'x'}", F(3)},
        {FREE("{'if':{'path':'/a','do':'bool','exists':true},'then':{'const':1},'else':{'const':0}}"),
         "{'a':'-'}", F(0)},
        {FREE("{'if':{'path':'/a','do':'bool','equals':true},'then':{'const':1},'else':{'const':0}}"),
         "{'a':'Ja'}", F(1)},
        {FREE("{'if':{'path':'/a','do':'bool','equals':true},'then':{'const':1},'else':{'const':0}}"),
         "{'a':0}", F(0)},
        {FREE("{'if':{'path':'/a','do':'bool','equals':true},'then':{'const':1},'else':{'const':0}}"),
         "{'a':'maybe'}", BAD("/a", "neither true nor false")},
    };
    CHECK(rows);
}

static void operators_on_lists(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {FREE("{'path':'/a','do':'count'}"), "{'a':[1,2,3]}", F(3)},
        {FREE("{'path':'$.a[*]','do':'count'}"), "{'a':[1,2,null]}", F(2)},
        {FREE("{'path':'$.a[?@.s==0]','do':'count'}"), "{'a':[{'s':0},{'s':1},{'s':0}]}", F(2)},
        {FREE("{'path':'$.a[?@.s==7]','do':'count'}"), "{'a':[{'s':0}]}", NOTHING},
        {FREE("{'path':'/a','do':'count'}"), "{'a':7}", F(1)},
        {FREE("{'path':'$..n','do':'sum'}"), "{'a':[{'n':1},{'n':'2'},{'n':'---'}],'b':{'n':4}}", F(7)},
        {FREE("{'path':'$..n','do':'sum'}"), "{'a':[{'n':1},{'n':'x'}],'b':1}",
         BAD("/a/1/n", "not a number")},
        {FREE("{'path':'/a','do':'min'}"), "{'a':[3,1,2]}", F(1)},
        {FREE("{'path':'/a','do':'max'}"), "{'a':[3,1,2]}", F(3)},
        {FREE("{'path':'/a','do':'last'}"), "{'a':[3,1,2]}", F(2)},
        {FREE("{'path':'/a','do':['unique','count']}"), "{'a':['x','y','x',1,'1']}", F(3)},
        {ID("{'path':'/a','do':{'join':', '}}"), "{'a':['x','y',3]}", L("x, y, 3")},
        {FREE("{'path':'/a','do':['integer','sum']}"), "{'a':['1','2','?']}", F(3)},
        {FREE("{'path':'/a','do':['integer','sum']}"), "{'a':['1','x']}", BAD("/a/1", "not a number")},
        {FREE("{'path':'/a','do':[{'path':'/n'},'sum']}"), "{'a':{'n':[1,2]},'c':1}", F(3)},
        {FREE("{'path':'/a','do':[{'path':'$[*].n'},'max']}"), "{'a':[{'n':1},{'n':2}]}", F(2)},
        {FREE("{'path':'/a','do':{'path':'@[?@.k==1].n'}}"), "{'a':[{'k':1,'n':6},{'k':2,'n':2}]}", F(6)},
        {FREE("'$.a[*]'"), "{'a':[5,6]}", F(5)},
        {FREE("'/a'"), "{'a':[5]}", BAD("/a", "not a count")},
    };
    CHECK(rows);
}

static void json_inside_json(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {FREE("{'path':'/a','do':['json',{'path':'/n'}]}"), "{'a':'{\\'n\\':5}'}", F(5)},
        {FREE("{'path':'/a','do':['json',{'path':'/n'}]}"), "{'a':{'n':5},'c':1}", F(5)},
        {FREE("{'path':'/a','do':['json',{'path':'/n'}]}"), "{'a':''}", NOTHING},
        {FREE("{'path':'/a','do':['json',{'path':'/n'}]}"), "{'a':7}",
         BAD("/a", "not a text, so no JSON in it")},
        {FREE("{'path':'/a','do':[{'path':'/n'}]}"), "{'a':'x'}",
         BAD("/a", "neither an object nor a list, so no path goes on inside")},
        {FREE("{'path':'/a','do':['json',{'path':'/n'},'integer']}"), "{'a':'{\\'n\\':\\'x\\'}'}",
         BAD("/a/n", "not a number")},
        {"{'items':{'path':'/data','do':'json'},'lot':'/id','free':'/f','time':{'path':'/"
         "t','root':true,'format':'s'}}",
         "{'t':1700000000,'data':'[{\\'id\\':\\'A\\',\\'f\\':1},{\\'id\\':\\'B\\',\\'f\\':\\'x\\'}]'}",
         "report 0 lot=A counts free=1 time=2023-11-14T22:13:20Z\n"
         "fault 1 lot=B /data/1/f: a count as text, which the mapping does not allow\n"},
        {"{'items':{'path':'/data','do':['json',{'path':'/list'}]},'lot':'/id','free':'/f'}",
         "{'data':'{\\'list\\':[{\\'id\\':\\'A\\',\\'f\\':1}]}'}", F(1)},
        {"{'items':'/data','lot':'/id'}", "{'data':'[1]'}",
         "error ERR_TYPE /data: neither a list nor an object but a text with JSON in it: \"do\": \"json\" "
         "reads it\n"},
    };
    CHECK(rows);
    static const struct reading_row broken[] = {
        {"{'items':{'path':'/data','do':'json'},'lot':'/id','free':'/f'}", "{\"data\":\"[{\"}",
         "error ERR_SYNTAX /data: not JSON in a text: line 1, column 3: unexpected end\n"},
    };
    struct buf out;
    buf_init(&out, 4096);
    struct dialect_session *s = open_mapping(broken[0].mapping);
    decode_body(s, (struct view){0}, view_of(broken[0].body), &out);
    assert_non_null(strstr(out.p, "error ERR_SYNTAX /data: not JSON in a text: "));
    buf_fini(&out);
    dialect_close(s);
}

#define KEEPS(cond) "{'lot':'/i','free':{'const':1},'filter':" cond "}"
#define KEPT(id)    "report 0 lot=" id " counts free=1\n"

static void conditions(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {KEEPS("{'path':'/a','equals':'x'}"), "{'i':'A','a':'x'}", KEPT("A")},
        {KEEPS("{'path':'/a','equals':'x'}"), "{'i':'A','a':'y'}", ""},
        {KEEPS("{'path':'/a','equals':[0]}"), "{'i':'A','a':'0'}", KEPT("A")},
        {KEEPS("{'path':'/a','equals':['0']}"), "{'i':'A','a':0}", KEPT("A")},
        {KEEPS("{'path':'/a','equals':['0.0']}"), "{'i':'A','a':0}", ""},
        {KEEPS("{'path':'/a','equals':[true]}"), "{'i':'A','a':'true'}", KEPT("A")},
        {KEEPS("{'path':'/a','equals':[1]}"), "{'i':'A','a':true}", ""},
        {KEEPS("{'path':'/a','equals':[1]}"), "{'i':'A','a':[1]}", ""},
        {KEEPS("{'path':'/a','not':['x']}"), "{'i':'A','a':'y'}", KEPT("A")},
        {KEEPS("{'path':'/a','not':['x']}"), "{'i':'A'}", KEPT("A")},
        {KEEPS("{'path':'/a','not':['x']}"), "{'i':'A','a':'x'}", ""},
        {KEEPS("{'path':'/a','exists':true}"), "{'i':'A','a':0}", KEPT("A")},
        {KEEPS("{'path':'/a','exists':true}"), "{'i':'A','a':null}", ""},
        {KEEPS("{'path':'/a','exists':false}"), "{'i':'A'}", KEPT("A")},
        {KEEPS("{'path':'/a','above':3}"), "{'i':'A','a':4}", KEPT("A")},
        {KEEPS("{'path':'/a','above':3}"), "{'i':'A','a':3}", ""},
        {KEEPS("{'path':'/a','above':3}"), "{'i':'A','a':'x'}", ""},
        {KEEPS("{'path':'/a','above':3}"), "{'i':'A'}", ""},
        {KEEPS("{'path':'/a','below':3}"), "{'i':'A','a':'2'}", KEPT("A")},
        {KEEPS("{'path':'/a','below':3}"), "{'i':'A','a':3}", ""},
        {KEEPS("{'path':'/a','at_least':3,'at_most':4}"), "{'i':'A','a':3}", KEPT("A")},
        {KEEPS("{'path':'/a','at_least':3,'at_most':4}"), "{'i':'A','a':5}", ""},
        {KEEPS("{'path':'/a','at_least':3,'at_most':4}"), "{'i':'A','a':2}", ""},
        {KEEPS("{'path':'/a','matches':'^P\\\\d'}"), "{'i':'A','a':'P7'}", KEPT("A")},
        {KEEPS("{'path':'/a','matches':'^P\\\\d'}"), "{'i':'A','a':'Q7'}", ""},
        {KEEPS("{'path':'/a','matches':'.'}"), "{'i':'A'}", ""},
        {KEEPS("{'all':[{'path':'/a','equals':1},{'path':'/b','equals':2}]}"), "{'i':'A','a':1,'b':2}",
         KEPT("A")},
        {KEEPS("{'all':[{'path':'/a','equals':1},{'path':'/b','equals':2}]}"), "{'i':'A','a':1,'b':3}", ""},
        {KEEPS("[{'path':'/a','equals':1},{'path':'/b','equals':2}]"), "{'i':'A','a':1,'b':3}", ""},
        {KEEPS("{'any':[{'path':'/a','equals':1},{'path':'/b','equals':2}]}"), "{'i':'A','a':0,'b':2}",
         KEPT("A")},
        {KEEPS("{'any':[{'path':'/a','equals':1},{'path':'/b','equals':2}]}"), "{'i':'A','a':0,'b':0}", ""},
        {KEEPS("{'none':[{'path':'/a','equals':1},{'path':'/b','equals':2}]}"), "{'i':'A','a':0,'b':0}",
         KEPT("A")},
        {KEEPS("{'none':[{'path':'/a','equals':1},{'path':'/b','equals':2}]}"), "{'i':'A','a':0,'b':2}", ""},
        {KEEPS("{'path':'/a','do':'integer','equals':1}"), "{'i':'A','a':'x'}",
         "fault 0 lot= /a: not a number\n"},
        {KEEPS("{'any':[{'path':'/a','do':'integer','equals':1},{'path':'/b','equals':2}]}"),
         "{'i':'A','a':'x','b':2}", KEPT("A")},
        {KEEPS("{'all':[{'path':'/a','do':'integer','equals':1},{'path':'/b','equals':2}]}"),
         "{'i':'A','a':'x','b':3}", ""},
        {KEEPS("{'none':[{'path':'/a','do':'integer','equals':1}]}"), "{'i':'A','a':'x'}",
         "fault 0 lot= /a: not a number\n"},
        {KEEPS("{'const':5,'above':4}"), "{'i':'A'}", KEPT("A")},
        {KEEPS("{'path':'$.l[*].k','equals':'P'}"), "{'i':'A','l':[{'k':'P'},{'k':'B'}]}", KEPT("A")},
    };
    CHECK(rows);
}

/* A message in XML finds the same things by XPath. */
static void xpath_sources(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {"{'format':'xml','items':'//lot','lot':'@id','free':'free','total':'free/@of'}",
         "<a><lot id='7'><free of='20'> 12 </free></lot><lot id='8'><free/></lot></a>",
         "report 0 lot=7 counts free=12 total=20\nreport 1 lot=8 counts\n"},
        {"{'format':'xml','items':'//lot','lot':'@id','free':{'path':'count(spot[@s=0])'}}",
         "<a><lot id='7'><spot s='0'/><spot s='1'/><spot s='0'/></lot></a>",
         "report 0 lot=7 counts free=2\n"},
        {"{'format':'xml','items':'//lot','lot':{'path':'../"
         "@name','do':{'suffix':'-x'}},'free':{'path':'n','do':'sum'}}",
         "<a name='P'><lot><n>1</n><n>2</n></lot></a>", "report 0 lot=P-x counts free=3\n"},
        {"{'format':'xml','items':'//"
         "lot','lot':{'path':'@id','parent':1},'free':{'path':'number(nothing)'},'total':'t'}",
         "<a id='P'><lot><t>9</t></lot></a>", "report 0 lot=P counts total=9\n"},
        {"{'format':'xml','items':'//lot','lot':'@id','free':'f'}", "<a><lot id='7'><f>x</f></lot></a>",
         "fault 0 lot=7 /a/lot/f: not a count\n"},
        {"{'format':'xml','items':'//g:lot','namespaces':{'g':'http://g.example/'},'lot':'@id','free':'g:f'}",
         "<a xmlns:x='http://g.example/' xmlns='urn:y'><x:lot id='7'><x:f>1</x:f></x:lot></a>",
         "report 0 lot=7 counts free=1\n"},
        {"{'format':'xml','items':'//lot','lot':'@id','free':'f','time':{'path':'/a/@t','format':'s'}}",
         "<a t='1700000000'><lot id='7'><f>1</f></lot></a>",
         "report 0 lot=7 counts free=1 time=2023-11-14T22:13:20Z\n"},
        {"{'format':'xml','items':{'path':'//data','do':'json'},'lot':'/id','free':'/f'}",
         "<a><data>[{\"id\":\"A\",\"f\":3}]</data></a>", "report 0 lot=A counts free=3\n"},
        {"{'format':'html','items':'//tr[td]','lot':'td[1]','free':{'path':'td[2]','do':{'split':'/"
         "','at':0}}}",
         "<html><body><table><tr><th>x</th></tr><tr><td>A<td>12 / 30</tr></table></html>",
         "report 0 lot=A counts free=12\n"},
        {"{'format':'csv','lot':'/id','free':'/f'}", "id,f\nA,3\nB,\n",
         "report 0 lot=A counts free=3\nreport 1 lot=B counts\n"},
        {"{'format':'csv','csv':{'delimiter':';','heading':false},'items':'$[1:]','lot':'/0','free':'/1'}",
         "name;n\nA;3\n\"B;x\";4\n", "report 0 lot=A counts free=3\nreport 1 lot=B;x counts free=4\n"},
        {"{'format':'form','lot':'/id','free':'/f'}", "id=A+1&f=3", "report 0 lot=A 1 counts free=3\n"},
        {"{'format':'form','items':{'path':'/data','do':'json'},'lot':'/id','free':'/f'}",
         "data=%5B%7B%22id%22%3A%22A%22%2C%22f%22%3A3%7D%5D", "report 0 lot=A counts free=3\n"},
        {"{'format':'text','filter':{'path':'','matches':'^P'},'lot':{'path':'','do':{'split':'=','at':0}},"
         "'free':{'path':'','do':{'split':'=','at':1}}}",
         "# free\nP1=3\r\nP2=x\n", "report 1 lot=P1 counts free=3\nfault 2 lot=P2 /2: not a count\n"},
        {"{'items':{'path':'/m','do':{'split':';'}},'lot':{'path':'','do':{'split':':','at':0}},"
         "'free':{'path':'','do':[{'split':':','at':1},'integer']}}",
         "{\"m\":\"A:1;B:2\"}", "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n"},
        {"{'encoding':'base64','lot':'/i','free':'/f'}", "eyJpIjoiQSIsImYiOjN9\n",
         "report 0 lot=A counts free=3\n"},
        {"{'encoding':'base64','lot':'/i','free':'/f'}", "{\"i\":1}",
         "error ERR_SYNTAX : not Base64 as the mapping says\n"},
        {"{'charset':'GB18030','lot':'/i','free':'/f'}", "{\"i\":\"\xcd\xa3\xb3\xb5\",\"f\":3}",
         "report 0 lot=停车 counts free=3\n"},
    };
    check_texts(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_find_what_they_name),
        cmocka_unit_test(modifiers_change_where_and_what),
        cmocka_unit_test(operators_on_texts),
        cmocka_unit_test(operators_on_numbers),
        cmocka_unit_test(operators_on_lists),
        cmocka_unit_test(json_inside_json),
        cmocka_unit_test(conditions),
        cmocka_unit_test(xpath_sources),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
