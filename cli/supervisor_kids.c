// Children: forked without exec, so that each has the configuration and the board where the parent has them; started again
// within a second whenever they die, and the time in which nobody did their work is told.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/supervisor.h"
#include "hw/clock.h"
#include "hw/log.h"

#define MS_NS UINT64_C(1000000)

enum {
	AGAIN_MS = 500,     // between the starts of a child that dies at once
	YOUNG_MS = 1000,    // it died at once
	HUNG_MS = 10000,    // without a turn
	TURN_MS = 2000,
};

void kids_init(struct supervisor *s)
{
	const struct run *r = s->run;
	s->kid[CHILD_COURIER] = (struct kid){.name = "courier", .main = courier_run, .wanted = true};
	s->kid[CHILD_KEEPER] = (struct kid){.name = "keeper", .main = keeper_run, .wanted = true};
	s->kid[CHILD_JUDGE] = (struct kid){.name = "judge", .main = judging_run, .wanted = true};
	s->kid[CHILD_SCOUT] = (struct kid){.name = "scout", .main = scouting_run, .wanted = r->scout_ask >= 0};
	s->kid[CHILD_WATCH] = (struct kid){.name = "watch", .main = watch_run, .wanted = true};
	for (int i = 0; i < CHILDREN; i++) // one that is not wanted has no name
		if (s->kid[i].wanted)
			snprintf(s->board->state.child[i].name, sizeof s->board->state.child[i].name, "%s", s->kid[i].name);
	s->board->state.n_children = CHILDREN;
}

// ---- starting ----------------------------------------------------------------------------------------------------

static void become(struct supervisor *s, enum child child)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct run *r = s->run;
	char name[16];
	sigset_t none;
	if (child != CHILD_KEEPER) // it saves what is on the ring, then it ends by itself
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != r->supervisor)
		_exit(RUN_TROUBLE);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN); // the supervisor says on the board what there is to do
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(name, sizeof name, "pw-%s", s->kid[child].name);
	prctl(PR_SET_NAME, name);
	// Of all that is open each needs only its own.
	int keep = child == CHILD_JUDGE ? r->scout_ask : child == CHILD_SCOUT ? r->scout_serve : -1;
	unsigned from = 3;
	if (keep >= 3) {
		close_range(from, (unsigned)keep - 1, 0);
		from = (unsigned)keep + 1;
	}
	close_range(from, ~0u, 0);
}

static void start(struct supervisor *s, enum child child)
{
	struct kid *k = &s->kid[child];
	struct sensor_child *told = &s->board->state.child[child];
	if (child == CHILD_WATCH) {
		s->run->watch_life = s->board->watch_deaths;
		__atomic_store_n(&s->board->watch_ready_ns, 0, __ATOMIC_RELEASE);
	}
	if (child == CHILD_JUDGE)
		__atomic_store_n(&s->board->judge_ready_ns, 0, __ATOMIC_RELEASE);
	if (child == CHILD_KEEPER)
		__atomic_store_n(&s->board->keeper_ready_ns, 0, __ATOMIC_RELEASE);
	pid_t pid = fork();
	if (pid == 0) {
		become(s, child);
		_exit(k->main(s->run));
	}
	k->started_ns = clock_mono_ns();
	if (pid < 0) {
		log_error("supervisor", "cannot start %s: %s", k->name, strerror(errno));
		k->again_ns = k->started_ns + AGAIN_MS * MS_NS;
		return;
	}
	k->pid = pid;
	told->pid = pid;
	told->started_ns = clock_wall_ns();
	log_info("supervisor", "%s is process %d", k->name, (int)pid);
}

void kids_start(struct supervisor *s)
{
	static const enum child order[] = {CHILD_COURIER, CHILD_KEEPER, CHILD_JUDGE, CHILD_SCOUT, CHILD_WATCH};
	for (size_t i = 0; i < CHILDREN; i++) {
		struct kid *k = &s->kid[order[i]];
		if (k->wanted && !k->over && k->pid == 0 && clock_mono_ns() >= k->again_ns)
			start(s, order[i]);
	}
}

void kids_start_keeper(struct supervisor *s)
{
	const struct kid *k = &s->kid[CHILD_KEEPER];
	if (k->wanted && !k->over && k->pid == 0)
		start(s, CHILD_KEEPER);
}

// ---- dying -------------------------------------------------------------------------------------------------------

// The last that is known of it: when it turned, else when it was started.
static uint64_t last_turn_ns(const struct supervisor *s, enum child child)
{
	const struct board *b = s->board;
	const uint64_t turned[CHILDREN] = {[CHILD_JUDGE] = b->judge_turned_ns, [CHILD_KEEPER] = b->keeper_turned_ns,
		[CHILD_COURIER] = b->courier_turned_ns};
	uint64_t ns = turned[child];
	for (uint32_t i = 0; child == CHILD_WATCH && i < b->state.n_workers; i++)
		ns = i == 0 || b->turned_ns[i] < ns ? b->turned_ns[i] : ns;
	if (child == CHILD_SCOUT)
		return clock_mono_ns();
	return ns > s->kid[child].started_ns ? ns : s->kid[child].started_ns;
}

static void how(int status, char *out, size_t len)
{
	if (WIFSIGNALED(status))
		snprintf(out, len, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(out, len, "exit status %d", WEXITSTATUS(status));
}

// Nothing to be surprised about.
static bool expected(const struct supervisor *s, enum child child, int status)
{
	bool fine = WIFEXITED(status) && WEXITSTATUS(status) == RUN_ENDED;
	if (s->stopping) // what is on the ring is still to be saved
		return child != CHILD_KEEPER || !WIFSIGNALED(status);
	if (child == CHILD_COURIER && s->board->courier_leave)
		return false;
	if (child == CHILD_WATCH)
		return fine && s->board->watch_done;
	if (child == CHILD_JUDGE || child == CHILD_KEEPER || child == CHILD_COURIER)
		return fine && s->board->watch_done;
	return false;
}

static void died(struct supervisor *s, enum child child, int status)
{
	struct kid *k = &s->kid[child];
	char text[64];
	uint64_t now_ns = clock_mono_ns();
	how(status, text, sizeof text);
	k->blind_from_ns = k->ready || k->died_ns == 0 ? last_turn_ns(s, child) : k->blind_from_ns;
	k->pid = 0;
	s->board->state.child[child].pid = 0;
	k->status = status;
	if (expected(s, child, status)) {
		k->over = true;
		if (WIFSIGNALED(status))
			log_warn("supervisor", "%s ended by %s", k->name, text);
		return;
	}
	bool cannot = WIFEXITED(status) && WEXITSTATUS(status) == RUN_CANNOT;
	if (cannot && !k->was_ready && s->board->state.child[child].restarts == 0) {
		s->cannot = true; // it said why
		k->over = true;
		return;
	}
	k->died_ns = now_ns;
	k->ready = false;
	bool young = now_ns - k->started_ns < YOUNG_MS * MS_NS && !s->stopping;
	k->again_ns = young ? now_ns + AGAIN_MS * MS_NS : now_ns;
	s->board->state.child[child].restarts++;
	if (child == CHILD_WATCH)
		__atomic_add_fetch(&s->board->watch_deaths, 1, __ATOMIC_RELEASE);
	if (child == CHILD_SCOUT)
		scout_tell_died(s->run->scout_serve);
	if (child == CHILD_COURIER && s->board->courier_leave) {
		s->board->courier_leave = false; // it was asked to
		s->board->state.child[child].restarts--;
		k->died_ns = 0;
		k->again_ns = now_ns;
		return;
	}
	log_error("supervisor", "%s died by %s; it is started again", k->name, text);
}

void kids_reap(struct supervisor *s)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < CHILDREN; i++)
			if (s->kid[i].pid == pid)
				died(s, (enum child)i, status);
	}
}

// ---- at work again -----------------------------------------------------------------------------------------------

// Since when, monotonic; 0: not yet.
static uint64_t ready_ns(const struct supervisor *s, enum child child)
{
	const struct board *b = s->board;
	uint64_t turned_ns = __atomic_load_n(&b->courier_turned_ns, __ATOMIC_ACQUIRE);
	switch (child) {
	case CHILD_WATCH:
		return __atomic_load_n(&b->watch_ready_ns, __ATOMIC_ACQUIRE);
	case CHILD_JUDGE:
		return __atomic_load_n(&b->judge_ready_ns, __ATOMIC_ACQUIRE);
	case CHILD_KEEPER:
		return __atomic_load_n(&b->keeper_ready_ns, __ATOMIC_ACQUIRE);
	case CHILD_COURIER: // until then it may find that it cannot begin
		return turned_ns > s->kid[child].started_ns ? turned_ns : 0;
	default:
		return s->kid[child].started_ns;
	}
}

static bool at_work(const struct supervisor *s, enum child child)
{
	return s->kid[child].pid != 0 && ready_ns(s, child) != 0;
}

static void tell_restart(struct supervisor *s, enum child child)
{
	const struct kid *k = &s->kid[child];
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_wall_ns();
	uint64_t since_ns = ready_ns(s, child);
	struct message_sensor m = {
		.head = {.type = MESSAGE_SENSOR, .time_ns = wall_ns},
		.kind = SENSOR_CHILD_RESTARTED,
		.tap = SENSOR_NO_TAP,
		.from_ns = wall_ns - (mono_ns - k->blind_from_ns),
		.to_ns = wall_ns - (mono_ns - since_ns),
		.n = {(uint64_t)k->pid, WIFSIGNALED(k->status) ? (uint64_t)WTERMSIG(k->status) : 256 + (uint64_t)WEXITSTATUS(k->status)},
	};
	snprintf(m.text, sizeof m.text, "%s", k->name);
	supervisor_notice(s, &m);
	log_warn("supervisor", "%s works again after %llu ms", k->name, (unsigned long long)((since_ns - k->blind_from_ns) / MS_NS));
}

void kids_ready(struct supervisor *s)
{
	for (int i = 0; i < CHILDREN; i++) {
		struct kid *k = &s->kid[i];
		if (k->ready || !at_work(s, (enum child)i))
			continue;
		k->ready = k->was_ready = true;
		if (k->died_ns != 0)
			tell_restart(s, (enum child)i);
		k->died_ns = 0;
	}
}

// ---- turning -----------------------------------------------------------------------------------------------------

static bool late(uint64_t turned_ns, uint64_t now_ns, uint64_t most_ns)
{
	return now_ns > turned_ns && now_ns - turned_ns > most_ns;
}

static bool watch_late(const struct supervisor *s, uint64_t now_ns, uint64_t most_ns)
{
	const struct board *b = s->board;
	uint64_t ready_ns = __atomic_load_n(&b->watch_ready_ns, __ATOMIC_ACQUIRE);
	if (ready_ns == 0 || s->kid[CHILD_WATCH].over || b->watch_done)
		return false;
	bool any = b->state.fanned && late(b->reader_turned_ns, now_ns, most_ns);
	for (uint32_t i = 0; i < b->state.n_workers; i++)
		any |= late(b->turned_ns[i], now_ns, most_ns);
	return any && late(ready_ns, now_ns, most_ns);
}

static bool judge_late(const struct supervisor *s, uint64_t now_ns, uint64_t most_ns)
{
	uint64_t ready_ns = __atomic_load_n(&s->board->judge_ready_ns, __ATOMIC_ACQUIRE);
	return ready_ns != 0 && late(ready_ns, now_ns, most_ns) && late(s->board->judge_turned_ns, now_ns, most_ns);
}

bool kids_turning(const struct supervisor *s, uint64_t now_ns)
{
	return s->kid[CHILD_WATCH].ready && s->kid[CHILD_JUDGE].ready && !watch_late(s, now_ns, TURN_MS * MS_NS) &&
		!judge_late(s, now_ns, TURN_MS * MS_NS);
}

void kids_hung(struct supervisor *s, uint64_t now_ns)
{
	const bool hung[CHILDREN] = {
		[CHILD_WATCH] = watch_late(s, now_ns, HUNG_MS * MS_NS),
		[CHILD_JUDGE] = judge_late(s, now_ns, HUNG_MS * MS_NS),
	};
	for (int i = 0; i < CHILDREN && !s->stopping; i++) {
		if (!hung[i] || s->kid[i].pid == 0)
			continue;
		log_error("supervisor", "%s has not turned for %d s; it is ended", s->kid[i].name, HUNG_MS / 1000);
		kill(s->kid[i].pid, SIGKILL);
	}
}

bool kids_all_gone(const struct supervisor *s)
{
	for (int i = 0; i < CHILDREN; i++)
		if (i != CHILD_SCOUT && s->kid[i].pid != 0)
			return false;
	return true;
}

void kids_kill(struct supervisor *s)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (s->kid[i].pid == 0)
			continue;
		kill(s->kid[i].pid, SIGKILL);
		waitpid(s->kid[i].pid, NULL, 0);
		s->kid[i].pid = 0;
	}
}
