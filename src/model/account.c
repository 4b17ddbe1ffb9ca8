/* SPDX-License-Identifier: MIT
 * Accounts and keys.
 */
#include "parkd/model/account.h"

#include <string.h>

#include "parkd/base/crypto.h"
#include "parkd/base/json.h"
#include "parkd/model/lot.h"

#define NOTES_SIZE 1024

static const char *const put_members[] = {"id", "role", "name", "contact", "sink", "enabled", "notes", NULL};

/* --- accounts --- */

static int check_contact(const struct json *doc, struct why *why)
{
    static const char *const known[] = {"person", "phone", "email", NULL};
    const struct json *contact = NULL;
    char text[128];
    int err = json_want_node(doc, "contact", JSON_OBJECT, &contact, why);
    if (err || !contact)
        return err;
    err = json_only(contact, known, why);
    for (int i = 0; known[i] && !err; i++)
        err = json_want_str(contact, known[i], text, sizeof text, why);
    if (err)
        why_under(why, "/contact");
    return err;
}

static int check_role(const struct json *doc, struct why *why)
{
    enum role role = ROLE_NOBODY;
    char sink[33] = "";
    struct view name = json_text(json_get(doc, "role"));
    if (role_of(name, &role) || role <= ROLE_ATTENDANT)
        return why_set(why, ERR_INVALID, "/role", "must be viewer, officer, admin, operator or sink");
    int err = json_want_str(doc, "sink", sink, sizeof sink, why);
    if (!err && role == ROLE_SINK && !lot_id_valid(view_of(sink)))
        err = why_set(why, ERR_MISSING, "/sink", "an account of role sink needs the sink that is its own");
    return err;
}

int account_check(const struct json *doc, struct view id, struct why *why)
{
    char text[NOTES_SIZE];
    bool enabled;
    if (!json_is(doc, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object");
    int err = json_only(doc, put_members, why);
    if (err)
        return err;
    if (!lot_id_valid(id) || !view_eq(json_text(json_get(doc, "id")), id))
        return why_set(why, ERR_INVALID, "/id",
                       "must be the id in the path: 1 to 32 letters, digits, '.', '_' or '-'");
    if (view_is(id, "local") || view_is(id, "nobody"))
        return why_set(why, ERR_INVALID, "/id", "is a name that parkd uses itself");
    err = check_role(doc, why);
    err = err ? err : check_contact(doc, why);
    err = err ? err : json_need_str(doc, "name", text, ACCOUNT_NAME_SIZE, why);
    err = err ? err : json_want_str(doc, "notes", text, sizeof text, why);
    return err ? err : json_want_bool(doc, "enabled", &enabled, why);
}

static int64_t ms_of(const struct json *doc, const char *member)
{
    int64_t v = 0;
    const struct json *j = json_get(doc, member);
    return j && json_int(j, 0, INT64_MAX, &v) == 0 ? v : 0;
}

bool account_read(const struct json *doc, struct account *out)
{
    const struct json *enabled = json_get(doc, "enabled");
    *out = (struct account){.enabled = !enabled || json_true(enabled)};
    out->password = json_text(json_get(doc, "password"));
    out->invite = json_text(json_get(doc, "invite"));
    out->password_ms = ms_of(doc, "password_ms");
    out->invite_until_ms = ms_of(doc, "invite_until_ms");
    return !view_copy(json_text(json_get(doc, "id")), out->id, sizeof out->id) &&
           !view_copy(json_text(json_get(doc, "name")), out->name, sizeof out->name) &&
           !view_copy(json_text(json_get(doc, "sink")), out->sink, sizeof out->sink) &&
           !role_of(json_text(json_get(doc, "role")), &out->role) && out->id[0];
}

static void write_put(struct json_writer *w, const struct json *doc)
{
    for (int i = 0; put_members[i]; i++) {
        const struct json *j = json_get(doc, put_members[i]);
        if (j)
            jw_json(w, put_members[i], j);
    }
}

void account_write(struct json_writer *w, const struct json *put, const struct account *own)
{
    jw_object(w, NULL);
    write_put(w, put);
    if (own->password.n) {
        jw_view(w, "password", own->password);
        jw_int(w, "password_ms", own->password_ms);
    }
    if (own->invite.n) {
        jw_view(w, "invite", own->invite);
        jw_int(w, "invite_until_ms", own->invite_until_ms);
    }
    jw_end_object(w);
}

void account_show(struct json_writer *w, const struct json *doc, int64_t now_ms)
{
    struct account a;
    bool good = account_read(doc, &a);
    write_put(w, doc);
    if (!json_get(doc, "enabled"))
        jw_bool(w, "enabled", true);
    jw_bool(w, "has_password", good && a.password.n > 0);
    jw_bool(w, "invited", good && a.invite.n > 0 && a.invite_until_ms > now_ms);
}

/* --- keys --- */

bool key_read(const struct json *doc, struct key_doc *out)
{
    struct buf digest;
    *out = (struct key_doc){.created_ms = ms_of(doc, "created_ms"),
                            .expires_ms = ms_of(doc, "expires_ms"),
                            .revoked_ms = ms_of(doc, "revoked_ms"),
                            .used_ms = ms_of(doc, "used_ms")};
    buf_init(&digest, sizeof out->sha256);
    bool good =
        hex_decode(&digest, json_text(json_get(doc, "sha256"))) == 0 && digest.n == sizeof out->sha256;
    if (good)
        memcpy(out->sha256, digest.p, sizeof out->sha256);
    buf_fini(&digest);
    return good && !view_copy(json_text(json_get(doc, "id")), out->id, sizeof out->id) &&
           !view_copy(json_text(json_get(doc, "account")), out->account, sizeof out->account) &&
           !view_copy(json_text(json_get(doc, "label")), out->label, sizeof out->label);
}

void key_write(struct json_writer *w, const struct key_doc *k)
{
    struct buf hex;
    buf_init(&hex, 2 * sizeof k->sha256);
    int rc = hex_encode(&hex, (struct view){(const char *)k->sha256, sizeof k->sha256});
    jw_object(w, NULL);
    jw_str(w, "id", k->id);
    jw_str(w, "account", k->account);
    jw_str(w, "label", k->label);
    jw_view(w, "sha256", rc ? VIEW("") : buf_get(&hex));
    jw_int(w, "created_ms", k->created_ms);
    jw_int(w, "expires_ms", k->expires_ms);
    jw_int(w, "revoked_ms", k->revoked_ms);
    jw_int(w, "used_ms", k->used_ms);
    jw_end_object(w);
    buf_fini(&hex);
}

static void show_time(struct json_writer *w, const char *name, int64_t ms)
{
    if (ms)
        jw_time(w, name, ms);
    else
        jw_null(w, name);
}

void key_show(struct json_writer *w, const struct key_doc *k, int64_t now_ms)
{
    jw_object(w, NULL);
    jw_str(w, "id", k->id);
    jw_str(w, "account", k->account);
    jw_str(w, "label", k->label);
    jw_bool(w, "active", key_is_active(k, now_ms));
    show_time(w, "created", k->created_ms);
    show_time(w, "expires", k->expires_ms);
    show_time(w, "revoked", k->revoked_ms);
    show_time(w, "last_used", k->used_ms);
    jw_end_object(w);
}

bool key_is_active(const struct key_doc *k, int64_t now_ms)
{
    return !k->revoked_ms && (!k->expires_ms || now_ms < k->expires_ms);
}

bool token_split(struct view token, const char *prefix, struct view *id, struct view *secret)
{
    if (!view_is(view_cut(&token, '_'), prefix) || !token.p)
        return false;
    *id = view_cut(&token, '_');
    *secret = token;
    return id->n > 0 && id->n <= 32 && token.p && token.n > 0 && token.n <= 128;
}

int password_allowed(struct view password, struct view account, struct why *why)
{
    if (password.n < PASSWORD_MIN)
        return why_set(why, ERR_INVALID, "/password", "must have at least %d characters; a sentence is good",
                       PASSWORD_MIN);
    if (password.n > PASSWORD_MAX)
        return why_set(why, ERR_TOO_BIG, "/password", "has more than %d bytes", PASSWORD_MAX);
    if (memmem(password.p, password.n, account.p, account.n) && password.n < account.n + PASSWORD_MIN)
        return why_set(why, ERR_INVALID, "/password", "must not be the account's name");
    return 0;
}
