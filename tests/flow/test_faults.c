/* SPDX-License-Identifier: Apache-2.0 */
/* Every fault at each APDU, and at each command to a modem, of a first listing, a signature, an
 * agreement and the reading of a file, on the link that the argument names: the module answers with
 * an error that Cryptoki allows, or with the right thing, in time; and with the fault gone the next
 * operation works. */
#include "faults_table.h"

int main(int argc, char **argv)
{
	const struct fault_set set = {.program = "faults",
				      .act = fault_acts,
				      .acts = FAULT_TABLE_ACTS,
				      .row = fault_rows,
				      .rows = fault_row_count,
				      .at_least = 50};

	return faults_main(argc, argv, &set);
}
