/* SPDX-License-Identifier: MIT
 * What a dialect must not be able to do: reach outside, use up time or memory, hide that it did. Every attack
 * ends as an error of the call, soon, and the dialect works again afterwards.
 */
#include "sandbox_test.h"

static void breaches_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name, *code;
    } rows[] = {
        {"endless loop", "while true do end"},
        {"endless goto", "::a:: goto a"},
        {"endless for", "for i = 1, math.maxinteger do end"},
        {"pcall swallows", "while true do pcall(function() while true do end end) end"},
        {"pcall of pcall", "while true do pcall(pcall, pcall, function() while true do end end) end"},
        {"breach handled", "local ok = pcall(function() while true do end end) return 'escaped'"},
        {"breach in a comparer", "local t = {} for i = 1, 100 do t[i] = i end "
                                 "while true do pcall(table.sort, t, function(a, b) return a < b end) end"},
        {"breach in gsub",
         "while true do pcall(string.gsub, ('a'):rep(1000), 'a', function() while true do end end) end"},
        {"three lazy quantifiers", "return (('a'):rep(400)):match('.-.-.-b')"},
        {"five lazy quantifiers", "return (('a'):rep(100000)):find('.-.-.-.-.-b')"},
        {"greedy quantifiers", "return (('a'):rep(100000)):match('.*.*.*.*b')"},
        {"sets", "return (('a'):rep(100000)):match('[a-z]*[a-z]*[a-z]*$b')"},
        {"gmatch", "for _ in (('a'):rep(200000)):gmatch('.-b') do end"},
        {"gsub", "return (('a'):rep(200000)):gsub('.-b', '')"},
        {"balance", "local s = ('('):rep(100000) for i = 1, 1e9 do s:find('%b()') end"},
        {"plain find",
         "local s, w = ('a'):rep(1000000), ('a'):rep(500000) .. 'b' while true do s:find(w, 1, true) end"},
        {"huge table", "local t = {} for i = 1, 1e9 do t[i] = i end"},
        {"table of tables", "local t = {} while true do t = {t, {}, {}, {}} end"},
        {"doubling text", "local s = 'x' while true do s = s .. s end"},
        {"memory in pcall",
         "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end"},
        {"memory handled",
         "local ok = pcall(function() local s = 'x' while true do s = s .. s end end) return 'escaped'"},
        {"many texts", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end"},
        {"concat",
         "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1000) end while true do table.concat(t) end"},
        {"concat of nothing", "while true do pcall(table.concat, {}, 'x', 1, 2000000) end"},
        {"sort",
         "local t = {} for i = 1, 60000 do t[i] = (i * 7919) % 60013 end while true do table.sort(t) end"},
        {"sort of long texts",
         "local a, b = ('x'):rep(1000000) .. 'a', ('x'):rep(1000000) .. 'b' local t = {} "
         "for i = 1, 5000 do t[i] = i % 2 == 0 and a or b end table.sort(t)"},
        {"insert in front", "local t = {} for i = 1, 1e9 do table.insert(t, 1, i) end"},
        {"unpack",
         "local t = {} for i = 1, 100000 do t[i] = i end while true do select('#', table.unpack(t)) end"},
        {"comparing long texts",
         "local a, b = ('x'):rep(2000000), ('x'):rep(1999999) .. 'y' while a ~= b do end"},
        {"format", "local s = ('x'):rep(1000000) while true do string.format('%s', s) end"},
        {"upper", "local s = ('x'):rep(1000000) while true do s:upper() end"},
        {"json", "local t = {} for i = 1, 10000 do t[i] = {i} end while true do json.encode(t) end"},
        {"json decode", "local s = '[' .. ('1,'):rep(100000) .. '1]' while true do json.decode(s) end"},
        {"digests", "local s = ('x'):rep(1000000) while true do hash.sha256(s) end"},
        {"form", "local s = ('a=b&'):rep(100000) while true do url.form_decode(s) end"},
        {"uuids", "while true do random.uuid() end"},
        {"recursion", "local function f() return 1 + f() end while true do pcall(f) end"},
        {"deep recursion", "local function f() return 1 + f() end return f()"},
        {"tail calls", "local function f() return f() end f()"},
        {"blanks as a number", "local s = (' '):rep(1000000) while true do local _ = math.tointeger(s) end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[64];
        struct why why = {0};
        int err = attack(rows[i].name, rows[i].code, body, sizeof body, &why);
        if (err != ERR_BUDGET)
            fail_msg("%s: %s (%s: %s), body %s", rows[i].name, err_name(err), why.at, why.text, body);
        assert_non_null(strstr(why.text, "too m"));
    }
}

static void mistakes_are_errors(void **state)
{
    (void)state;
    static const struct mistake rows[] = {
        {"300 MB", "return #string.rep('x', 300000000)", ERR_TOO_BIG},
        {"300 MB with a separator", "return #string.rep('', 3, ('x'):rep(2000000))", ERR_TOO_BIG},
        {"rep as a method", "return #(('x'):rep(1 << 40))", ERR_TOO_BIG},
        {"rep that wraps", "return #(('xx'):rep(math.maxinteger))", ERR_TOO_BIG},
        {"wide format", "return string.format('%99999d', 1)", ERR_SCRIPT},
        {"long format", "return string.format(('%d'):rep(1000), 1)", ERR_TOO_BIG},
        {"texts in bit operations", "return (' '):rep(1000000) .. '1' | 1", ERR_SCRIPT},
        {"recursion through pcall",
         "local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()", ERR_SCRIPT},
        {"deep pattern", "return (('a'):rep(500)):match(('a?'):rep(300))", ERR_SCRIPT},
        {"many captures", "return (('a'):rep(500)):match(('(a)'):rep(40))", ERR_SCRIPT},
        {"concat far out", "return table.concat({}, '', 1, 1 << 40)", ERR_TOO_BIG},
        {"concat over the integers", "return table.concat({}, '', math.mininteger, math.maxinteger)",
         ERR_TOO_BIG},
        {"unpack over the integers", "return table.unpack({}, math.mininteger, math.maxinteger)",
         ERR_TOO_BIG},
        {"unpack of too much", "return table.unpack({}, 1, 1900000)", ERR_SCRIPT},
        {"invalid comparer",
         "local t = {} for i = 1, 100 do t[i] = i % 7 end "
         "table.sort(t, function(a, b) return true end)",
         ERR_SCRIPT},
        {"a global", "leak = 1", ERR_SCRIPT},
        {"json of a ring", "local t = {} t.t = t return json.encode(t)", ERR_SCRIPT},
        {"json of a function", "return json.encode({f = function() end})", ERR_SCRIPT},
        {"json of NaN", "return json.encode({0/0})", ERR_SCRIPT},
        {"json with holes", "return json.encode({1, nil, 3})", ERR_SCRIPT},
        {"json mixed", "return json.encode({1, a = 2})", ERR_SCRIPT},
        {"json deep", "return json.decode(('['):rep(100) .. (']'):rep(100))", ERR_SYNTAX},
        {"json truncated", "return json.decode('{\"a\":1')", ERR_SYNTAX},
        {"an HTML page", "return json.decode('<html><body>502</body></html>')", ERR_SYNTAX},
        {"nothing", "return json.decode('  ')", ERR_SYNTAX},
        {"a wrong key", "return rsa.sign('md5', 'no key', 'x')", ERR_INVALID},
        {"raised by name", "error {code = 'auth', message = 'no'}", ERR_AUTH},
        {"raised by full name", "error {code = 'ERR_PROTOCOL', message = 'no'}", ERR_PROTOCOL},
        {"raised without code", "error {message = 'no'}", ERR_REFUSED},
        {"raised as text", "error 'no'", ERR_SCRIPT},
        {"raised as nothing", "error()", ERR_SCRIPT},
        {"error in error", "error(setmetatable)", ERR_SCRIPT},
        {"too many random bytes", "return random.bytes(1 << 30)", ERR_SCRIPT},
    };
    assert_mistakes(rows, sizeof rows / sizeof *rows);
}

/* Nothing of these may be there, under no way to them that we know. */
static void nothing_outside_is_reachable(void **state)
{
    (void)state;
    static const char *const names[] = {
        "io",
        "os",
        "debug",
        "package",
        "require",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "setmetatable",
        "getmetatable",
        "rawset",
        "collectgarbage",
        "coroutine",
        "print",
        "warn",
        "utf8",
        "xpcall",
        "_G",
        "string.dump",
        "string.pack",
        "string.unpack",
        "string.packsize",
        "math.random",
        "math.randomseed",
        "table.move",
        "('x').dump",
        "('x').pack",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char body[64], code[128];
        struct why why = {0};
        (void)snprintf(code, sizeof code, "return %s", names[i]);
        int err = attack(names[i], code, body, sizeof body, &why);
        assert_int_equal(err, 0);
        if (strcmp(body, "nil") != 0)
            fail_msg("%s is %s", names[i], body);
    }
}

static void only_text_is_loaded(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *source;
    } rows[] = {
        {"bytecode", "\x1bLuaT"},
        {"syntax", "return {"},
        {"no table", "return 1"},
        {"nothing", ""},
        {"no name", "return {poll=function() end, decode=function() end}"},
        {"a bad name", "return {name='../x', receive=function() end}"},
        {"no part", "return {name='x'}"},
        {"poll alone", "return {name='x', poll=function() end}"},
        {"check alone", "return {name='x', receive=function() end, check=function() end}"},
        {"a misspelt part", "return {name='x', recieve=function() end, receive=function() end}"},
        {"a part that is no function", "return {name='x', receive='no'}"},
        {"another interface", "return {name='x', interface='2.0', receive=function() end}"},
        {"a parameter of no type", "return {name='x', params={a='int'}, receive=function() end}"},
        {"loops while loading", "while true do end"},
        {"a global while loading", "x = 1 return {name='x', receive=function() end}"},
        {"memory while loading", "local s = 'x' while true do s = s .. s end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        struct dialects *ds = dialects_new();
        assert_non_null(ds);
        if (dialects_add_lua(ds, "x.lua", view_of(rows[i].source), &why) == 0)
            fail_msg("%s was loaded", rows[i].name);
        assert_true(why.text[0] != '\0');
        assert_null(dialects_next(ds, NULL));
        dialects_free(ds);
    }
}

static int keep(lua_State *L, const void *p, size_t n, void *ctx)
{
    (void)L;
    return buf_put(ctx, p, n);
}

/* Whole bytecode, of a file that would be good as text. */
static void bytecode_is_not_loaded(void **state)
{
    (void)state;
    static const char source[] = "return {name='x', receive=function() end}";
    struct buf code;
    struct why why = {0};
    struct dialects *ds = dialects_new();
    lua_State *L = luaL_newstate();
    buf_init(&code, 1 << 16);
    assert_int_equal(luaL_loadstring(L, source), LUA_OK);
    assert_int_equal(lua_dump(L, keep, &code, 0), 0);
    assert_int_equal(dialects_add_lua(ds, "x.lua", buf_get(&code), &why), ERR_SCRIPT);
    assert_int_equal(dialects_add_lua(ds, "x.lua", view_of(source), &why), 0);
    lua_close(L);
    buf_fini(&code);
    dialects_free(ds);
}

/* 64 MB would cost fewer steps than there are: the ceiling of memory stands by itself. */
static void memory_has_a_ceiling_of_its_own(void **state)
{
    (void)state;
    char body[64];
    struct why why = {0};
    assert_int_equal(
        attack("doubling", "local s = 'x' while true do s = s .. s end", body, sizeof body, &why),
        ERR_BUDGET);
    assert_string_equal(why.text, "test.lua: too much memory");
}

static void larger_than_a_file_may_be(void **state)
{
    (void)state;
    static char source[65 * 1024];
    struct why why = {0};
    struct dialects *ds = dialects_new();
    memset(source, ' ', sizeof source);
    assert_int_equal(dialects_add_lua(ds, "x.lua", (struct view){source, sizeof source}, &why), ERR_TOO_BIG);
    dialects_free(ds);
}

/* What an accessor of one call finds in the next is that call, never freed memory. */
static void kept_accessors_are_harmless(void **state)
{
    (void)state;
    struct dialects *ds =
        load_text("local kept\n"
                  "return {name='test', receive=function(ctx, inbound)\n"
                  "  local old = kept and tostring(kept.header('x')) .. tostring(#kept.ctx.lots) or 'first'\n"
                  "  kept = {header = inbound.header, ctx = ctx}\n"
                  "  return {}, {body = old}\n"
                  "end}");
    struct dialect_session *a = open_session(ds, "test", "{}"), *b = open_session(ds, "test", "{}");
    char body[64];
    struct why why = {0};
    assert_int_equal(receive(a, "/", body, sizeof body, &why), 0);
    assert_string_equal(body, "first");
    dialect_close(a);
    assert_int_equal(receive(b, "/", body, sizeof body, &why), 0);
    assert_string_equal(body, "nil0");
    dialect_close(b);
    dialects_free(ds);
}

/* ---- patterns: the same answers as the manual's */

static void patterns_mean_what_the_manual_says(void **state)
{
    (void)state;
    static const struct answer rows[] = {
        {"return ('hello world'):find('o w')", "5"},
        {"return select(2, ('hello world'):find('o w'))", "7"},
        {"return ('hello'):find('l', 1, true)", "3"},
        {"return ('hello'):find('')", "1"},
        {"return ('hello'):find('', 6)", "6"},
        {"return ('hello'):find('', 7)", "nil"},
        {"return ('hello'):find('xyz')", "nil"},
        {"return ('hello'):find('l', -2)", "4"},
        {"return ('hello'):find('h', -99)", "1"},
        {"return ('a.b'):find('.', 1, true)", "2"},
        {"return ('a+b'):find('+', 1, true)", "2"},
        {"return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key"},
        {"return select(2, ('key = value'):match('^(%w+)%s*=%s*(%w+)$'))", "value"},
        {"return ('  trim  '):match('^%s*(.-)%s*$')", "trim"},
        {"return ('abc'):match('()b()')", "2"},
        {"return select(2, ('abc'):match('()b()'))", "3"},
        {"return ('2026-11-22'):match('(%d+)-(%d+)-(%d+)')", "2026"},
        {"return ('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
        {"return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]')", "1"},
        {"return ('THE (quick) fox'):match('%f[%l]%l+')", "quick"},
        {"return ([[say 'hi']]):match([[(['\"])(.-)%1]])", "'"},
        {"return ('aaa'):match('a-')", ""},
        {"return ('aaab'):match('a-b')", "aaab"},
        {"return ('aaab'):match('a*b')", "aaab"},
        {"return ('b'):match('a+b')", "nil"},
        {"return ('b'):match('a?b')", "b"},
        {"return ('ab'):match('a?b')", "ab"},
        {"return ('x]y'):match('[]]')", "]"},
        {"return ('x]y'):match('[^]x]')", "y"},
        {"return ('a-b'):match('[a-]+')", "a-"},
        {"return ('a-b'):match('[%a-]+')", "a-b"},
        {"return ('0x1F'):match('%x+$')", "1F"},
        {"return ('\\0a'):match('%z') == nil", "true"},
        {"return ('a$'):match('a$$')", "a$"},
        {"return ('a$b'):match('a$b')", "a$b"},
        {"return ('^a'):match('^^a')", "^a"},
        {"return ('中文'):match('^[\\xe4-\\xe9][\\x80-\\xbf]*') == '中'", "true"},
        {"return ('hello world'):gsub('o', '0')", "hell0 w0rld"},
        {"return select(2, ('hello world'):gsub('o', '0'))", "2"},
        {"return ('hello'):gsub('', '-')", "-h-e-l-l-o-"},
        {"return ('hello world'):gsub('(%w+)', '<%1>')", "<hello> <world>"},
        {"return ('hello world'):gsub('%w+', '%0 %0', 1)", "hello hello world"},
        {"return ('abc'):gsub('%w', '%%%0')", "%a%b%c"},
        {"return ('abc'):gsub('%w', {a = '1', b = true and '2'})", "12c"},
        {"return ('abc'):gsub('%w', function(c) if c == 'b' then return 'X' end end)", "aXc"},
        {"return ('a b c'):gsub('^%w', 'X')", "X b c"},
        {"return ('abc'):gsub('()', '%1')", "1a2b3c4"},
        {"return ('abc'):gsub('b*', 'X')", "XaXcX"},
        {"local n = 0 for w in ('one two three'):gmatch('%a+') do n = n + #w end return n", "11"},
        {"local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return "
         "table.concat(t, ',')",
         "a1,b2"},
        {"local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", "4"},
        {"local n = 0 for _ in ('abc'):gmatch('b*') do n = n + 1 end return n", "3"},
        {"return ('^a^a'):gmatch('^a')()", "^a"},
        {"return string.format('%5.1f|%-4s|%04d', 3.14159, 'ab', 42)", "  3.1|ab  |0042"},
        {"return ('ab'):rep(3, '-')", "ab-ab-ab"},
        {"return ('x'):rep(0) == '' and ('x'):rep(-1) == ''", "true"},
        {"return tonumber('42'), tonumber('z', 36)", "42"},
        {"return tostring(pcall(error, 'x'))", "false"},
        {"return select(2, pcall(error, {a = 'b'})).a", "b"},
        {"return select('#', pcall(function() return 1, 2, 3 end))", "4"},
        {"local t = {3, 1, 2} table.sort(t) return table.concat(t, ',')", "1,2,3"},
        {"local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t, ',')",
         "3,2,1"},
        {"local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return table.concat(t, ',') .. "
         "table.remove(t)",
         "0,1,2,33"},
        {"return (table.unpack({7, 8}))", "7"},
        {"return ('x'):byte() .. string.char(65) .. ('aB'):upper() .. ('aB'):lower() .. ('ab'):reverse() .. "
         "#'abc'",
         "120AABabba3"},
    };
    assert_answers(rows, sizeof rows / sizeof *rows);
}

static void host_functions_answer(void **state)
{
    (void)state;
    static const struct answer rows[] = {
        {"return json.encode({b = 1, a = 'x', c = {1, 2.5, json.null}, d = {}, e = json.array({})})",
         "{\"a\":\"x\",\"b\":1,\"c\":[1,2.5,null],\"d\":{},\"e\":[]}"},
        {"return json.encode(json.ordered('z', 1, 'a', nil, 'm', {true}))", "{\"z\":1,\"m\":[true]}"},
        {"local v = json.decode('{\"a\":null,\"b\":[null,[]],\"c\":1.5,\"d\":9007199254740991}') "
         "return tostring(v.a) .. tostring(v.b[1] == json.null) .. json.encode(v.b[2]) .. v.c .. v.d",
         "niltrue[]1.59007199254740991"},
        {"return json.decode(json.decode('\"{\\\\\"a\\\\\":7}\"')).a", "7"},
        {"return hex.encode(hash.sm3('abc'))",
         "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
        {"return hex.encode(hash.md5(''))", "d41d8cd98f00b204e9800998ecf8427e"},
        {"return hex.encode(hmac.md5('key', 'The quick brown fox jumps over the lazy dog'))",
         "80070713463e7749b90c2dc24911e275"},
        {"return base64.encode('hello') .. base64.decode('aGVsbG8=') .. tostring(base64.decode('!'))",
         "aGVsbG8=hellonil"},
        {"return hex.decode('4142') .. tostring(hex.decode('4'))", "ABnil"},
        {"return url.encode('a b+c/中')", "a%20b%2Bc%2F%E4%B8%AD"},
        {"return url.form({{'a', 'x y'}, {'b', nil}, {'c', 2}})", "a=x%20y&c=2"},
        {"local f = url.form_decode('a=x+y&b=%41%zz&c&d=1=2') return f.a .. f.b .. f.c .. f.d", "x yA%zz1=2"},
        {"return url.join('http://x/', '/y') .. url.join('http://x', 'y')", "http://x/yhttp://x/y"},
        {"return text.sorted({b = 2, a = 'x', e = '', t = {}, c = true, ['a2'] = 1.5})", "a=x&a2=1.5&b=2"},
        {"return text.trim('  x y  ')", "x y"},
        {"return time.parse('2026-11-22 16:00:00', '%Y-%m-%d %H:%M:%S')", "1795334400000"},
        {"return time.parse('2026-11-22 16:00:00', '%Y-%m-%d %H:%M:%S', 'UTC')", "1795363200000"},
        {"return tostring(time.parse(nil, 'iso')) .. tostring(time.parse('', 'iso')) .. "
         "tostring(time.parse('no', 'iso'))",
         "nilnilfalse"},
        {"return time.parse(1700000000, 's')", "1700000000000"},
        {"return time.format(1795334400000, '%Y%m%d%H%M%S') .. time.format(0, '%H', 'UTC')",
         "2026112216000000"},
        {"return tostring(count(5)) .. tostring(count('5')) .. tostring(count(' -5.0 ')) .. "
         "tostring(count(nil)) .. tostring(count(''))",
         "55-5nilnil"},
        {"return tostring(count('x')) .. tostring(count(1.5)) .. tostring(count({})) .. "
         "tostring(count('0x10')) .. tostring(count(2.0))",
         "falsefalsefalsefalse2"},
        {"return #random.bytes(16) == 16 and #random.uuid() == 36 and random.uuid() ~= random.uuid()",
         "true"},
    };
    assert_answers(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaches_are_found),
        cmocka_unit_test(mistakes_are_errors),
        cmocka_unit_test(nothing_outside_is_reachable),
        cmocka_unit_test(only_text_is_loaded),
        cmocka_unit_test(bytecode_is_not_loaded),
        cmocka_unit_test(memory_has_a_ceiling_of_its_own),
        cmocka_unit_test(larger_than_a_file_may_be),
        cmocka_unit_test(kept_accessors_are_harmless),
        cmocka_unit_test(patterns_mean_what_the_manual_says),
        cmocka_unit_test(host_functions_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
