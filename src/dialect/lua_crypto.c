/* SPDX-License-Identifier: MIT
 * Digests, HMAC, RSA and random bytes for scripts. All take and give raw bytes: hex and base64 stand beside
 * them. Each call is charged before it runs; the RSA charges are about what a 2048-bit key takes in steps.
 */
#include <stdio.h>

#include "dialect/lua_engine.h"
#include "parkd/base/crypto.h"

#define RSA_PIECE     117 /* bytes of text in a block of the common 1024-bit key */
#define PRIVATE_STEPS 60000
#define PUBLIC_STEPS  6000
#define RANDOM_MAX    256
#define RSA_TEXT_MAX  8192

static enum digest digest_of(lua_State *L, int arg)
{
    enum digest alg = DIGEST_MD5;
    struct view name = lua_check_view(L, arg);
    if (digest_of_name(name, &alg))
        lua_engine_raise(L, ERR_SCRIPT, "no digest of that name (%.20s)", name.p);
    return alg;
}

static int push_bytes(lua_State *L, int err, const unsigned char *p, size_t n)
{
    if (err)
        return lua_engine_raise(L, ERR_SCRIPT, "digest: %s", err_text(err));
    lua_pushlstring(L, (const char *)p, n);
    return 1;
}

/* The functions of `hash` and `hmac` carry their digest as an upvalue: hash.md5(text), hmac.sha256(key,
 * text). */
static int on_hash(lua_State *L)
{
    unsigned char out[DIGEST_MAX];
    size_t n = 0;
    struct view data = lua_check_view(L, 1);
    lua_engine_charge(L, 50 + data.n / 2);
    int err = crypto_digest((enum digest)lua_tointeger(L, lua_upvalueindex(1)), data, out, &n);
    return push_bytes(L, err, out, n);
}

static int on_hmac(lua_State *L)
{
    unsigned char out[DIGEST_MAX];
    size_t n = 0;
    struct view key = lua_check_view(L, 1), data = lua_check_view(L, 2);
    lua_engine_charge(L, 100 + (key.n + data.n) / 2);
    int err = crypto_hmac((enum digest)lua_tointeger(L, lua_upvalueindex(1)), key, data, out, &n);
    return push_bytes(L, err, out, n);
}

static struct view rsa_text(lua_State *L, int arg, size_t steps)
{
    struct view data = lua_check_view(L, arg);
    if (data.n > RSA_TEXT_MAX)
        lua_engine_raise(L, ERR_TOO_BIG, "rsa: more than %d bytes", RSA_TEXT_MAX);
    lua_engine_charge(L, steps * (1 + data.n / RSA_PIECE));
    return data;
}

static int push_rsa(lua_State *L, int err)
{
    if (err == ERR_INVALID)
        return lua_engine_raise(L, ERR_INVALID, "rsa: not a usable key");
    if (err)
        return lua_engine_raise(L, ERR_AUTH, "rsa: not made with the other half of this key");
    return lua_engine_push_scratch(L);
}

/* rsa.sign(digest, private key, text) */
static int on_sign(lua_State *L)
{
    enum digest alg = digest_of(L, 1);
    struct view key = lua_check_view(L, 2), data = lua_check_view(L, 3);
    lua_engine_charge(L, PRIVATE_STEPS + data.n / 2);
    return push_rsa(L, rsa_sign(lua_engine_scratch(L), alg, key, data));
}

/* rsa.verify(digest, public key, text, signature) → boolean; raises for an unusable key. */
static int on_verify(lua_State *L)
{
    enum digest alg = digest_of(L, 1);
    struct view key = lua_check_view(L, 2), data = lua_check_view(L, 3), sig = lua_check_view(L, 4);
    lua_engine_charge(L, PUBLIC_STEPS + data.n / 2);
    int err = rsa_verify(alg, key, data, sig);
    if (err == ERR_INVALID)
        return lua_engine_raise(L, ERR_INVALID, "rsa: not a usable key");
    lua_pushboolean(L, err == 0);
    return 1;
}

typedef int rsa_fn(struct buf *out, struct view key, struct view data);

static int on_pieces(lua_State *L, rsa_fn *fn, size_t steps)
{
    struct view key = lua_check_view(L, 1), data = rsa_text(L, 2, steps);
    return push_rsa(L, fn(lua_engine_scratch(L), key, data));
}

static int on_private_encrypt(lua_State *L)
{
    return on_pieces(L, rsa_private_encrypt, PRIVATE_STEPS);
}

static int on_public_decrypt(lua_State *L)
{
    return on_pieces(L, rsa_public_decrypt, PUBLIC_STEPS);
}

static int on_public_encrypt(lua_State *L)
{
    return on_pieces(L, rsa_public_encrypt, PUBLIC_STEPS);
}

static int on_private_decrypt(lua_State *L)
{
    return on_pieces(L, rsa_private_decrypt, PRIVATE_STEPS);
}

static int on_random_bytes(lua_State *L)
{
    char out[RANDOM_MAX];
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= RANDOM_MAX, 1, "from 1 to 256");
    lua_engine_charge(L, 200);
    if (crypto_random(out, (size_t)n))
        return lua_engine_raise(L, ERR_IO, "no random bytes");
    lua_pushlstring(L, out, (size_t)n);
    return 1;
}

int lua_push_uuid(lua_State *L)
{
    unsigned char b[16];
    char text[40];
    lua_engine_charge(L, 200);
    if (crypto_random(b, sizeof b))
        return lua_engine_raise(L, ERR_IO, "no random bytes");
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(text, sizeof text, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
    lua_pushstring(L, text);
    return 1;
}

static void add_digests(lua_State *L, const char *library, lua_CFunction fn)
{
    static const char *const names[] = {"md5", "sha1", "sha256", "sha512", "sm3"};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        enum digest alg;
        if (digest_of_name(view_of(names[i]), &alg))
            continue;
        lua_pushinteger(L, alg);
        lua_pushcclosure(L, fn, 1);
        lua_setfield(L, -2, names[i]);
    }
    lua_setfield(L, -2, library);
}

void lua_crypto_open(lua_State *L)
{
    static const luaL_Reg rsa[] = {
        {"sign", on_sign},
        {"verify", on_verify},
        {"private_encrypt", on_private_encrypt},
        {"public_decrypt", on_public_decrypt},
        {"public_encrypt", on_public_encrypt},
        {"private_decrypt", on_private_decrypt},
        {NULL, NULL},
    };
    static const luaL_Reg random[] = {{"bytes", on_random_bytes}, {"uuid", lua_push_uuid}, {NULL, NULL}};
    add_digests(L, "hash", on_hash);
    add_digests(L, "hmac", on_hmac);
    luaL_newlib(L, rsa);
    lua_setfield(L, -2, "rsa");
    luaL_newlib(L, random);
    lua_setfield(L, -2, "random");
}
