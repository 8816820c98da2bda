/* SPDX-License-Identifier: Apache-2.0 */
#include "pcsc_fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pcsc.h"

int pcsc_fd_next(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

void pcsc_fd_note(struct pcsc_fd *f, int fd)
{
	struct sockaddr_un sa = {0};
	socklen_t n = sizeof(sa) - 1; /* the path stays terminated */
	struct stat st;

	*f = (struct pcsc_fd){.fd = -1};
	if (fd < 0 || getpeername(fd, (struct sockaddr *)&sa, &n) != 0 || fstat(fd, &st) != 0)
		return;
	if (sa.sun_family != AF_UNIX || strcmp(sa.sun_path, pcsc_socket_path()) != 0)
		return;
	*f = (struct pcsc_fd){.fd = fd, .device = st.st_dev, .inode = st.st_ino};
}

void pcsc_fd_close(struct pcsc_fd *f)
{
	struct stat st;

	if (f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_dev == f->device && st.st_ino == f->inode)
		close(f->fd);
	f->fd = -1;
}
