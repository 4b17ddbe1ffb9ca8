/* SPDX-License-Identifier: MIT
 * Incidents as documents, and in words.
 */
#include <stdio.h>
#include <string.h>

#include "office/incidents.h"
#include "parkd/base/iso8601.h"

static const char *const kinds[] = {"feed", "sink", "lot", NULL};

bool incident_read(const struct json *doc, struct incident *out)
{
    int kind = -1;
    int64_t http = 0, lots = 0;
    *out = (struct incident){.kind = INCIDENT_FEED};
    if (json_want_enum(doc, "kind", kinds, &kind, NULL) || kind < 0 ||
        json_want_int(doc, "since_ms", 0, INT64_MAX / 2, &out->since_ms, NULL) ||
        json_want_int(doc, "until_ms", 0, INT64_MAX / 2, &out->until_ms, NULL) ||
        json_want_int(doc, "http", 0, 999, &http, NULL) ||
        json_want_int(doc, "lots", 0, 1000000, &lots, NULL) ||
        json_want_str(doc, "id", out->id, sizeof out->id, NULL) ||
        json_want_str(doc, "object", out->object, sizeof out->object, NULL) ||
        json_want_str(doc, "name", out->name, sizeof out->name, NULL) ||
        json_want_str(doc, "operator", out->owner, sizeof out->owner, NULL) ||
        json_want_str(doc, "reason", out->reason, sizeof out->reason, NULL))
        return false;
    out->kind = (enum incident_kind)kind;
    out->http = (int)http;
    out->lots = (size_t)lots;
    return out->id[0] != 0;
}

static void told_key(char dst[48], const char *channel, bool end)
{
    (void)snprintf(dst, 48, "%s:%.40s", end ? "end" : "begin", channel);
}

bool incident_told(const struct json *doc, const char *channel, bool end)
{
    char key[48];
    told_key(key, channel, end);
    for (const struct json *t = json_first(json_get(doc, "told")); t; t = json_next(t)) {
        if (view_is(json_text(t), key))
            return true;
    }
    return false;
}

void incident_write(struct json_writer *w, const struct incident *i, const struct json *told,
                    const char *channel, bool end)
{
    char key[48];
    jw_object(w, NULL);
    jw_str(w, "id", i->id);
    jw_str(w, "kind", kinds[i->kind]);
    jw_str(w, "object", i->object);
    jw_str(w, "name", i->name);
    jw_str(w, "operator", i->owner);
    jw_str(w, "reason", i->reason);
    jw_int(w, "http", i->http);
    jw_int(w, "lots", (int64_t)i->lots);
    jw_int(w, "since_ms", i->since_ms);
    jw_int(w, "until_ms", i->until_ms);
    jw_array(w, "told");
    for (const struct json *t = json_first(told); t; t = json_next(t))
        jw_json(w, NULL, t);
    if (channel) {
        told_key(key, channel, end);
        jw_str(w, NULL, key);
    }
    jw_end_array(w);
    jw_end_object(w);
}

/* --- words --- */

static void put_moment(struct buf *out, int64_t ms)
{
    char text[32];
    if (time_print(ms, "%Y-%m-%d %H:%M", 480, text, sizeof text) == 0)
        buf_str(out, text);
}

static const char *advice(const struct incident *i, bool chinese)
{
    if (i->kind == INCIDENT_SINK)
        return chinese ? "请核对地址与密钥，改好后恢复推送" : "check its address and key, then resume it";
    if (i->http == 401 || i->http == 403)
        return chinese ? "请核对密钥或账号" : "check its key or account";
    if (i->http == 404 || i->http == 410)
        return chinese ? "请核对接口地址" : "check its address";
    if (i->kind == INCIDENT_LOT)
        return chinese ? "请联系现场检查上报" : "ask on site why it does not report";
    return chinese ? "请检查厂家系统与网络，恢复后会自动继续"
                   : "check the vendor's system and the network; it goes on by itself";
}

void incident_line(const struct incident *i, bool chinese, struct buf *out)
{
    static const char *const zh[] = {"数据源", "上级平台", "停车场"}, *const en[] = {"feed", "platform",
                                                                                     "lot"};
    buf_printf(out, "%s %s%s%s", chinese ? zh[i->kind] : en[i->kind], i->name, i->name[0] ? " " : "",
               i->object);
    if (i->owner[0])
        buf_printf(out, chinese ? "（%s）" : " (%s)", i->owner);
    buf_str(out, chinese ? "：自 " : ": since ");
    put_moment(out, i->since_ms);
    if (i->until_ms) {
        buf_str(out, chinese ? " 中断，已于 " : ", good again at ");
        put_moment(out, i->until_ms);
        buf_str(out, chinese ? " 恢复" : "");
        return;
    }
    if (i->kind == INCIDENT_SINK)
        buf_str(out, chinese ? " 起未能送达" : " nothing got through");
    else
        buf_str(out, chinese ? " 起没有可用的数据" : " nothing usable came");
    if (i->lots)
        buf_printf(out, chinese ? "，影响 %zu 个停车场" : i->lots == 1 ? ", %zu lot" : ", %zu lots", i->lots);
    if (i->reason[0])
        buf_printf(out, chinese ? "；原因：%s" : "; %s", i->reason);
    buf_printf(out, chinese ? "。%s。" : ". Please %s.", advice(i, chinese));
}

void incident_message(const struct incident *v, size_t n, bool end, bool chinese, const char *district,
                      struct buf *out)
{
    if (chinese)
        buf_printf(out, "【%s 停车数据】%zu 处%s\n", district, n, end ? "已恢复" : "中断");
    else
        buf_printf(out, "[%s parking data] %zu %s\n", district, n,
                   end      ? "good again"
                   : n == 1 ? "interruption"
                            : "interruptions");
    for (size_t k = 0; k < n && k < INCIDENTS_SHOWN; k++) {
        incident_line(&v[k], chinese, out);
        buf_char(out, '\n');
    }
    if (n > INCIDENTS_SHOWN)
        buf_printf(out, chinese ? "…… 另有 %zu 处\n" : "… and %zu more\n", n - INCIDENTS_SHOWN);
}
