/* SPDX-License-Identifier: Apache-2.0 */
#include "sw.h"

#include "mem.h"

struct row {
	uint16_t value, mask;
	struct sw_verdict verdict;
};

/* First match wins, so the exact words stand before their families. */
/* clang-format off */
static const struct row of_all[] = {
	{0x9000, 0xFFFF, {SW_DONE,       ST_OK,            "success"}},
	{0x9100, 0xFF00, {SW_DONE,       ST_OK,            "success, a proactive command waits"}},
	{0x6100, 0xFF00, {SW_FETCH,      ST_OK,            "data wait"}},
	{0x9F00, 0xFF00, {SW_FETCH,      ST_OK,            "data wait (legacy)"}},
	{0x6C00, 0xFF00, {SW_AGAIN_LE,   ST_OK,            "wrong Le"}},
	{0x63CF, 0xFFFF, {SW_DONE_DIRTY, ST_OK,            "success, a remote administration session ended"}},
	{0x6300, 0xFFFF, {SW_MORE_PAGES, ST_OK,            "success, more remains"}},
	{0x63C0, 0xFFFF, {SW_FAILED,     ST_SW_PIN_BLOCKED, "no tries left"}},
	{0x63C0, 0xFFF0, {SW_FAILED,     ST_SW_PIN_WRONG,  "verification failed, tries left"}},
	{0x6200, 0xFF00, {SW_DONE,       ST_OK,            "success with a warning"}},
	{0x6300, 0xFF00, {SW_DONE,       ST_OK,            "success with a warning"}},
	{0x6400, 0xFFFF, {SW_FAILED,     ST_SW_INTEGRITY,  "applet store integrity problem"}},
	{0x6581, 0xFFFF, {SW_FAILED,     ST_SW_MEMORY,     "memory problem"}},
	{0x6700, 0xFFFF, {SW_FAILED,     ST_SW_LENGTH,     "wrong length"}},
	{0x6881, 0xFFFF, {SW_FAILED,     ST_CHANNEL_LOST,  "logical channel not supported or closed"}},
	{0x6882, 0xFFFF, {SW_FAILED,     ST_SW_CLASS,      "secure messaging not supported"}},
	{0x6981, 0xFFFF, {SW_FAILED,     ST_SW_OFFSET,     "command does not fit the file"}},
	{0x6982, 0xFFFF, {SW_FAILED,     ST_SW_SECURITY,   "security status not satisfied"}},
	{0x6983, 0xFFFF, {SW_FAILED,     ST_SW_PIN_BLOCKED, "PIN blocked"}},
	{0x6984, 0xFFFF, {SW_FAILED,     ST_SW_LOCKED,     "object locked by remote administration"}},
	{0x6985, 0xFFFF, {SW_FAILED,     ST_SW_CONDITIONS, "conditions of use not satisfied"}},
	{0x6989, 0xFFFF, {SW_FAILED,     ST_SW_SESSIONS,   "no session free, or remote administration ended"}},
	{0x6999, 0xFFFF, {SW_FAILED,     ST_SW_NOT_FOUND,  "applet refused its selection"}},
	{0x6A80, 0xFFFF, {SW_FAILED,     ST_SW_DATA,       "incorrect data field"}},
	{0x6A81, 0xFFFF, {SW_FAILED,     ST_SW_PARAMS,     "function not supported"}},
	{0x6A82, 0xFFFF, {SW_FAILED,     ST_SW_NOT_FOUND,  "not found"}},
	{0x6A83, 0xFFFF, {SW_FAILED,     ST_SW_NOT_FOUND,  "not found"}},
	{0x6A84, 0xFFFF, {SW_FAILED,     ST_SW_MEMORY,     "no memory"}},
	{0x6A86, 0xFFFF, {SW_FAILED,     ST_SW_PARAMS,     "incorrect P1 or P2"}},
	{0x6A88, 0xFFFF, {SW_FAILED,     ST_SW_NOT_FOUND,  "referenced data not found"}},
	{0x6B00, 0xFFFF, {SW_FAILED,     ST_SW_OFFSET,     "offset outside the file"}},
	{0x6D00, 0xFFFF, {SW_FAILED,     ST_SW_INS,        "unknown INS"}},
	{0x6D01, 0xFFFF, {SW_FAILED,     ST_SW_SIGNATURE,  "signature does not verify"}},
	{0x6E00, 0xFFFF, {SW_FAILED,     ST_SW_CLASS,      "wrong class"}},
	{0x9300, 0xFFFF, {SW_FAILED,     ST_CARD_BUSY,     "toolkit busy"}},
	{0x0000, 0x0000, {SW_FAILED,     ST_SW_OTHER,      "unexpected status word"}},
};

static const struct row of_pins[] = {
	{0x9000, 0xFFFF, {SW_DONE,   ST_OK,             "success"}},
	{0x9100, 0xFF00, {SW_DONE,   ST_OK,             "success, a proactive command waits"}},
	{0x63C0, 0xFFFF, {SW_FAILED, ST_SW_PIN_BLOCKED, "no tries left"}},
	{0x63C0, 0xFFF0, {SW_FAILED, ST_SW_PIN_WRONG,   "tries left"}},
	{0x6700, 0xFFFF, {SW_FAILED, ST_SW_LENGTH,      "wrong length"}},
	{0x6C00, 0xFF00, {SW_FAILED, ST_SW_LENGTH,      "wrong Le"}},
	{0x6881, 0xFFFF, {SW_FAILED, ST_CHANNEL_LOST,   "logical channel not supported or closed"}},
	{0x6882, 0xFFFF, {SW_FAILED, ST_SW_CLASS,       "secure messaging not supported"}},
	{0x6983, 0xFFFF, {SW_FAILED, ST_SW_PIN_BLOCKED, "PIN blocked"}},
	{0x6984, 0xFFFF, {SW_FAILED, ST_SW_LOCKED,      "PIN disabled"}},
	{0x6985, 0xFFFF, {SW_FAILED, ST_SW_CONDITIONS,  "conditions of use not satisfied"}},
	{0x6A86, 0xFFFF, {SW_FAILED, ST_SW_PARAMS,      "incorrect P1 or P2"}},
	{0x6A88, 0xFFFF, {SW_FAILED, ST_SW_NOT_FOUND,   "no such PIN"}},
	{0x6D00, 0xFFFF, {SW_FAILED, ST_SW_INS,         "unknown INS"}},
	{0x6E00, 0xFFFF, {SW_FAILED, ST_SW_CLASS,       "wrong class"}},
	{0x9300, 0xFFFF, {SW_FAILED, ST_CARD_BUSY,      "toolkit busy"}},
	{0x0000, 0x0000, {SW_FAILED, ST_SW_OTHER,       "unexpected status word"}},
};
/* clang-format on */

static struct sw_verdict judge(const struct row *table, uint16_t sw)
{
	while ((sw & table->mask) != table->value)
		table++;
	return table->verdict;
}

struct sw_verdict sw_judge(uint16_t sw)
{
	return judge(of_all, sw);
}

struct sw_verdict sw_judge_pin(uint16_t sw)
{
	return judge(of_pins, sw);
}

int sw_tries(uint16_t sw)
{
	return sw & 0x0F;
}
