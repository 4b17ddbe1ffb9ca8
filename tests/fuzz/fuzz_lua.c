/* SPDX-License-Identifier: MIT
 * The Lua bridge: a script hands the message to the host's libraries and what they make of it back as
 * reports. The first letter of the message chooses the library; the line behind it is an argument.
 */
#include "fuzz_dialect.h"

/* clang-format off */
static const char script[] =
    "local uses = {}\n"
    "function uses.j(arg, body)\n"
    "  return json.encode(json.decode(body))\n"
    "end\n"
    "function uses.b(arg, body)\n"
    "  local bytes = base64.decode(body)\n"
    "  return bytes and base64.encode(bytes) or hex.decode(body)\n"
    "end\n"
    "function uses.u(arg, body)\n"
    "  local fields = url.form_decode(body)\n"
    "  return url.join(arg, body) .. url.encode(body) .. json.encode(fields)\n"
    "end\n"
    "function uses.t(arg, body)\n"
    "  local ms = time.parse(body, arg, \"Europe/Berlin\")\n"
    "  return ms and time.format(ms, arg)\n"
    "end\n"
    "function uses.s(arg, body)\n"
    "  local made = charset.decode(arg, body)\n"
    "  return made and charset.encode(arg, made)\n"
    "end\n"
    "function uses.p(arg, body)\n"
    "  return (body:gsub(arg, \"%0%0\")) .. tostring(body:match(arg)) .. tostring(body:find(arg, 1, true))\n"
    "end\n"
    "function uses.n(arg, body)\n"
    "  return tostring(count(body)) .. tostring(count(tonumber(body))) .. text.trim(body)\n"
    "end\n"
    "function uses.a(arg, body)\n"
    "  local key = (\"0123456789abcdef\"):rep(2)\n"
    "  return aes.decrypt(arg, key, body, { iv = key:sub(1, 16) }) .. sm4.decrypt(arg, key:sub(1, 16), body)\n"
    "end\n"
    "local function walk(doc, arg)\n"
    "  local items, field = arg:match(\"^(.-);(.*)$\")\n"
    "  local found = {}\n"
    "  for i, node in ipairs(doc:all(items or arg)) do\n"
    "    local first = node:first(\"*[1]\")\n"
    "    found[i] = node:place() .. node:text() .. tostring(node:text(field)) .. tostring(node:number(field or \".\"))\n"
    "      .. (first and first:place() or \"\")\n"
    "  end\n"
    "  return table.concat(found, \"\\n\")\n"
    "end\n"
    "function uses.x(arg, body)\n"
    "  return walk(xml.parse(body, { namespaces = { gml = \"urn:gml\" } }), arg)\n"
    "end\n"
    "function uses.h(arg, body)\n"
    "  return walk(html.parse(body), arg)\n"
    "end\n"
    "function uses.c(arg, body)\n"
    "  return json.encode(csv.parse(body, { delimiter = arg:match(\"^.\"), heading = arg:match(\"^.(-)\") == nil }))\n"
    "end\n"
    "local function use(body)\n"
    "  local letter, arg, rest = body:match(\"^(.)([^\\n]*)\\n?(.*)$\")\n"
    "  if letter == \"r\" then\n"
    "    return json.decode(rest)\n"
    "  end\n"
    "  local done, made = pcall(uses[letter] or error, arg, rest)\n"
    "  local said = type(made) == \"table\" and made.message or tostring(made)\n"
    "  said = charset.decode(\"UTF-8\", said) or \"bytes\"\n"
    "  return { reports = { { lot = said, name = said, free = made, fault = not done and \"no: \" .. said or nil } } }\n"
    "end\n"
    "return {\n"
    "  name = \"fuzz\",\n"
    "  interface = \"1.0\",\n"
    "  params = {},\n"
    "  poll = function(ctx) return { url = ctx.url } end,\n"
    "  decode = function(ctx, response)\n"
    "    local v = use(response.body)\n"
    "    return v.reports, v.next\n"
    "  end,\n"
    "  receive = function(ctx, inbound)\n"
    "    local v = use(inbound.body)\n"
    "    return v.reports, v.reply\n"
    "  end,\n"
    "}\n";
/* clang-format on */

static struct dialect_session *session(void)
{
    static struct dialects *ds;
    struct why why = {0};
    if (!ds && (!(ds = dialects_new()) || dialects_add_lua(ds, "fuzz.lua", view_of(script), &why))) {
        (void)fprintf(stderr, "%s: %s\n", why.at, why.text);
        abort();
    }
    return dialect_open(dialects_find(ds, "fuzz"), VIEW("{}"), &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view body = {(const char *)data, size};
    struct dialect_ctx ctx = fuzz_ctx();
    struct dialect_session *s = session();
    HOLDS(s != NULL);
    fuzz_decode(s, &ctx, VIEW("Content-Type: text/plain\r\n\r\n"), body);
    fuzz_receive(s, &ctx, VIEW("application/json"), body);
    dialect_close(s);
    return 0;
}
