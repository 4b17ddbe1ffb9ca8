/* SPDX-License-Identifier: MIT
 * Certificates: of parkd's own listeners and of the platforms, as whoever connects sees them.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "parkctl/doctor.h"
#include "parkd/base/json.h"

#define LIMIT_S 5
#define SOON_S  (21 * 86400)

/* The first certificate's end; -1: not known. */
static time_t end_of(CURL *h)
{
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(h, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
        return -1;
    for (const struct curl_slist *l = info->certinfo[0]; l; l = l->next) {
        if (strncmp(l->data, "Expire date:", 12) == 0)
            return curl_getdate(l->data + 12, NULL);
    }
    return -1;
}

/* Connects, shakes hands, sends nothing. */
static time_t look(const char *url)
{
    CURL *h = curl_easy_init();
    if (!h)
        return -1;
    (void)curl_easy_setopt(h, CURLOPT_URL, url);
    (void)curl_easy_setopt(h, CURLOPT_CERTINFO, 1L);
    (void)curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L);
    (void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L); /* whoever signed it: when does it end? */
    (void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(h, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)LIMIT_S);
    time_t end = curl_easy_perform(h) == CURLE_OK ? end_of(h) : -1;
    curl_easy_cleanup(h);
    return end;
}

static void check(struct doctor *d, const char *whose, struct view url, const char *remedy)
{
    char text[1100];
    if (!view_starts(url, "https://") || view_copy(url, text, sizeof text))
        return;
    time_t end = look(text), now = time(NULL);
    if (end < 0)
        return; /* it cannot be reached: that is said of the platform itself */
    long long days = (long long)(end - now) / 86400;
    if (end < now)
        doctor_say(d, FINDING_BAD, "certificate", remedy, "of %s has run out", whose);
    else
        doctor_say(d, end - now < SOON_S ? FINDING_WARN : FINDING_OK, "certificate",
                   end - now < SOON_S ? remedy : "", "of %s ends in %lld days", whose, days);
}

void doctor_check_certificates(struct doctor *d)
{
    static const char renew[] = "renew it, then systemctl restart parkd";
    char whose[160];
    check(d, "the public listener", doctor_run(d, "public"), renew);
    check(d, "the staff's listener", doctor_run(d, "console"), renew);
    for (const struct json *s = json_first(json_get(d->status, "sinks")); s; s = json_next(s)) {
        (void)snprintf(whose, sizeof whose, "platform " VIEW_FMT, VIEW_ARG(json_text(json_get(s, "id"))));
        check(d, whose, json_text(json_get(s, "url")),
              "tell the platform's people: soon nothing can be told it");
    }
}
