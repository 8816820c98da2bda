/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a row's causes is taken for a slot: by link, by the way to it, by who asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "doctor_blame.h"
#include "uri.h"

static struct blame blame(const char *uri, status st, enum step reached)
{
	struct settings_slot slot = {.name = "modem"};
	struct blame b = {0};

	assert_int_equal(uri_parse(uri, &slot.uri), ST_OK);
	doctor_blame(&slot, st, reached, &b);
	return b;
}

static void check(const char *uri, status st, enum step step, const char *cause, const char *remedy)
{
	struct blame b = blame(uri, st, STEP_DEVICE);

	assert_int_equal(b.step, step);
	if (!strstr(b.cause, cause) || !strstr(b.remedy, remedy))
		fail_msg("%s: \"%s\" -> \"%s\"", uri, b.cause, b.remedy);
	assert_true(strlen(b.remedy) < sizeof(b.remedy) - 1); /* none is cut */
}

static void test_timeout(void **state)
{
	(void)state;
	check("qmi:/dev/null", ST_TIMEOUT, STEP_DEVICE, "through qmi-proxy", "restart qmi-proxy");
	check("mbim:/dev/null", ST_TIMEOUT, STEP_DEVICE, "through mbim-proxy",
	      "restart mbim-proxy");
	/* without a proxy there is none to restart */
	check("qmi:/dev/null?direct=1", ST_TIMEOUT, STEP_DEVICE, "the modem does not answer",
	      "Restart the modem");
	check("mbim:/dev/null?direct=1", ST_TIMEOUT, STEP_DEVICE, "the modem does not answer",
	      "Restart the modem");
	check("at:/dev/null", ST_TIMEOUT, STEP_DEVICE, "the port does not answer", "AT port");
	check("unix:/run/sim", ST_TIMEOUT, STEP_DEVICE, "no answer in time", "raise timeout");
}

static void test_step(void **state)
{
	(void)state;
	check("unix:/run/sim", ST_NO_CARD, STEP_SIM, "no SIM", "insert");
	/* what is known to have been reached was reached */
	assert_int_equal(blame("unix:/run/sim", ST_NO_CARD, STEP_OBJECTS).step, STEP_OBJECTS);
	/* no row: the status' own words */
	check("unix:/run/sim", ST_NOMEM, STEP_DEVICE, status_text(ST_NOMEM), "IOTSAFE_LOG=trace");
}

static void test_presence(void **state)
{
	(void)state;
	check("mbim:/dev/null", ST_NO_DEVICE, STEP_DEVICE, "this is no MBIM device", "readlink");
	check("mbim:/dev/not-there", ST_NO_DEVICE, STEP_DEVICE, "there is no such device", "cable");
	check("mbim:/dev/null?direct=1", ST_IO, STEP_DEVICE, "does not speak MBIM", "MBIM port");
	check("mbim:/dev/null", ST_IO, STEP_DEVICE, "mbim-proxy has lost the modem",
	      "restart mbim-proxy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_presence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
