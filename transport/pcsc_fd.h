/* SPDX-License-Identifier: Apache-2.0 */
/* The socket behind a libpcsclite context. The library does not tell it, but a forked child has to
 * close it: as long as the child has it open, pcscd does not notice that the parent died, and the
 * parent's transaction blocks the card for everybody. */
#ifndef IOTSAFE_TRANSPORT_PCSC_FD_H
#define IOTSAFE_TRANSPORT_PCSC_FD_H

#include <sys/types.h>

struct pcsc_fd {
	int fd; /* -1: not known */
	dev_t device;
	ino_t inode;
};

/* The number that the next descriptor will most likely get. */
int pcsc_fd_next(void);
/* Notes fd if it is a connection to pcscd; else nothing is known, and close does nothing. */
void pcsc_fd_note(struct pcsc_fd *f, int fd);
/* Closes the very socket that was noted, if it is still there under its number. */
void pcsc_fd_close(struct pcsc_fd *f);

#endif
