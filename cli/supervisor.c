// The parent's loop: signals, children, whoever asks. It reads no packet and no record; what it is told are signals, one line
// at the control socket and its configuration.
#include "cli/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hw/clock.h"
#include "hw/log.h"

#define SECOND_NS UINT64_C(1000000000)

enum {
	TURN_MS = 100,
	STOP_S = 4,           // for children to tell what they know; then they are ended, within the five seconds promised
	CLOCK_S = 60,
	CLOCK_ERROR_MAX_MS = 100, // beyond it the order of sensors' events is not what their stamps say
};

void supervisor_notice(struct supervisor *s, const struct message_sensor *m)
{
	void *room = ring_reserve(s->board->notices, sizeof *m);
	if (room == NULL)
		return;
	memcpy(room, m, sizeof *m);
	ring_commit(s->board->notices, sizeof *m);
}

// ---- clock -------------------------------------------------------------------------------------------------------

static void look_at_clock(struct supervisor *s, uint64_t now_ns)
{
	struct timex t = {.modes = 0};
	struct sensor_state *state = &s->board->state;
	if (s->clock_ns != 0 && now_ns - s->clock_ns < CLOCK_S * SECOND_NS)
		return;
	s->clock_ns = now_ns;
	int rc = adjtimex(&t);
	state->clock_error_ns = rc < 0 ? 0 : (uint64_t)t.esterror * 1000;
	state->clock_synced = rc >= 0 && rc != TIME_ERROR && !(t.status & STA_UNSYNC) &&
		state->clock_error_ns <= CLOCK_ERROR_MAX_MS * UINT64_C(1000000);
	if (!state->clock_synced == s->clock_told)
		return;
	s->clock_told = !state->clock_synced;
	struct message_sensor m = {
		.head = {.type = MESSAGE_SENSOR, .time_ns = clock_wall_ns()},
		.kind = SENSOR_CLOCK_UNSYNCED,
		.tap = SENSOR_NO_TAP,
		.over = state->clock_synced,
		.n = {state->clock_error_ns},
	};
	m.from_ns = m.to_ns = m.head.time_ns;
	supervisor_notice(s, &m);
}

// ---- asked -------------------------------------------------------------------------------------------------------

static int on_status(void *ctx, struct json *j, const char **why)
{
	const struct supervisor *s = ctx;
	control_put_status(j, s->board, run_config(s->run));
	return 0;
}

static int on_stats(void *ctx, struct json *j, const char **why)
{
	const struct supervisor *s = ctx;
	control_put_stats(j, s->board);
	return 0;
}

static void reload(struct supervisor *s)
{
	const char *why;
	notify_reloading(&s->run->notify);
	supervisor_reload(s, NULL, &why);
	notify_ready(&s->run->notify);
}

static int on_reload(void *ctx, struct json *j, const char **why)
{
	struct supervisor *s = ctx;
	notify_reloading(&s->run->notify);
	int rc = supervisor_reload(s, j, why);
	notify_ready(&s->run->notify);
	return rc;
}

static void stop(struct supervisor *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->stop_ns = clock_mono_ns();
	notify_stopping(&s->run->notify);
	__atomic_store_n(&s->board->stop, true, __ATOMIC_RELEASE);
	log_info("supervisor", "ending; what is known is told");
}

static int on_stop(void *ctx, struct json *j, const char **why)
{
	stop(ctx);
	return 0;
}

// ---- signals -----------------------------------------------------------------------------------------------------

static int open_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			reload(s);
		else if (info.ssi_signo != SIGCHLD)
			stop(s);
	}
}

static void wait_for_something(struct supervisor *s)
{
	struct pollfd fds[2 + CONTROL_CLIENTS_MAX + 1] = {{.fd = s->signal_fd, .events = POLLIN}};
	int control[CONTROL_CLIENTS_MAX + 1];
	int n = s->control != NULL ? control_fds(s->control, control, CONTROL_CLIENTS_MAX + 1) : 0;
	for (int i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){.fd = control[i], .events = POLLIN};
	poll(fds, (nfds_t)n + 1, TURN_MS);
}

// ---- ending ------------------------------------------------------------------------------------------------------

// A child that is gone can end nothing: the others are told so.
static void help_ending(struct supervisor *s)
{
	struct board *b = s->board;
	if (s->kid[CHILD_WATCH].pid == 0 && (s->stopping || s->kid[CHILD_WATCH].over))
		__atomic_store_n(&b->watch_gone, true, __ATOMIC_RELEASE);
	if (s->kid[CHILD_JUDGE].pid == 0 && (s->stopping || s->kid[CHILD_JUDGE].over))
		__atomic_store_n(&b->keeper_leave, true, __ATOMIC_RELEASE);
	if (s->kid[CHILD_KEEPER].pid == 0 && (s->stopping || s->kid[CHILD_KEEPER].over))
		__atomic_store_n(&b->keeper_done, true, __ATOMIC_RELEASE);
}

static void feed_watchdog(struct supervisor *s, uint64_t now_ns)
{
	uint64_t every_us = notify_watchdog_us();
	if (every_us == 0 || now_ns - s->fed_ns < every_us * 1000 / 3 || !kids_turning(s, now_ns))
		return;
	s->fed_ns = now_ns;
	notify_watchdog(&s->run->notify);
}

static bool turn(struct supervisor *s, bool *told_ready)
{
	uint64_t now_ns;
	wait_for_something(s);
	take_signals(s);
	kids_reap(s);
	if (s->cannot)
		stop(s);
	now_ns = clock_mono_ns();
	if (!s->stopping)
		kids_start(s);
	else // also now: what was told at the end goes through it
		kids_start_keeper(s);
	kids_ready(s);
	kids_hung(s, now_ns);
	help_ending(s);
	if (s->control != NULL)
		control_turn(s->control);
	look_at_clock(s, now_ns);
	supervisor_look_at_delivery(s, now_ns);
	if (!*told_ready && s->kid[CHILD_WATCH].ready && s->kid[CHILD_JUDGE].ready) {
		*told_ready = true;
		notify_ready(&s->run->notify);
		log_info("supervisor", "watching");
	}
	feed_watchdog(s, now_ns);
	if (kids_all_gone(s) && (s->stopping || (s->kid[CHILD_WATCH].over && s->kid[CHILD_JUDGE].over && s->kid[CHILD_COURIER].over)))
		return false;
	// Who asked for the end at the control socket did so after now_ns was read.
	return !(s->stopping && now_ns > s->stop_ns && now_ns - s->stop_ns > STOP_S * SECOND_NS);
}

int supervisor_run(struct run *r)
{
	static const struct control_ops ops = {.status = on_status, .stats = on_stats, .reload = on_reload, .stop = on_stop};
	static struct supervisor s;
	const struct config *c = &r->start;
	bool told_ready = false;
	s = (struct supervisor){.run = r, .board = r->board};
	s.signal_fd = open_signals();
	if (s.signal_fd < 0) {
		log_error("run", "cannot take signals: %s", strerror(errno));
		return EXIT_TROUBLE;
	}
	if (strcmp(c->control, "none") != 0) {
		int rc = control_open(&s.control, c->control, c->control_group, &ops, &s);
		if (rc < 0) {
			log_error("run", "cannot listen on %s: %s; %s", c->control, rc == -EADDRINUSE ? "a sensor answers there" : strerror(-rc),
				rc == -EACCES ? "its directory belongs to another user: name another place in sensor.control" : "check sensor.control");
			return EXIT_TROUBLE;
		}
	}
	kids_init(&s);
	kids_start(&s);
	while (turn(&s, &told_ready))
		;
	bool late = !kids_all_gone(&s);
	for (int i = 0; late && i < CHILDREN; i++)
		if (i != CHILD_SCOUT && s.kid[i].pid != 0)
			log_error("supervisor", "%s did not end in time; what it had not told is lost", s.kid[i].name);
	kids_kill(&s);
	control_close(&s.control);
	close(s.signal_fd);
	const int kept = s.kid[CHILD_KEEPER].status; // it told what it could not save
	bool lost = WIFEXITED(kept) && WEXITSTATUS(kept) == RUN_TROUBLE;
	return s.cannot || late || lost ? EXIT_TROUBLE : EXIT_FINE;
}
