/* SPDX-License-Identifier: Apache-2.0 */
/* The core's outcomes as the library's errors, and words for people. */
#include <stdarg.h>
#include <stdio.h>

#include "config.h"
#include "sim.h"

/* What stands not here is none of the core's: a mistake. */
static const unsigned char errors[ST_COUNT] = {
	/* clang-format off */
	[ST_ARG]              = IOTSAFE_E_ARG,
	[ST_NOMEM]            = IOTSAFE_E_MEMORY,
	[ST_SHORT_OUT]        = IOTSAFE_E_BUFFER,
	[ST_CONFIG]           = IOTSAFE_E_CONFIG,
	[ST_NO_SLOT]          = IOTSAFE_E_ARG,
	[ST_NOT_INIT]         = IOTSAFE_E_FORKED,
	[ST_NO_OBJECT]        = IOTSAFE_E_OTHER_SIM,
	[ST_CRYPTO]           = IOTSAFE_E_CRYPTO,
	[ST_TRUNCATED]        = IOTSAFE_E_LINK,
	[ST_MALFORMED]        = IOTSAFE_E_LINK,
	[ST_DESYNC]           = IOTSAFE_E_LINK,
	[ST_NO_DEVICE]        = IOTSAFE_E_NO_DEVICE,
	[ST_DENIED_DEVICE]    = IOTSAFE_E_DENIED,
	[ST_BUSY_DEVICE]      = IOTSAFE_E_TAKEN,
	[ST_NO_SERVICE]       = IOTSAFE_E_NO_SERVICE,
	[ST_TIMEOUT]          = IOTSAFE_E_TIMEOUT,
	[ST_IO]               = IOTSAFE_E_LINK,
	[ST_UNSUPPORTED_LINK] = IOTSAFE_E_UNSUPPORTED,
	[ST_NO_CARD]          = IOTSAFE_E_NO_SIM,
	[ST_CARD_GONE]        = IOTSAFE_E_NO_SIM,
	[ST_CARD_CHANGED]     = IOTSAFE_E_OTHER_SIM,
	[ST_CARD_BUSY]        = IOTSAFE_E_BUSY,
	[ST_SIM_PIN]          = IOTSAFE_E_SIM_PIN,
	[ST_NO_CHANNEL]       = IOTSAFE_E_BUSY,
	[ST_CHANNEL_LOST]     = IOTSAFE_E_LINK,
	[ST_NO_APPLET]        = IOTSAFE_E_NO_APPLET,
	[ST_SW_NOT_FOUND]     = IOTSAFE_E_NOT_FOUND,
	[ST_SW_CONDITIONS]    = IOTSAFE_E_REFUSED,
	[ST_SW_SECURITY]      = IOTSAFE_E_PIN_NEEDED,
	[ST_SW_DATA]          = IOTSAFE_E_REFUSED,
	[ST_SW_PARAMS]        = IOTSAFE_E_REFUSED,
	[ST_SW_LENGTH]        = IOTSAFE_E_REFUSED,
	[ST_SW_INS]           = IOTSAFE_E_UNSUPPORTED,
	[ST_SW_CLASS]         = IOTSAFE_E_UNSUPPORTED,
	[ST_SW_LOCKED]        = IOTSAFE_E_BUSY,
	[ST_SW_SESSIONS]      = IOTSAFE_E_BUSY,
	[ST_SW_MEMORY]        = IOTSAFE_E_REFUSED,
	[ST_SW_INTEGRITY]     = IOTSAFE_E_REFUSED,
	[ST_SW_SIGNATURE]     = IOTSAFE_E_REFUSED,
	[ST_SW_OFFSET]        = IOTSAFE_E_REFUSED,
	[ST_SW_PIN_WRONG]     = IOTSAFE_E_PIN_WRONG,
	[ST_SW_PIN_BLOCKED]   = IOTSAFE_E_PIN_BLOCKED,
	[ST_SW_OTHER]         = IOTSAFE_E_REFUSED,
	[ST_PIN_UNSURE]       = IOTSAFE_E_PIN_UNSURE,
	[ST_PIN_WRONG]        = IOTSAFE_E_PIN_WRONG,
	[ST_PIN_LOCKED]       = IOTSAFE_E_PIN_BLOCKED,
	/* rule A: what is only known here */
	[ST_USER_NOT_LOGGED_IN] = IOTSAFE_E_PIN_WITHHELD,
	[ST_STORE]            = IOTSAFE_E_PIN_WITHHELD,
	[ST_KEY_UNUSABLE]     = IOTSAFE_E_KEY,
	[ST_KEY_KIND]         = IOTSAFE_E_KEY,
	[ST_DATA_LEN]         = IOTSAFE_E_LENGTH,
	[ST_POINT_INVALID]    = IOTSAFE_E_LINK, /* of the card: see PEER_INVALID */
	[ST_PEER_INVALID]     = IOTSAFE_E_POINT,
	[ST_SIG_BAD]          = IOTSAFE_E_SIGNATURE,
	[ST_SIG_LEN]          = IOTSAFE_E_SIGNATURE,
	[ST_NO_ENTRY]         = IOTSAFE_E_NOT_FOUND,
	[ST_UNSUPPORTED]      = IOTSAFE_E_UNSUPPORTED,
	/* clang-format on */
};

enum iotsafe_error error_of(status st)
{
	if (st == ST_OK)
		return IOTSAFE_OK;
	if ((unsigned)st >= ST_COUNT || errors[st] == 0)
		return IOTSAFE_E_INTERNAL;
	return (enum iotsafe_error)errors[st];
}

static const struct {
	const char *text, *remedy;
} words[] = {
	[IOTSAFE_OK] = {"success", "nothing is to be done"},
	[IOTSAFE_E_ARG] = {"an argument makes no sense",
			   "read what <iotsafe.h> says of the call; iotsafe_why may name it"},
	[IOTSAFE_E_MEMORY] = {"out of memory", "free some"},
	[IOTSAFE_E_BUFFER] = {"the output buffer is too small",
			      "call again with as much as the call told in *ret_n"},
	[IOTSAFE_E_INTERNAL] = {"a mistake of the library",
				"report it with what IOTSAFE_LOG=trace shows"},
	[IOTSAFE_E_FORKED] = {"the handle belongs to the process that forked this one",
			      "close it and open the SIM in this process"},
	[IOTSAFE_E_CONFIG] = {"the configuration file is wrong or not to be trusted",
			      "correct the line that iotsafe_why names"},
	[IOTSAFE_E_CRYPTO] = {"libcrypto cannot be used, or is shut down",
			      "close the handle before OPENSSL_cleanup and exit handlers"},
	[IOTSAFE_E_NO_DEVICE] = {"there is no such device",
				 "check path, cable and reader: \"iotsafe doctor\" tells more"},
	[IOTSAFE_E_DENIED] = {"no permission for the device", "add the user to its group"},
	[IOTSAFE_E_TAKEN] = {"another program owns the device",
			     "stop it, or reach the modem beside it by its proxy (mbim:, qmi:)"},
	[IOTSAFE_E_NO_SERVICE] = {"the service of the device does not run",
				  "start pcscd, or what starts the modem's proxy (ModemManager)"},
	[IOTSAFE_E_TIMEOUT] = {"no answer, or no turn, in time",
			       "try again, or open the SIM with a longer timeout"},
	[IOTSAFE_E_LINK] = {"the link failed, or what came over it is nonsense",
			    "try again; if it stays, IOTSAFE_LOG=trace shows the exchanges"},
	[IOTSAFE_E_NO_SIM] = {"there is no SIM in the reader or modem", "insert it"},
	[IOTSAFE_E_OTHER_SIM] = {"another SIM is there, or the object is of another one",
				 "check which SIM it is, and list its objects again"},
	[IOTSAFE_E_BUSY] = {"the SIM, or all of its channels, are in use", "try again"},
	[IOTSAFE_E_SIM_PIN] = {"the modem wants the SIM's PIN before anything else",
			       "unlock the SIM as for its network, or disable that PIN"},
	[IOTSAFE_E_NO_APPLET] = {"the SIM has no IoT SAFE applet that is known",
				 "name its AID in the slot's `aid`, or use another SIM"},
	[IOTSAFE_E_NOT_FOUND] = {"there is no such object", "list what there is"},
	[IOTSAFE_E_REFUSED] = {"the applet refuses",
			       "iotsafe_why has the status word that it gave"},
	[IOTSAFE_E_PIN_NEEDED] = {"the applet asks for a PIN first", "verify the PIN"},
	[IOTSAFE_E_PIN_WRONG] = {"the PIN is wrong",
				 "ask for another one: only some tries are left"},
	[IOTSAFE_E_PIN_BLOCKED] = {"the PIN is blocked",
				   "unblock it with its PUK: iotsafe unblock"},
	[IOTSAFE_E_PIN_UNSURE] = {"the PIN was sent and the answer is lost",
				  "query the PIN before anything else"},
	[IOTSAFE_E_PIN_WITHHELD] = {"the PIN was not sent, to spare the tries that are left",
				    "correct the stored PIN, or let a person enter it"},
	[IOTSAFE_E_KEY] = {"the object is empty or not made for this",
			   "choose another: its kind, usage and state tell"},
	[IOTSAFE_E_LENGTH] = {"the data has a length that does not fit",
			      "read what <iotsafe.h> says of the lengths"},
	[IOTSAFE_E_POINT] = {"the peer's public key is not a point of the key's curve",
			     "distrust the peer"},
	[IOTSAFE_E_SIGNATURE] = {"what the SIM signed does not verify under its public key",
				 "check that the SIM's key and certificate belong together"},
	[IOTSAFE_E_UNSUPPORTED] = {"the SIM or its link has no such command",
				   "use another SIM, or do without"},
};

_Static_assert(ARRAY_LEN(words) == IOTSAFE_ERRORS, "words for each error");

static bool is_known(enum iotsafe_error error)
{
	return (unsigned)error < IOTSAFE_ERRORS;
}

const char *iotsafe_text(enum iotsafe_error error)
{
	return is_known(error) ? words[error].text : "an unknown error";
}

const char *iotsafe_remedy(enum iotsafe_error error)
{
	return is_known(error) ? words[error].remedy : "use the library that the header belongs to";
}

static __thread char why[SETTINGS_ERROR_MAX];

void error_why(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(why, sizeof(why), fmt, ap) < 0)
		why[0] = '\0';
	va_end(ap);
}

const char *iotsafe_why(void)
{
	return why;
}

const char *iotsafe_version(void)
{
	return IOTSAFE_VERSION;
}
