/* SPDX-License-Identifier: MIT
 * What the kernel knows of a connection that a library reads. A file of its own, because the kernel's
 * tcp_info, which counts bytes, and glibc's, which does not, cannot be seen at once.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/mqtt_link.h"

#define STATE_CLOSED 7 /* TCP_CLOSE and TCP_CLOSE_WAIT, which linux/tcp.h does not name */
#define STATE_ENDING 8

struct mqtt_socket mqtt_socket_look(int fd)
{
    struct mqtt_socket s = {false, 0};
    struct tcp_info info;
    socklen_t n = sizeof info;
    int unread = 0;
    memset(&info, 0, sizeof info); /* an older kernel fills less of it */
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) || ioctl(fd, SIOCINQ, &unread) || unread < 0)
        return s;
    s.ended = (info.tcpi_state == STATE_CLOSED || info.tcpi_state == STATE_ENDING) && unread == 0;
    uint64_t received = info.tcpi_bytes_received;
    s.taken = received > (uint64_t)unread ? received - (uint64_t)unread : 0;
    return s;
}
