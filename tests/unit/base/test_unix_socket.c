/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "unix_socket.h"

/* Bound and not yet listening is what a daemon is for a moment at its start. */
static void bound_listening_closed(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char name[64], longer[70];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	snprintf(name, sizeof(name), "@iotsafe-unit-%d", (int)getpid());
	snprintf(longer, sizeof(longer), "%s0", name);
	memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	assert_false(unix_socket_listens(name, true));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_false(unix_socket_listens(name, true));
	assert_int_equal(listen(fd, 1), 0);
	assert_true(unix_socket_listens(name, false));
	assert_false(unix_socket_listens(name + 1, true));
	assert_false(unix_socket_listens(longer, true));
	close(fd);
	assert_false(unix_socket_listens(name, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bound_listening_closed)};

	return cmocka_run_group_tests_name("unix_socket", tests, NULL, NULL);
}
