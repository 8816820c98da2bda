/* SPDX-License-Identifier: Apache-2.0 */
/* The back ends that transport.c registers, one per URI scheme. */
#ifndef IOTSAFE_TRANSPORT_BACKENDS_H
#define IOTSAFE_TRANSPORT_BACKENDS_H

#include "transport.h"

extern const struct transport_ops transport_at;
extern const struct transport_ops transport_mbim;
extern const struct transport_ops transport_pcsc;
extern const struct transport_ops transport_qmi;
extern const struct transport_ops transport_unix;

#endif
