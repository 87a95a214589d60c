/* Makes ip(8) talk to a model kernel: each netlink socket is one of a pair, and the model has the other.
 *
 * A netlink socket and a pair of SOCK_SEQPACKET do the same with datagrams, also with MSG_PEEK and MSG_TRUNC; only
 * addresses and options differ.  What else ip would ask the machine's own kernel finds nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int opened[64];

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

static int is_ours(int fd) {
    for (size_t n = 0; n < sizeof opened / sizeof *opened; n++)
        if (opened[n] == fd + 1)
            return 1;
    return 0;
}

/* Give the model the other end of a new socket, by the one that it has told us of. */
static int give(int fd, int other) {
    char byte = 0;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } right = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &right, .msg_controllen = sizeof right.bytes};
    memcpy(CMSG_DATA(&right.header), &other, sizeof other);
    return REAL(ssize_t (*)(int, const struct msghdr *, int), "sendmsg")(fd, &message, 0) == 1;
}

int socket(int family, int type, int protocol) {
    const char *number = getenv("MODEL_KERNEL_SOCKET");
    int both[2];
    if (family != AF_NETLINK || protocol != NETLINK_ROUTE || !number) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both) != 0)
        return -1;
    if (!give(atoi(number), both[1]))
        abort();
    REAL(int (*)(int), "close")(both[1]);
    for (size_t n = 0; n < sizeof opened / sizeof *opened; n++)
        if (!opened[n]) {
            opened[n] = both[0] + 1;
            return both[0];
        }
    abort();
}

int close(int fd) {
    for (size_t n = 0; n < sizeof opened / sizeof *opened; n++)
        if (opened[n] == fd + 1)
            opened[n] = 0;
    return REAL(int (*)(int), "close")(fd);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
    if (is_ours(fd))
        return 0;
    return REAL(int (*)(int, int, int, const void *, socklen_t), "setsockopt")(fd, level, option, value, size);
}

int bind(int fd, const struct sockaddr *address, socklen_t size) {
    if (is_ours(fd))
        return 0;
    return REAL(int (*)(int, const struct sockaddr *, socklen_t), "bind")(fd, address, size);
}

static void kernels(struct sockaddr *address) {
    struct sockaddr_nl name = {.nl_family = AF_NETLINK};
    memcpy(address, &name, sizeof name);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *size) {
    if (!is_ours(fd))
        return REAL(int (*)(int, struct sockaddr *, socklen_t *), "getsockname")(fd, address, size);
    kernels(address);
    *size = sizeof(struct sockaddr_nl);
    return 0;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    struct msghdr bare = *message;
    if (is_ours(fd)) {
        bare.msg_name = NULL;
        bare.msg_namelen = 0;
    }
    return REAL(ssize_t (*)(int, const struct msghdr *, int), "sendmsg")(fd, &bare, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    ssize_t size = REAL(ssize_t (*)(int, struct msghdr *, int), "recvmsg")(fd, message, flags);
    if (is_ours(fd) && size >= 0 && message->msg_name) {
        kernels(message->msg_name);
        message->msg_namelen = sizeof(struct sockaddr_nl);
    }
    return size;
}

unsigned int if_nametoindex(const char *name) {
    (void)name;
    errno = ENODEV;
    return 0;
}

char *if_indextoname(unsigned int index, char *name) {
    (void)index;
    (void)name;
    errno = ENXIO;
    return NULL;
}
