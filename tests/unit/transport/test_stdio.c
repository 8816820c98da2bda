/* SPDX-License-Identifier: Apache-2.0 */
/* A host that has closed its standard descriptors (a daemon that does so by hand): none of ours
 * takes their place, where the host's next message would go to the modem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_port.h"
#include "devlock.h"
#include "stream.h"

static char dir[] = "/tmp/iotsafe-stdio-XXXXXX";
static char socket_path[64], tty[64];
static int listener;

static bool by_socket(int *ret_fd)
{
	return stream_connect(socket_path, deadline_in_ms(5000), ret_fd) == ST_OK;
}

static bool by_device(int *ret_fd)
{
	return stream_open(tty, ret_fd) == ST_OK;
}

static bool by_port(int *ret_fd)
{
	return at_port_open(tty, 115200, false, dir, ret_fd) == ST_OK;
}

/* Its descriptor is its own secret: what the standard ones are afterwards tells. */
static bool by_lock(int *ret_fd)
{
	struct devlock *l;
	bool unclean;

	*ret_fd = fcntl(listener, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (devlock_new(dir, "at:/dev/ttyUSB2", &l) != ST_OK ||
	    devlock_enter(l, deadline_in_ms(5000), &unclean) != ST_OK || !devlock_can_share(l))
		return false;
	devlock_leave(l, false); /* the file stays open */
	return true;
}

static int in_child(bool (*open_one)(int *ret_fd))
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	for (int i = 0; i < 4; i++) {
		int fd = -1;

		if (!open_one(&fd))
			return 1;
		if (fd <= STDERR_FILENO || fcntl(fd, F_GETFD) != FD_CLOEXEC)
			return 2;
	}
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 3;
	return 0;
}

static void nothing_takes_their_place(void **state)
{
	bool (*const ways[])(int *ret_fd) = {by_socket, by_device, by_port, by_lock};
	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		pid_t pid = fork();
		int how = -1;

		if (pid == 0)
			_exit(in_child(ways[i]));
		assert_int_equal(waitpid(pid, &how, 0), pid);
		assert_true(WIFEXITED(how));
		assert_int_equal(WEXITSTATUS(how), 0);
	}
}

static int set_up(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int master, slave;
	(void)state;
	if (!mkdtemp(dir) || openpty(&master, &slave, tty, NULL, NULL) != 0)
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		return -1;
	return listen(listener, 32);
}

static int tear_down(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_takes_their_place),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
