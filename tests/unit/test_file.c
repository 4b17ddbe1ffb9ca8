/* SPDX-License-Identifier: MIT
 * Files are read whole, and never beyond the buffer's ceiling.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "parkd/base/file.h"

static void reads_up_to_the_ceiling(void **state)
{
    static const struct {
        size_t bytes, ceiling;
        int want;
    } rows[] = {{0, 0, 0},
                {0, 9, 0},
                {1, 0, ERR_TOO_BIG},
                {9, 9, 0},
                {10, 9, ERR_TOO_BIG},
                {4096, 4096, 0},
                {4097, 4096, ERR_TOO_BIG},
                {70000, 70000, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[] = "/tmp/parkd-file-XXXXXX", bytes[70000];
        int fd = mkstemp(path);
        struct buf b;
        memset(bytes, 'b', sizeof bytes);
        assert_true(fd >= 0 && write(fd, bytes, rows[i].bytes) == (ssize_t)rows[i].bytes);
        buf_init(&b, rows[i].ceiling);
        assert_int_equal(file_read(path, &b), rows[i].want);
        if (!rows[i].want) {
            assert_int_equal(b.n, rows[i].bytes);
            assert_memory_equal(b.n ? b.p : "", bytes, b.n);
        }
        buf_fini(&b);
        close(fd);
        unlink(path);
    }
}

static void appends(void **state)
{
    struct buf b;
    FILE *f = fmemopen((char[]){'c', 'd'}, 2, "r");
    (void)state;
    buf_init(&b, 4);
    assert_int_equal(buf_put(&b, "ab", 2), 0);
    assert_int_equal(file_read_stream(f, &b), 0);
    assert_memory_equal(b.p, "abcd", 4);
    buf_fini(&b);
    (void)fclose(f);
}

static void says_why_it_cannot(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 100);
    errno = 0;
    assert_int_equal(file_read("/nonexistent/parkd", &b), ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file_read("/tmp", &b), ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(b.n, 0);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_up_to_the_ceiling),
        cmocka_unit_test(appends),
        cmocka_unit_test(says_why_it_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
