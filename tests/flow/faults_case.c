/* SPDX-License-Identifier: Apache-2.0 */
/* One case: a healthy start, a fault at one APDU or command, what the module said, and whether the
 * next operation works once the fault is gone. */
#include "faults.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig_clock.h"
#include "rig_process.h"
#include "soak.h"

/* timeout = 2, half a second to give a channel back that the call leaves behind (CLOSE_GRACE_MS in
 * core/channel.c), and what a busy machine adds to it; the promise for the next operation is 2. The
 * sanitized build is slow, and there for other things. */
#ifdef __SANITIZE_ADDRESS__
static const double CALL_MAX = 2.0 + 0.5 + 1.0, NEXT_MAX = 2.0 + 1.0;
#else
static const double CALL_MAX = 2.0 + 0.5 + 0.3, NEXT_MAX = 2.0;
#endif
static const double STILL_S = 0.2;
enum { CASE_MAX_S = 40, RUNS_MAX = 3 };

/* The card computes so long while a hook strikes, and that often it is asked whether it does. */
#define PAUSE_MS "120"
enum { LOOK_MS = 10, IDLE_MS = 500, HEALED_MAX_MS = 30000 };

/* What the program's process and the rig's both see of a case. */
enum phase { NOT_ARMED, ARMED, OVER, HEALED };
struct page {
	struct fault_outcome o;
	_Atomic(enum phase) phase;
	atomic_bool struck; /* by a hook */
};
static struct page *page;

void fault_case_name(const struct fault_case *c, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s@%u%s%s%s%s%s in %s", c->row->name, c->at,
		 c->row->flags & FOR_EVER ? "x0" : "x1", c->row->param ? ":" : "",
		 c->row->param ? c->row->param : "", c->row->with ? " with " : "",
		 c->row->with ? c->row->with : "", c->act->name);
}

__attribute__((format(printf, 2, 3))) static void trouble(struct fault_outcome *o, const char *fmt,
							  ...)
{
	va_list ap;

	if (o->trouble[0])
		return; /* the first is the cause */
	va_start(ap, fmt);
	vsnprintf(o->trouble, sizeof(o->trouble), fmt, ap);
	va_end(ap);
}

/* Whatever the machine does. */
#define GRAVE(o, ...) ((o)->grave = true, trouble(o, __VA_ARGS__))

/* --- the simulator --- */

/* A modem that knows its clients knows them after a reset of the card too: what is noted of them
 * has to stay. */
static void forget_shared_channel(const struct rig *r)
{
	char path[400];
	DIR *d;

	snprintf(path, sizeof(path), "%s/lock", r->dir);
	d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		snprintf(path, sizeof(path), "%s/lock/%s", r->dir, e->d_name);
		unlink(path); /* fails for . and .. */
	}
	if (d)
		closedir(d);
}

/* A reset or a swap is a new insertion to pcscd, which looks about twice a second. */
static void reader_settles(const struct rig *r)
{
	const struct timespec pause = {1, 200000000};

	if (rig_over_pcsc(r->opt.link))
		nanosleep(&pause, NULL);
}

/* As after power-on, with nobody's channel open. */
static void start_healthy(const struct rig *r, const struct fault_row *row)
{
	rig_control(r, "fault clear", NULL, 0);
	rig_control(r, r->opt.t0 || row->flags & OVER_T0 ? "config set t0 yes" : "config set t0 no",
		    NULL, 0);
	rig_control(r, "reset", NULL, 0);
	if (!rig_over_qmi(r->opt.link))
		forget_shared_channel(r);
	reader_settles(r);
}

static void arm_pause(const struct fault_case *c, const struct rig *r)
{
	char text[40];

	snprintf(text, sizeof(text), "fault C10@%u:" PAUSE_MS, c->at);
	rig_control(r, text, NULL, 0);
	page->phase = ARMED;
}

static void arm(const struct fault_case *c, const struct rig *r)
{
	const struct fault_row *row = c->row;
	char text[200];
	bool swaps = row->flags & SWAPS;

	if (c->hook) {
		page->struck = row->flags & ONCE;
		if (!page->struck)
			arm_pause(c, r);
		return;
	}
	snprintf(text, sizeof(text), "fault %s@%u%s%s%s%s", row->name, c->at,
		 row->flags & FOR_EVER ? "x0" : "x1", row->param ? ":" : "",
		 row->param ? row->param : "", swaps ? c->other : "");
	rig_control(r, text, NULL, 0);
	if (!row->with)
		return;
	snprintf(text, sizeof(text), "fault %s", row->with);
	rig_control(r, text, NULL, 0);
}

/* Strikes of the fault that was armed first. */
static unsigned strikes(const struct rig *r)
{
	char text[2048];
	const char *at;

	rig_control(r, "fault list", text, sizeof(text));
	at = strstr(text, "struck ");
	return at ? (unsigned)strtoul(at + 7, NULL, 10) : 0;
}

/* It comes back by itself. */
static void await_plugged(const struct rig *r)
{
	for (int ms = 0; ms < 2000 && access(r->port, F_OK) != 0; ms += 10)
		rig_pause_ms(10);
}

static void make_healthy(const struct fault_case *c, const struct rig *r)
{
	char text[200];

	rig_control(r, "fault clear", NULL, 0);
	if (c->hook)
		return;
	if (strcmp(c->row->name, "F28") == 0)
		rig_pause_ms(750); /* the port is free again */
	if (strcmp(c->row->name, "F27") == 0)
		await_plugged(r);
	if (!(c->row->flags & SWAPS))
		return;
	snprintf(text, sizeof(text), "swap %s", r->card);
	rig_control(r, text, NULL, 0);
}

/* --- hooks --- */

bool fault_has_struck(void)
{
	return page && page->struck;
}

static bool lasts(const struct fault_case *c)
{
	return c->hook && c->row->flags & ONCE;
}

static void begin(const struct fault_case *c, struct rig *r)
{
	if (c->hook && c->hook->begin)
		c->hook->begin(r);
}

static void end(const struct fault_case *c, struct rig *r, struct fault_outcome *o)
{
	const char *wrong = c->hook && c->hook->end ? c->hook->end(r) : NULL;

	if (wrong)
		trouble(o, "%s", wrong);
}

/* In the program: the act is over, the rig's process may heal. */
static void await_healed(const struct rig *r, const struct fault_case *c, struct fault_outcome *o)
{
	page->phase = OVER;
	for (int ms = 0; page->phase != HEALED; ms++) {
		if (ms > HEALED_MAX_MS) {
			trouble(o, "nobody healed it");
			return;
		}
		rig_pause_ms(1);
	}
	if (c->row->flags & HEIR)
		return;
	reader_settles(r);
	scene_await_present(r);
}

/* In the rig's process. */
static void tend(const struct fault_case *c, struct rig *r, pid_t program)
{
	enum phase now = page->phase;

	if (!c->hook || now == NOT_ARMED || now == HEALED)
		return;
	if (!page->struck && strikes(r) > 0) {
		page->struck = true;
		if (c->hook->strike)
			c->hook->strike(r, program);
	}
	if (now != OVER)
		return;
	if (page->struck && c->hook->heal)
		c->hook->heal(r);
	page->phase = HEALED;
}

/* --- the program --- */

static void prepare(struct scene *s, const struct fault_case *c, struct fault_outcome *o)
{
	CK_RV rv = s->r->f->C_Initialize(NULL);

	if (rv == CKR_OK && (!lasts(c) || c->row->flags & UNNOTICED))
		scene_await_present(s->r);
	if (rv == CKR_OK && c->act->prepare)
		rv = c->act->prepare(s);
	if (rv != CKR_OK || s->wrong)
		trouble(o, "before the fault: %#lx, %s", rv, s->wrong ? s->wrong : "nothing wrong");
}

static void judge(const struct scene *s, const struct fault_case *c, size_t from,
		  struct fault_outcome *o)
{
	bool (*allows)(const char *, CK_RV) = c->act->allows ? c->act->allows : scene_allows;
	double most = CALL_MAX + c->act->grace;

	for (size_t i = from; i < s->calls; i++) {
		const struct scene_call *call = &s->call[i];

		if (!allows(call->function, call->rv))
			GRAVE(o, "%s answered %#lx", call->function, call->rv);
		if (call->seconds > most)
			trouble(o, "%s took %.2f s", call->function, call->seconds);
	}
	if (s->wrong)
		GRAVE(o, "%s", s->wrong);
}

/* The swap back is a change like any other: told once, then a new session works. A virtual reader
 * does not tell of a swap within a transaction: then it is the check of the signature that finds
 * the wrong card's objects, and makes them be read anew. */
static bool told_of_swap(const struct rig *r, CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID ||
	       (rig_over_pcsc(r->opt.link) && rv == CKR_DEVICE_ERROR);
}

static CK_RV next(struct scene *s, const struct fault_case *c, bool *ret_right,
		  struct fault_outcome *o)
{
	double began = rig_seconds();
	CK_RV rv = c->act->next(s, ret_right);

	o->next_s = rig_seconds() - began;
	return rv;
}

static void is_in_time(struct fault_outcome *o)
{
	if (o->next_s > NEXT_MAX)
		trouble(o, "the next operation took %.2f s", o->next_s);
}

static bool may_lose_proxy(const struct rig *r, const struct fault_case *c)
{
	bool own = c->at == 1 && !c->act->prepare && c->row->flags & PROXY_KNOWS_FIRST;

	return rig_over_proxy(r->opt.link) && c->row->flags & PROXY_LOST && !own;
}

static void recover(struct scene *s, const struct fault_case *c, struct fault_outcome *o)
{
	size_t from = s->calls;
	bool right = false;
	CK_RV rv = next(s, c, &right, o);

	if (c->row->flags & SWAPS && told_of_swap(s->r, rv)) {
		is_in_time(o);
		rv = next(s, c, &right, o);
	}
	if (rv == CKR_DEVICE_ERROR && may_lose_proxy(s->r, c) && !o->lost_proxy) {
		o->lost_proxy = true; /* what now is up to whoever restarts it */
		judge(s, c, from, o);
		return;
	}
	is_in_time(o);
	if (s->wrong)
		GRAVE(o, "after the fault: %s", s->wrong);
	else if (rv != CKR_OK)
		trouble(o, "after the fault: %#lx", rv);
	else if (!right)
		GRAVE(o, "after the fault: key %lu, certificate %lu, of %lu objects", s->key,
		      s->certificate, s->objects);
	if (o->trouble[0])
		scene_print(s, from);
	unsigned open = scene_channels(s->r), most = c->row->flags & MAY_LEAK ? 2 : 1;
	if (open > most)
		trouble(o, "%u channels are open", open);
}

/* The act, under the fault, and what came of it. */
static void suffer(struct scene *s, const struct fault_case *c, struct rig *r,
		   struct fault_outcome *o)
{
	size_t from = s->calls;
	bool right = false;

	arm(c, r);
	if (!lasts(c))
		begin(c, r);
	CK_RV rv = c->act->run(s, &right);
	end(c, r, o);
	o->went_well = rv == CKR_OK && right;
	if (c->hook)
		await_healed(r, c, o);
	else
		o->strikes = strikes(r);
	o->struck = c->hook ? page->struck : o->strikes > 0;
	if ((c->counts || (o->struck && c->row->flags & UNNOTICED)) && !o->went_well)
		trouble(o, "%#lx", rv);
	judge(s, c, from, o);
}

static void program(struct rig *r, const struct fault_case *c, struct fault_outcome *o)
{
	static struct scene s;

	s.r = r;
	if (lasts(c))
		begin(c, r);
	prepare(&s, c, o);
	if (o->trouble[0]) {
		scene_print(&s, 0);
		rig_log_dump(r, rig_log_mark(r));
		return;
	}
	size_t from = s.calls, mark = rig_log_mark(r);
	suffer(&s, c, r, o);
	if (!(c->row->flags & HEIR))
		make_healthy(c, r);
	if (c->row->name[0] == 'C')
		reader_settles(r);
	if (c->row->flags & SWAPS)
		reader_settles(r); /* out and in, twice */
	if (o->struck && !(c->row->flags & HEIR))
		recover(&s, c, o);
	if (o->trouble[0]) {
		scene_print(&s, from);
		rig_log_dump(r, mark);
	}
}

/* --- leaks --- */

static unsigned descriptors(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* LeakSanitizer's, where this is built with it. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void child(struct rig *r, const struct fault_case *c, struct fault_outcome *o)
{
	unsigned before = descriptors(), after;
	int kept = may_lose_proxy(r, c) ? fault_log_begins(r) : -1;
	char remedy[40];
	CK_RV rv;

	program(r, c, o);
	rv = r->f->C_Finalize(NULL);
	if (rv != CKR_OK)
		trouble(o, "C_Finalize answered %#lx", rv);
	snprintf(remedy, sizeof(remedy), "restart %s", rig_link_name(r->opt.link));
	if (kept >= 0 && !fault_log_ends(r, kept, remedy) && o->lost_proxy)
		GRAVE(o, "nobody is told to %s", remedy);
	after = descriptors();
	if (after != before)
		GRAVE(o, "%u descriptors before, %u afterwards", before, after);
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0)
		GRAVE(o, "memory leaked");
}

/* --- another program, afterwards --- */

static void heir(struct rig *r, const struct fault_case *c, struct fault_outcome *o)
{
	static struct scene s;
	CK_RV rv = r->f->C_Initialize(NULL);

	s.r = r;
	if (rv != CKR_OK)
		trouble(o, "C_Initialize answered %#lx", rv);
	scene_await_present(r);
	recover(&s, c, o);
	rv = r->f->C_Finalize(NULL);
	if (rv != CKR_OK)
		trouble(o, "C_Finalize answered %#lx", rv);
}

/* --- in a process of its own --- */

static void ended(const struct fault_case *c, int st, struct fault_outcome *o)
{
	if (WIFSIGNALED(st) && c->row->flags & HEIR && WTERMSIG(st) == SIGKILL)
		o->struck = page->struck;
	else if (WIFSIGNALED(st) && WTERMSIG(st) == SIGABRT)
		trouble(o, "an assertion failed");
	else if (WIFSIGNALED(st))
		GRAVE(o, "killed by signal %d", WTERMSIG(st));
	else if (WEXITSTATUS(st) != 0)
		GRAVE(o, "exit status %d", WEXITSTATUS(st));
}

static void await(const struct fault_case *c, struct rig *r, pid_t pid, struct fault_outcome *o)
{
	double until = rig_seconds() + CASE_MAX_S;
	int st = 0;

	while (!rig_process_ends(pid, c->hook ? LOOK_MS : IDLE_MS)) {
		tend(c, r, pid);
		if (rig_seconds() < until)
			continue;
		GRAVE(o, "it hangs");
		kill(pid, SIGABRT);
		waitpid(pid, &st, 0);
		page->phase = OVER;
		tend(c, r, pid);
		return;
	}
	waitpid(pid, &st, 0);
	ended(c, st, o);
}

static void run_in_child(void (*run)(struct rig *r, const struct fault_case *c,
				     struct fault_outcome *o),
			 struct rig *r, const struct fault_case *c)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends the child */
		run(r, c, &page->o);
		_exit(0);
	}
	await(c, r, pid, &page->o);
}

static void turn_page(void)
{
	if (!page)
		page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	assert_true(page != MAP_FAILED);
	page->o = (struct fault_outcome){0};
	page->phase = NOT_ARMED;
	page->struck = false;
}

/* As the log of the module tells its reader to do: then all must be well. */
static void restart_proxy(struct rig *r, const struct fault_case *c)
{
	rig_service_stop(r, SIGKILL);
	rig_service_start(r);
	if (page->o.trouble[0])
		return; /* it was for the cases to come, whosever fault this one is */
	page->phase = HEALED;
	run_in_child(heir, r, c);
}

static void run_once(struct rig *r, const struct fault_case *c)
{
	turn_page();
	start_healthy(r, c->row);
	if (c->hook && c->hook->before)
		c->hook->before(r);
	run_in_child(child, r, c);
	if (c->hook && c->hook->after)
		c->hook->after(r);
	if (c->row->flags & HEIR && page->o.struck && !page->o.trouble[0]) {
		page->phase = HEALED;
		run_in_child(heir, r, c);
	}
	if (page->o.lost_proxy || (page->o.trouble[0] && rig_over_proxy(r->opt.link)))
		restart_proxy(r, c);
	if (soak_lock_is_stuck(r))
		GRAVE(&page->o, "the lock is stuck");
}

/* The module's deadlines go on while the machine stands still: then the case has shown nothing. */
void fault_case_run(struct rig *r, const struct fault_case *c, struct fault_outcome *ret_o)
{
	double lost, seconds = 0;
	int runs = 0;

	do {
		lost = rig_clock_lost();
		run_once(r, c);
		seconds = rig_clock_lost() - lost;
	} while (page->o.trouble[0] && seconds > STILL_S && ++runs < RUNS_MAX);
	*ret_o = page->o;
}

unsigned fault_case_events(struct rig *r, const struct fault_act *act, char family)
{
	/* delays of no length, for ever: strikes are counted */
	const struct fault_row row = {
		family == 'C' ? "C10" : "F14", "0", NULL, ON_ALL, 0, FOR_EVER};
	struct fault_case c = {&row, act, 1, NULL, true, NULL};
	struct fault_outcome o;
	int runs = 0;

	do {
		fault_case_run(r, &c, &o);
	} while (o.trouble[0] && !o.grave && ++runs < RUNS_MAX);
	if (o.trouble[0])
		fail_msg("%s on a healthy card: %s", act->name, o.trouble);
	return o.strikes;
}
