/* SPDX-License-Identifier: MIT
 * The host functions of interface 1.1: documents, ciphers, charsets, zones. Each with what it is for,
 * with wrong arguments, and with wrong uses of what it returned. Work without end stands in test_lua_harm.c.
 */
#include "sandbox_test.h"

#define ROWS(rows) rows, sizeof rows / sizeof *rows
#define FEED                                                                                               \
    "local d = xml.parse([[<?xml version='1.0'?><feed at='2026-11-22'><lot id='a'><name> Bridge &amp; Co " \
    "</name>"                                                                                              \
    "<free>12</free></lot><lot id='b'><free/><rate>0.5</rate></lot><lot "                                  \
    "id='c'><free>n/a</free></lot></feed>]]) "
#define SOAP                                                                                                 \
    "local s = [[<s:Envelope xmlns:s='urn:soap' xmlns:p='urn:park'><s:Body><p:lot s:id='1' id='2'>7</p:lot>" \
    "<lot>8</lot></s:Body></s:Envelope>]] "
#define PAGE                                                                                    \
    "local d = html.parse([[<!doctype html><html><body><table id=t><tr><td>A<td class=\"n\">5 " \
    "&nbsp;<tr><td>B"                                                                           \
    "<td class=n>7</table><script>if (a<b) alert('x')</script><br></body></html>]]) "

/* ---- documents */

static void xml_answers(void **state)
{
    (void)state;
    static const struct answer rows[] = {
        {FEED "return #d:all('//lot') .. d:text('/feed/@at') .. d:text('//lot[2]/@id')", "32026-11-22b"},
        {FEED "return '<' .. d:first('//name'):text() .. '>'", "<Bridge & Co>"},
        {FEED "local lots = d:all('/feed/lot') return lots[1]:text('name') .. lots[1]:number('free') + 1",
         "Bridge & Co13"},
        {FEED
         "local l = d:all('//lot') return math.type(l[1]:number('free')) .. tostring(l[2]:number('free')) .. "
         "l[2]:number('rate') .. tostring(l[3]:number('free')) .. tostring(l[3]:number('rate'))",
         "integernil0.5falsenil"},
        {FEED "return '[' .. d:text('//lot[2]/free') .. ']' .. tostring(d:text('//none')) .. "
              "tostring(d:first('//none')) .. "
              "#d:all('//none')",
         "[]nilnil0"},
        {FEED
         "return d:text('count(//lot)') .. d:number('count(//lot)') .. d:text('count(//lot) > 2') .. "
         "d:text('string(//lot/@id)') .. d:text('0.5 + 1') .. tostring(d:number('number(//lot[3]/free)'))",
         "33truea1.5nil"},
        {FEED "return d:number('count(//lot) > 2')", "false"},
        {FEED "return d:first('//lot[2]'):text('../@at') .. d:first('//lot'):text('/feed/lot[3]/@id')",
         "2026-11-22c"},
        {FEED "return d:first('//lot[2]/rate'):place() .. d:first('//lot[3]/@id'):place() .. d:place()",
         "/feed/lot[2]/rate/feed/lot[3]/@id/"},
        {FEED "return d:text():gsub('%s', '')", "Bridge&Co120.5n/a"},
        {FEED
         "local n = 0 for _, lot in ipairs(d:all('//lot')) do n = n + #lot:all('@id | free') end return n",
         "6"},
        {FEED "local a, b = d:first('//lot'), d:first('//lot') return tostring(a == b) .. type(a)",
         "falseuserdata"},
        {SOAP "local d = xml.parse(s) return d:text('//lot') .. #d:all('//lot') .. d:number('//lot/@id')",
         "721"},
        {SOAP "local d = xml.parse(s, {namespaces = {q = 'urn:park'}}) return d:text('//q:lot') .. "
              "#d:all('//q:lot') .. "
              "d:text('//lot')",
         "718"},
        {SOAP "local a, b = xml.parse(s), xml.parse(s, {namespaces = {q = 'urn:park'}}) "
              "return a:text('//lot') .. b:text('//lot') .. a:text('//lot') .. b:text('//lot')",
         "7878"},
        {"return xml.parse('<?xml version=\"1.0\" "
         "encoding=\"GB2312\"?><a>\\xcd\\xa3\\xb3\\xb5</a>'):text('a')",
         "停车"},
        {"return xml.parse('<a>\\xcd\\xa3\\xb3\\xb5</a>', {charset = 'GBK'}):text('a')", "停车"},
        {"local t = {} for i = 1, 200 do t[i] = xml.parse('<a>' .. i .. '</a>') end "
         "local n = 0 for i = 1, 200 do n = n + t[i]:number('a') end return n",
         "20100"},
        {FEED "local n = 0 for i = 1, 100 do n = n + #d:all('//lot[' .. i .. ']') end return n", "3"},
        {PAGE "return #d:all('//tr') .. d:number(\"//tr[td='A']/td[@class='n']\") .. d:text('//tr[2]/td[2]')",
         "257"},
        {PAGE "return d:first('//table'):place() .. d:text('//script')",
         "/html/body/tableif (a<b) alert('x')"},
        {"return html.parse('<p>\\xcd\\xa3', {charset = 'gb18030'}):text('//p')", "停"},
        {"return html.parse('just words'):text('//p')", "just words"},
    };
    assert_answers(ROWS(rows));
}

static void csv_answers(void **state)
{
    (void)state;
    static const struct answer rows[] = {
        {"local t = csv.parse('id,free\\na,5\\nb,\\n') return #t .. t[1].id .. t[1].free .. t[2].id .. "
         "'[' .. tostring(t[2].free) .. ']' .. tostring(count(t[2].free))",
         "2a5b[]nil"},
        {"local t = csv.parse('\\xef\\xbb\\xbfname;\"the;free\"\\r\\n\"P \"\"1\"\"\";7\\r\\n', {delimiter = "
         "';'}) "
         "return t[1].name .. t[1]['the;free']",
         "P \"1\"7"},
        {"local t = csv.parse('a,1\\nb,2', {heading = false}) return #t .. t[1][1] .. t[2][2]", "2a2"},
        {"local t = csv.parse(\"a\\t'x\\ty'\\n\", {heading = false, delimiter = '\\t', quote = \"'\"}) "
         "return t[1][2]",
         "x\ty"},
        {"return csv.parse('\\xb3\\xb5\\xce\\xbb\\n5\\n', {charset = 'GB18030'})[1]['车位']", "5"},
        {"return #csv.parse('id,free\\n') .. json.encode(csv.parse('id,free\\n'))", "0[]"},
        {"local n = 0 for i = 1, 1500 do n = n + #csv.parse('id\\n' .. i) end return n", "1500"},
    };
    assert_answers(ROWS(rows));
}

static void documents_say_what_is_wrong(void **state)
{
    (void)state;
    static const struct mistake rows[] = {
        {"not XML", "xml.parse('<a><b></a>')", ERR_SYNTAX},
        {"JSON", "xml.parse('{}')", ERR_SYNTAX},
        {"a page instead of XML", "xml.parse('<!DOCTYPE html><html><p>502</html>')", ERR_SYNTAX},
        {"nothing", "xml.parse('')", ERR_SYNTAX},
        {"nothing as HTML", "html.parse('  ')", ERR_SYNTAX},
        {"no text", "xml.parse(nil)", ERR_SCRIPT},
        {"bytes that are no UTF-8", "xml.parse('<a>\\xff</a>')", ERR_SYNTAX},
        {"an entity", "xml.parse('<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>')", ERR_SYNTAX},
        {"a file", "xml.parse('<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>')",
         ERR_SYNTAX},
        {"an unknown charset", "xml.parse('<a/>', {charset = 'klingon'})", ERR_INVALID},
        {"a charset by path", "xml.parse('<a/>', {charset = '../../tmp/x'})", ERR_INVALID},
        {"a charset that is no text", "xml.parse('<a/>', {charset = {}})", ERR_TYPE},
        {"a misspelt option", "xml.parse('<a/>', {namespace = {}})", ERR_UNKNOWN_KEY},
        {"an option by number", "html.parse('<a/>', {1})", ERR_UNKNOWN_KEY},
        {"options that are none", "xml.parse('<a/>', 'GBK')", ERR_SCRIPT},
        {"namespaces that are none", "xml.parse('<a/>', {namespaces = {1}})", ERR_INVALID},
        {"many namespaces",
         "local t = {} for i = 1, 20 do t['p' .. i] = 'u' .. i end xml.parse('<a/>', {namespaces = t})",
         ERR_INVALID},
        {"long namespaces", "xml.parse('<a/>', {namespaces = {a = ('x'):rep(300)}})", ERR_TOO_BIG},
        {"no XPath", FEED "d:text('//[')", ERR_SYNTAX},
        {"an empty XPath", FEED "d:all('')", ERR_SYNTAX},
        {"an XPath that is none", FEED "d:all({})", ERR_SCRIPT},
        {"no argument", FEED "d:all()", ERR_SCRIPT},
        {"an unknown function", FEED "d:text('document(\"/etc/passwd\")')", ERR_SYNTAX},
        {"a variable", FEED "d:text('$x')", ERR_SYNTAX},
        {"an unknown prefix", FEED "d:text('//gml:pos')", ERR_SYNTAX},
        {"a prefix of another document",
         SOAP "local a, b = xml.parse(s), xml.parse(s, {namespaces = {q = 'urn:park'}}) b:text('//q:lot') "
              "a:text('//q:lot')",
         ERR_SYNTAX},
        {"a long XPath", FEED "d:text(('/a'):rep(2000))", ERR_SYNTAX},
        {"NUL in an XPath", FEED "d:text('a\\0b')", ERR_SYNTAX},
        {"a value where nodes are wanted", FEED "d:all('count(//lot)')", ERR_TYPE},
        {"a value where a node is wanted", FEED "d:first('string(//lot)')", ERR_TYPE},
        {"rows of another length", "csv.parse('a,b\\n1,2,3\\n')", ERR_SYNTAX},
        {"an open quote", "csv.parse('a,b\\n\"1,2')", ERR_SYNTAX},
        {"a page instead of CSV", "csv.parse('<html>')", ERR_SYNTAX},
        {"a long delimiter", "csv.parse('a', {delimiter = '::'})", ERR_INVALID},
        {"an empty delimiter", "csv.parse('a', {delimiter = ''})", ERR_INVALID},
        {"a line end as delimiter", "csv.parse('a', {delimiter = '\\n'})", ERR_INVALID},
        {"one for both", "csv.parse('a', {delimiter = ';', quote = ';'})", ERR_INVALID},
        {"a heading by word", "csv.parse('a', {heading = 'no'})", ERR_TYPE},
        {"a column twice", "csv.parse('a,a\\n1,2')", ERR_SYNTAX},
    };
    assert_mistakes(ROWS(rows));
}

/* Userdata of ours: no way behind it, whatever stands before the colon. */
static void nodes_are_opaque(void **state)
{
    (void)state;
    static const struct mistake rows[] = {
        {"another self", FEED "d.all({}, '//lot')", ERR_SCRIPT},
        {"no self", FEED "d.text()", ERR_SCRIPT},
        {"a text as self", FEED "d.number('x', '//lot')", ERR_SCRIPT},
        {"null as self", FEED "d.place(json.null)", ERR_SCRIPT},
        {"a function as self", FEED "d.first(d.first, 'x')", ERR_SCRIPT},
        {"a member is set", FEED "d.x = 1", ERR_SCRIPT},
        {"a method is replaced", FEED "d.text = nil", ERR_SCRIPT},
        {"it is called", FEED "d()", ERR_SCRIPT},
        {"it is measured", FEED "return #d", ERR_SCRIPT},
        {"it is added", FEED "return d + 1", ERR_SCRIPT},
        {"it is written", FEED "return json.encode({d})", ERR_SCRIPT},
        {"it is kept in the state", FEED "ctx.state.d = d return 1", ERR_SCRIPT},
        {"rawget", FEED "return rawget(d, '__index')", ERR_SCRIPT},
        {"next", FEED "return next(d)", ERR_SCRIPT},
        {"pairs", FEED "for _ in pairs(d) do end", ERR_SCRIPT},
        {"table.unpack", FEED "return table.unpack(d)", ERR_SCRIPT},
    };
    assert_mistakes(ROWS(rows));
    static const struct answer answers[] = {
        {FEED "return tostring(d.__gc) .. tostring(d.__index) .. tostring(d.__metatable) .. tostring(d.x) .. "
              "tostring(d[1])",
         "nilnilnilnilnil"},
        {FEED "return tostring(d):match('^node: ') .. tostring(rawequal(d, d))", "node: true"},
    };
    assert_answers(ROWS(answers));
}

/* Documents end with their call, whoever still holds them, and a later call can tell. */
static void documents_end_with_their_call(void **state)
{
    (void)state;
    struct dialects *ds =
        load_text("local kept, node\n"
                  "local early = xml.parse('<a>0</a>')\n"
                  "return {name='test', receive=function(ctx, inbound)\n"
                  "  local first = kept == nil\n"
                  "  local d = xml.parse('<a><b>1</b></a>')\n"
                  "  local _, old = pcall(function() return kept:text('a') end)\n"
                  "  local _, older = pcall(function() return node:text() end)\n"
                  "  local _, oldest = pcall(function() return early:place() end)\n"
                  "  kept, node = d, d:first('//b')\n"
                  "  return {}, {body = first and oldest.message or old.code .. older.code}\n"
                  "end}");
    struct dialect_session *a = open_session(ds, "test", "{}"), *b = open_session(ds, "test", "{}");
    char body[128];
    struct why why = {0};
    assert_int_equal(receive(a, "/", body, sizeof body, &why), 0);
    assert_string_equal(body, "a document of an earlier call: it ended with that call");
    for (int i = 0; i < 3000; i++) { /* nothing of them is left over, whatever is counted */
        assert_int_equal(receive(i % 2 ? a : b, "/", body, sizeof body, &why), 0);
        assert_string_equal(body, "ERR_STATEERR_STATE");
    }
    dialect_close(a);
    dialect_close(b);
    dialects_free(ds);
}

/* ---- ciphers, charsets, zones */

static void ciphers_answer(void **state)
{
    (void)state;
#define HEX(name) "local " name " = hex.decode "
    static const struct answer rows[] = {
        {HEX("k") "'2b7e151628aed2a6abf7158809cf4f3c' local p = hex.decode "
                  "'6bc1bee22e409f96e93d7e117393172a' "
                  "return hex.encode(aes.encrypt('ecb', k, p, {padding = 'none'})) .. "
                  "hex.encode(aes.decrypt('ecb', k, aes.encrypt('ecb', k, p)))",
         "3ad77bb40d7a3660a89ecaf32466ef976bc1bee22e409f96e93d7e117393172a"},
        {HEX("k") "'603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4' "
                  "return hex.encode(aes.encrypt('cbc', k, hex.decode '6bc1bee22e409f96e93d7e117393172a', "
                  "{iv = hex.decode '000102030405060708090a0b0c0d0e0f', padding = 'none'}))",
         "f58c4c04d6e5f1ba779eabfb5f7bfbd6"},
        {HEX("k") "'0123456789abcdeffedcba9876543210' return hex.encode(sm4.encrypt('ecb', k, k, {padding = "
                  "'none'}))",
         "681edf34d206965e86b3e94f536e4246"},
        {"local data = aes.encrypt('ecb', 'aes-test-key-001', "
         "[[{\"dotime\":1697942682,\"freeberth\":100,\"in\":50,"
         "\"out\":40}]]) return (base64.encode(data):gsub('=', ''):gsub('+', '*'):gsub('/', '-'))",
         "bvpLR3TermecQEvvvrmMHaCsUm9WefZoWKi1mWIA86AmC8a4et9*IUbKhT*FanykBKswJjOC8eGjXObG1wCPXA"},
        {"local t = sm4.encrypt('cbc', '0123456789abcdef', 'hello') return #t .. sm4.decrypt('cbc', "
         "'0123456789abcdef', t)",
         "16hello"},
        {"return sm4.decrypt('cbc', '0123456789abcdef', sm4.encrypt('cbc', '0123456789abcdef', ''), {}) == "
         "''",
         "true"},
        {"local k = '3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8' "
         "local c = hex.decode('0404EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73' .. "
         "'E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF059983C18F809E262923C53AEC295D303' "
         ".. "
         "'83B54E39D609D160AFCB1908D0BD876621886CA989CA9C7D58087307CA93092D651EFA') return sm2.decrypt(k, c)",
         "encryption standard"},
        {"local p = '09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020' .. "
         "'CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13' "
         "local s = hex.decode('F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3' .. "
         "'B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA') "
         "return tostring(sm2.verify(p, 'message digest', s, {form = 'raw'})) .. "
         "tostring(sm2.verify(p, 'message digest', s, {form = 'raw', id = 'x'})) .. "
         "tostring(sm2.verify(p, 'message digest', s)) .. tostring(sm2.verify(p, 'other', s, {form = "
         "'raw'}))",
         "truefalsefalsefalse"},
        {"local k = '3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8' "
         "local p = '0309F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020' "
         "local s, r = sm2.sign(k, 'x'), sm2.sign(k, 'x', {form = 'raw', id = 'me'}) "
         "local c, d = sm2.encrypt(p, 'x'), sm2.encrypt(p, 'y', {form = 'der'}) "
         "return tostring(sm2.verify(p, 'x', s)) .. #r .. tostring(sm2.verify(p, 'x', r, {form = 'raw', id = "
         "'me'})) .. #c .. "
         "sm2.decrypt(k, c) .. sm2.decrypt(k, d, {form = 'der'})",
         "true64true98xy"},
    };
    assert_answers(ROWS(rows));
    static const struct mistake mistakes[] = {
        {"an unknown mode", "aes.encrypt('gcm', '0123456789abcdef', 'x')", ERR_SCRIPT},
        {"a short key", "aes.encrypt('ecb', 'short', 'x')", ERR_INVALID},
        {"a long key", "sm4.encrypt('ecb', ('x'):rep(32), 'x')", ERR_INVALID},
        {"a short iv", "aes.encrypt('cbc', '0123456789abcdef', 'x', {iv = 'x'})", ERR_INVALID},
        {"an iv for ECB", "aes.encrypt('ecb', '0123456789abcdef', 'x', {iv = '0123456789abcdef'})",
         ERR_INVALID},
        {"an unknown padding", "aes.encrypt('ecb', '0123456789abcdef', 'x', {padding = 'zero'})",
         ERR_INVALID},
        {"a misspelt option", "aes.encrypt('cbc', '0123456789abcdef', 'x', {vi = '0123456789abcdef'})",
         ERR_UNKNOWN_KEY},
        {"half a block", "aes.decrypt('ecb', '0123456789abcdef', 'x')", ERR_SYNTAX},
        {"another's key", "aes.decrypt('cbc', '0123456789abcdef', ('0123456789abcdef'):rep(2))", ERR_AUTH},
        {"no text", "sm4.encrypt('ecb', '0123456789abcdef')", ERR_SCRIPT},
        {"2 MB become more", "return #aes.encrypt('ecb', '0123456789abcdef', ('x'):rep(1 << 21))",
         ERR_TOO_BIG},
        {"no SM2 key", "sm2.sign('x', 'x')", ERR_INVALID},
        {"no public key", "sm2.verify('x', 'x', 'x')", ERR_INVALID},
        {"no key to encrypt for", "sm2.encrypt('', 'x')", ERR_INVALID},
        {"nothing to encrypt", "sm2.encrypt('x', '')", ERR_INVALID},
        {"no key to decrypt with", "sm2.decrypt('x', 'x')", ERR_INVALID},
        {"no cipher", "sm2.decrypt('3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8', 'x')",
         ERR_SYNTAX},
        {"another's cipher",
         "sm2.decrypt('3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8', '\\4' .. "
         "('x'):rep(99))",
         ERR_AUTH},
        {"much to encrypt", "sm2.encrypt('x', ('x'):rep(100000))", ERR_TOO_BIG},
        {"an unknown form", "sm2.sign('x', 'x', {form = 'hex'})", ERR_INVALID},
        {"an id to encrypt", "sm2.encrypt('x', 'x', {id = 'me'})", ERR_UNKNOWN_KEY},
    };
    assert_mistakes(ROWS(mistakes));
}

static void charsets_and_zones_answer(void **state)
{
    (void)state;
    static const struct answer rows[] = {
        {"return charset.decode('GB18030', '\\xcd\\xa3\\xb3\\xb5') .. charset.decode('gb2312', '\\xb3\\xb5')",
         "停车车"},
        {"return hex.encode(charset.encode('GB18030', '停车')) .. hex.encode(charset.encode('UTF-16LE', "
         "'a'))",
         "cda3b3b56100"},
        {"return tostring(charset.decode('GB18030', '\\xcd')) .. tostring(charset.encode('iso-8859-1', "
         "'停')) .. "
         "tostring(charset.decode('utf-8', '\\xff'))",
         "nilnilnil"},
        {"return charset.decode('UTF-8', '') .. charset.decode('utf-16', '\\xff\\xfea\\0')", "a"},
        {"return tostring(pcall(charset.decode, '../../x', 'y')) .. tostring(pcall(charset.decode, "
         "'UTF-8//IGNORE', 'y')) .. "
         "tostring(pcall(charset.encode, ('x'):rep(100), 'y')) .. tostring(pcall(charset.encode, '', 'y'))",
         "falsefalsefalsefalse"},
        {"local f = '%Y-%m-%d %H:%M' return time.parse('2026-07-01 12:00', f, 'Europe/Berlin') - "
         "time.parse('2026-01-01 12:00', f, 'Europe/Berlin')",
         "15634800000"},
        {"return time.parse('2026-07-01T12:00:00', 'iso', 'Europe/Berlin') .. "
         "time.parse('2026-07-01T12:00:00Z', 'iso', 'Europe/Berlin')",
         "17829000000001782907200000"},
        {"return time.format(1782900000000, '%F %T', 'Europe/Berlin') .. time.format(1767225600000, ' %H', "
         "'Europe/Berlin')",
         "2026-07-01 12:00:00 01"},
        /* The hour that is there twice: both moments are written with the same clock time. */
        {"return time.format(1792886400000, '%H', 'Europe/Berlin') .. time.format(1792890000000, '%H', "
         "'Europe/Berlin') .. "
         "time.format(1792893600000, '%H', 'Europe/Berlin')",
         "020203"},
        {"local n = 0 for _, z in ipairs {'Europe/Berlin', 'Asia/Tokyo', 'Europe/Paris', 'America/New_York', "
         "'Asia/Urumqi', "
         "'Europe/London', 'Asia/Hong_Kong', 'Australia/Sydney', 'Africa/Cairo', 'Europe/Berlin'} do "
         "n = n + time.parse('1970-01-02 00:00', '%Y-%m-%d %H:%M', z) / 3600000 end return n",
         "206.0"},
        {"return tostring(pcall(time.parse, '1', 's', 'Mars/Base')) .. tostring(pcall(time.format, 0, '%F', "
         "'../../etc/passwd')) "
         ".. tostring(pcall(time.format, 0, '%F', '/etc/localtime')) .. tostring(pcall(time.parse, '1', 's', "
         "('x'):rep(99))) .. "
         "tostring(pcall(time.parse, '1', 's', 'Europe/Berlin\\0x')) .. tostring(pcall(time.parse, '1', 's', "
         "''))",
         "falsefalsefalsefalsefalsefalse"},
        {"return tostring(time.parse(nil, 'iso', 'Europe/Berlin')) .. tostring(time.parse('x', 'iso', "
         "'Europe/Berlin'))",
         "nilfalse"},
    };
    assert_answers(ROWS(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_answers),
        cmocka_unit_test(csv_answers),
        cmocka_unit_test(documents_say_what_is_wrong),
        cmocka_unit_test(nodes_are_opaque),
        cmocka_unit_test(documents_end_with_their_call),
        cmocka_unit_test(ciphers_answer),
        cmocka_unit_test(charsets_and_zones_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
