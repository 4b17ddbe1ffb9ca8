/* SPDX-License-Identifier: MIT
 * AES, SM4 and SM2 for scripts. All take and give raw bytes. Like `rsa`, they raise for a key that is none
 * ("invalid") and for what does not open with it ("auth"): to a script both mean that it cannot go on.
 */
#include "dialect/lua_engine.h"
#include "parkd/base/crypto.h"

/* What the calls take, in steps: up to a millisecond for what needs the private key or a secret point, a
 * third of it for verifying. AES has its own instructions, SM4 has none. */
#define SM2_STEPS        90000
#define SM2_VERIFY_STEPS 30000
#define AES_SHARE        4 /* bytes a step */

/* ---- aes, sm4 */

typedef int cipher_fn(struct buf *out, const struct cipher_spec *spec, struct view data);

/* (mode, key, text, {iv = bytes, padding = "pkcs7" | "none"}); the cipher is the first upvalue. */
static struct cipher_spec cipher_spec_of(lua_State *L)
{
    static const char *const modes[] = {"ecb", "cbc", NULL}, *const options[] = {"iv", "padding", NULL},
                             *const paddings[] = {"pkcs7", "none", NULL};
    struct cipher_spec s = {.alg = (enum cipher)lua_tointeger(L, lua_upvalueindex(1))};
    s.mode = luaL_checkoption(L, 1, NULL, modes) ? CIPHER_CBC : CIPHER_ECB;
    s.key = lua_check_view(L, 2);
    lua_check_options(L, 4, options);
    s.iv = lua_option_text(L, 4, "iv");
    s.unpadded = lua_option_word(L, 4, "padding", paddings) == 1;
    return s;
}

static int on_cipher(lua_State *L, cipher_fn *fn)
{
    struct cipher_spec s = cipher_spec_of(L);
    struct view data = lua_check_view(L, 3);
    lua_engine_charge(L, 100 + data.n / (s.alg == CIPHER_AES ? AES_SHARE : 1));
    int err = fn(lua_engine_scratch(L), &s, data);
    switch (err) {
    case 0:
        return lua_engine_push_scratch(L);
    case ERR_INVALID:
        return lua_engine_raise(L, ERR_INVALID, "cipher: a key or iv of the wrong length");
    case ERR_SYNTAX:
        return lua_engine_raise(L, ERR_SYNTAX, "cipher: no whole blocks of %d bytes", CIPHER_BLOCK);
    case ERR_AUTH:
        return lua_engine_raise(L, ERR_AUTH, "cipher: not encrypted with this key");
    default:
        return lua_engine_raise(L, err, "cipher: %s", err_text(err));
    }
}

static int on_encrypt(lua_State *L)
{
    return on_cipher(L, cipher_encrypt);
}

static int on_decrypt(lua_State *L)
{
    return on_cipher(L, cipher_decrypt);
}

/* ---- sm2 */

static const char *const sign_options[] = {"id", "form", NULL}, *const text_options[] = {"form", NULL};
static const char *const sign_forms[] = {"der", "raw", NULL}, *const text_forms[] = {"raw", "der", NULL};

static struct view user_id(lua_State *L, int arg)
{
    struct view id = lua_option_text(L, arg, "id");
    return id.p ? id : VIEW(SM2_USER_ID);
}

static enum sm2_form sign_form(lua_State *L, int arg)
{
    lua_check_options(L, arg, sign_options);
    return lua_option_word(L, arg, "form", sign_forms) ? SM2_RAW : SM2_DER;
}

static enum sm2_form text_form(lua_State *L, int arg)
{
    lua_check_options(L, arg, text_options);
    return lua_option_word(L, arg, "form", text_forms) ? SM2_DER : SM2_RAW;
}

static int no_key(lua_State *L)
{
    return lua_engine_raise(L, ERR_INVALID, "sm2: not a usable key");
}

/* sm2.sign(private key, text, options) */
static int on_sign(lua_State *L)
{
    struct view key = lua_check_view(L, 1), data = lua_check_view(L, 2);
    enum sm2_form form = sign_form(L, 3);
    lua_engine_charge(L, SM2_STEPS + data.n / 2);
    int err = sm2_sign(lua_engine_scratch(L), key, user_id(L, 3), form, data);
    return err ? no_key(L) : lua_engine_push_scratch(L);
}

/* sm2.verify(public key, text, signature, options) → boolean; raises for an unusable key. */
static int on_verify(lua_State *L)
{
    struct view key = lua_check_view(L, 1);
    struct sm2_signed what = {.data = lua_check_view(L, 2), .signature = lua_check_view(L, 3)};
    what.form = sign_form(L, 4);
    what.user_id = user_id(L, 4);
    lua_engine_charge(L, SM2_VERIFY_STEPS + what.data.n / 2);
    int err = sm2_verify(key, &what);
    if (err == ERR_INVALID)
        return no_key(L);
    lua_pushboolean(L, err == 0);
    return 1;
}

static int push_text(lua_State *L, int err, struct view data)
{
    switch (err) {
    case 0:
        return lua_engine_push_scratch(L);
    case ERR_INVALID:
        return data.n ? no_key(L) : lua_engine_raise(L, ERR_INVALID, "sm2: nothing to encrypt");
    case ERR_TOO_BIG:
        return lua_engine_raise(L, ERR_TOO_BIG, "sm2: more than %d bytes", SM2_TEXT_MAX);
    case ERR_SYNTAX:
        return lua_engine_raise(L, ERR_SYNTAX, "sm2: no cipher text of this form");
    case ERR_AUTH:
        return lua_engine_raise(L, ERR_AUTH, "sm2: not encrypted for this key");
    default:
        return lua_engine_raise(L, err, "sm2: %s", err_text(err));
    }
}

/* sm2.encrypt(public key, text, options) */
static int on_sm2_encrypt(lua_State *L)
{
    struct view key = lua_check_view(L, 1), data = lua_check_view(L, 2);
    enum sm2_form form = text_form(L, 3);
    lua_engine_charge(L, SM2_STEPS + data.n * 2);
    return push_text(L, sm2_encrypt(lua_engine_scratch(L), key, form, data), data);
}

/* sm2.decrypt(private key, bytes, options) */
static int on_sm2_decrypt(lua_State *L)
{
    struct view key = lua_check_view(L, 1), data = lua_check_view(L, 2);
    enum sm2_form form = text_form(L, 3);
    lua_engine_charge(L, SM2_STEPS + data.n * 2);
    int err = sm2_decrypt(lua_engine_scratch(L), key, form, data);
    return push_text(L, err, VIEW("key"));
}

static void add_cipher(lua_State *L, const char *name, enum cipher alg)
{
    static const luaL_Reg functions[] = {{"encrypt", on_encrypt}, {"decrypt", on_decrypt}, {NULL, NULL}};
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, alg);
    luaL_setfuncs(L, functions, 1);
    lua_setfield(L, -2, name);
}

void lua_cipher_open(lua_State *L)
{
    static const luaL_Reg sm2[] = {
        {"sign", on_sign},           {"verify", on_verify}, {"encrypt", on_sm2_encrypt},
        {"decrypt", on_sm2_decrypt}, {NULL, NULL},
    };
    add_cipher(L, "aes", CIPHER_AES);
    add_cipher(L, "sm4", CIPHER_SM4);
    luaL_newlib(L, sm2);
    lua_setfield(L, -2, "sm2");
}
