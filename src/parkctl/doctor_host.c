/* SPDX-License-Identifier: MIT
 * The machine: files and who may read them, disk, memory, clock; and whether there is a backup.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>

#include "parkctl/doctor.h"
#include "parkd/base/file.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"

#define PATH_SIZE  1200
#define GIB        (1024.0 * 1024 * 1024)
#define BACKUP_OLD (48 * 3600)

void doctor_check_files(struct doctor *d)
{
    static const struct {
        const char *name;
        mode_t not ;
    } names[] = {
        {"", 022}, {"/master.key", 077}, {"/redis", 077}}; /* what lies open in the folder is no secret */
    char path[PATH_SIZE], proc[64];
    struct stat st;
    bool good = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", d->state, names[i].name);
        if (stat(path, &st) == 0 && (st.st_mode & names[i].not )) {
            good = false;
            doctor_say(
                d, FINDING_BAD, "files", "chmod go-rwx it; change the secrets if others may have read them",
                "%s may be read or written by others (mode %03o)", path, (unsigned)(st.st_mode & 0777));
        }
    }
    (void)snprintf(proc, sizeof proc, "/proc/%.0f", json_number(json_get(d->run, "pid")));
    if (d->run && stat(proc, &st) == 0 && st.st_uid == 0) {
        good = false;
        doctor_say(d, FINDING_WARN, "files",
                   "run it as a user of its own, as lib/systemd/system/parkd.service does",
                   "parkd runs as root");
    }
    if (good)
        doctor_say(d, FINDING_OK, "files", "", "the state directory is its owner's alone");
}

void doctor_check_disk(struct doctor *d)
{
    struct statvfs v;
    if (statvfs(d->state, &v)) {
        doctor_say(d, FINDING_WARN, "disk", "", "cannot be looked at: %s is not there", d->state);
        return;
    }
    double free_gib = (double)v.f_bavail * (double)v.f_frsize / GIB,
           share = v.f_blocks ? 100.0 * (double)v.f_bavail / (double)v.f_blocks : 0;
    bool little = free_gib < 1 || share < 2;
    if (little || share < 10)
        doctor_say(d, little ? FINDING_BAD : FINDING_WARN, "disk",
                   "make room: Redis stops taking updates when its file cannot grow",
                   "%.1f GiB free (%.0f %%)", free_gib, share);
    else
        doctor_say(d, FINDING_OK, "disk", "", "%.1f GiB free (%.0f %%)", free_gib, share);
}

/* In KiB; 0: not found. */
static double meminfo(const char *name)
{
    char line[128];
    double found = 0;
    size_t n = strlen(name);
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        struct view rest = view_trim(view_of(line + (strncmp(line, name, n) == 0 ? n : strlen(line))));
        if (rest.n && view_to_real(view_cut(&rest, ' '), &found))
            found = 0;
    }
    if (f)
        (void)fclose(f);
    return found;
}

void doctor_check_memory(struct doctor *d)
{
    double all = meminfo("MemTotal:"), left = meminfo("MemAvailable:");
    if (all <= 0)
        return;
    double share = 100 * left / all;
    doctor_say(d,
               share < 5    ? FINDING_BAD
               : share < 10 ? FINDING_WARN
                            : FINDING_OK,
               "memory",
               share < 10 ? "see what else runs here; the kernel ends the largest process when none is left"
                          : "",
               "%.1f of %.1f GiB available", left * 1024 / GIB, all * 1024 / GIB);
}

void doctor_check_clock(struct doctor *d)
{
    struct timex t = {.modes = 0};
    int state = adjtimex(&t);
    if (state == TIME_ERROR || (t.status & STA_UNSYNC))
        doctor_say(d, FINDING_WARN, "clock",
                   "run systemd-timesyncd or chrony: signatures of platforms and seq follow the clock",
                   "is not synchronised with any other");
    else
        doctor_say(d, FINDING_OK, "clock", "", "synchronised");
}

void doctor_check_backup(struct doctor *d)
{
    char path[PATH_SIZE];
    struct buf text;
    struct json *doc = NULL;
    int64_t at = 0;
    (void)snprintf(path, sizeof path, "%s/last-backup.json", d->state);
    buf_init(&text, 65536);
    bool known = file_read(path, &text) == 0 && json_parse(buf_get(&text), &doc, NULL) == 0 &&
                 iso8601_parse(json_text(json_get(doc, "at")), &at) == 0;
    int64_t age_s = (int64_t)time(NULL) - at / 1000;
    struct view file = json_text(json_get(doc, "file"));
    if (!known)
        doctor_say(d, FINDING_WARN, "backup", "parkctl backup FILE, every night (deploy/BACKUP.md)",
                   "there is none of this parkd");
    else if (age_s > BACKUP_OLD)
        doctor_say(d, FINDING_WARN, "backup", "see why the nightly one does not run",
                   "the last one is %lld hours old: " VIEW_FMT, (long long)(age_s / 3600), VIEW_ARG(file));
    else
        doctor_say(d, FINDING_OK, "backup", "", "%lld hours ago: " VIEW_FMT, (long long)(age_s / 3600),
                   VIEW_ARG(file));
    json_free(doc);
    buf_fini(&text);
}
