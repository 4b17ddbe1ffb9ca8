/* SPDX-License-Identifier: MIT
 * Help, completion and the manual page, from the table.
 */
#include <string.h>

#include "parkctl/commands.h"

static void print_options(FILE *out, const struct command *cmd)
{
    struct word w;
    for (const char *at = cmd->options; next_word(&at, &w);)
        (void)fprintf(out, w.needed ? " --" VIEW_FMT "%s" : " [--" VIEW_FMT "%s]", VIEW_ARG(w.name),
                      w.flag     ? ""
                      : w.number ? " N"
                                 : " …");
}

void commands_print_help(FILE *out)
{
    for (size_t i = 0; i < commands_count; i++) {
        const struct command *cmd = &commands[i];
        if (i && strncmp(cmd->noun, commands[i - 1].noun, 4) != 0)
            (void)fputc('\n', out);
        (void)fprintf(out, "  %s%s%s%s%s", cmd->noun, cmd->verb[0] ? " " : "", cmd->verb,
                      cmd->args[0] ? " " : "", cmd->args);
        print_options(out, cmd);
        if (cmd->help[0])
            (void)fprintf(out, "\n        %s", cmd->help);
        (void)fputc('\n', out);
    }
}

static bool is_first_of_noun(size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(commands[k].noun, commands[i].noun) == 0)
            return false;
    }
    return true;
}

static void print_verbs(const char *noun)
{
    for (size_t k = 0; k < commands_count; k++) {
        if (strcmp(commands[k].noun, noun) == 0 && commands[k].verb[0])
            (void)printf("%s ", commands[k].verb);
    }
}

void commands_print_bash(void)
{
    struct word w;
    (void)printf("# bash completion of parkctl: by `parkctl completion bash`\n_parkctl() {\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                 "    case $COMP_CWORD in\n    1) words='");
    for (size_t i = 0; i < commands_count; i++) {
        if (is_first_of_noun(i))
            (void)printf("%s ", commands[i].noun);
    }
    (void)printf("' ;;\n    2)\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < commands_count; i++) {
        if (!is_first_of_noun(i))
            continue;
        (void)printf("        %s) words='", commands[i].noun);
        print_verbs(commands[i].noun);
        (void)printf("' ;;\n");
    }
    (void)printf("        esac ;;\n    *)\n        words='--json --state --staff --dry-run'\n"
                 "        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (size_t i = 0; i < commands_count; i++) {
        if (!commands[i].options[0])
            continue;
        (void)printf("        '%s %s') words+='", commands[i].noun, commands[i].verb);
        for (const char *at = commands[i].options; next_word(&at, &w);)
            (void)printf(" --" VIEW_FMT, VIEW_ARG(w.name));
        (void)printf("' ;;\n");
    }
    (void)printf(
        "        esac\n        [[ $word == -* ]] || { COMPREPLY=($(compgen -f -- \"$word\")); return; }\n"
        "        ;;\n    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
        "complete -F _parkctl parkctl\n");
}

/* --- the manual page --- */

static void man_one(const struct command *cmd)
{
    struct word w;
    (void)printf(".It Cm %s", cmd->noun);
    if (cmd->verb[0])
        (void)printf(" Cm %s", cmd->verb);
    for (const char *at = cmd->args; next_word(&at, &w);) {
        bool maybe = w.name.p[0] == '[';
        struct view name = maybe ? (struct view){w.name.p + 1, w.name.n - 2} : w.name;
        (void)printf(maybe ? " Op Ar " VIEW_FMT : " Ar " VIEW_FMT, VIEW_ARG(name));
    }
    (void)putchar('\n');
    for (const char *at = cmd->options; next_word(&at, &w);)
        (void)printf(w.needed ? ".Fl -" VIEW_FMT "%s\n" : ".Op Fl -" VIEW_FMT "%s\n", VIEW_ARG(w.name),
                     w.flag ? "" : " Ar value");
    if (cmd->options[0] && cmd->help[0])
        (void)printf(".Pp\n");
    (void)printf("%s\n", cmd->help[0] ? cmd->help : ".Pp");
}

void commands_print_man(void)
{
    (void)printf(
        ".\\\" by `parkctl completion man`\n.Dd 2026\n.Dt PARKCTL 1\n.Os parkd %s\n.Sh NAME\n.Nm parkctl\n"
        ".Nd registrations, people and state of a running parkd\n.Sh SYNOPSIS\n.Nm\n"
        ".Op Fl -state Ar DIR | Fl -staff Ar URL\n.Op Fl -json\n.Op Fl -dry-run\n.Ar noun verb ...\n"
        ".Sh DESCRIPTION\nA client of parkd's staff listener: by default its UNIX socket, which only its "
        "owner may open.\n.Bl -tag -width 4n\n",
        PARKD_VERSION);
    for (size_t i = 0; i < commands_count; i++)
        man_one(&commands[i]);
    (void)printf(".El\n.Sh OPTIONS\n.Bl -tag -width 4n\n"
                 ".It Fl -state Ar DIR\nparkd's state directory; run.json there names the staff listener.\n"
                 ".It Fl -staff Ar URL\nThe staff listener itself: http://127.0.0.1:8081 or unix:/path.\n"
                 ".It Fl -json\nPrints answers as they are.\n"
                 ".It Fl -dry-run\nShows what would be asked, and asks nothing.\n.El\n"
                 ".Sh ENVIRONMENT\n.Bl -tag -width 4n\n.It Ev PARKD_STATE_DIR\nThe state directory.\n"
                 ".It Ev PARKD_KEY\nThe bearer key for a staff listener over TCP.\n.El\n"
                 ".Sh EXIT STATUS\n0 done, 1 failed, 2 usage, 3 parkd not reachable, 4 not found.\n");
}
