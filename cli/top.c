// `postwacht top`: what the sensor does this second. On a terminal until q, Ctrl-C or the end of input; else once.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/interrupt.h"
#include "cli/top_view.h"
#include "hw/clock.h"

enum { PERIOD_MS = 1000 };

struct screen {
	struct termios before; // the terminal's settings, to be restored
	bool colour;
};

// The terminal behind standard output: at an interrupt the one behind standard input is taken away (interrupt.c).
static bool screen_open(struct screen *s)
{
	struct termios t;
	if (tcgetattr(STDOUT_FILENO, &s->before) < 0)
		return false;
	t = s->before;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO); // each key by itself, unseen; Ctrl-C stays a signal
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	s->colour = stdout_colour(stdout);
	fputs("\033[?1049h\033[?25l", stdout); // the other screen, without a cursor
	return tcsetattr(STDOUT_FILENO, TCSANOW, &t) == 0;
}

static void screen_close(struct screen *s)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDOUT_FILENO, TCSANOW, &s->before);
}

static void screen_show(struct screen *s, const struct top_view *v)
{
	struct winsize size = {.ws_row = 0};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	fputs("\033[H", stdout);
	for (size_t i = 0; i < v->n && i + 1 < size.ws_row; i++) {
		char text[TOP_LINE_LEN];
		snprintf(text, sizeof text, "%.*s", (int)size.ws_col - 1, v->line[i].text);
		stdout_styled(stdout, s->colour, v->line[i].style, text);
		fputs("\033[K\r\n", stdout);
	}
	fputs("\033[Jq ends", stdout);
	fflush(stdout);
}

// Waits for the period to end. False: somebody wants to leave.
static bool wait_for_key(uint64_t until_ns)
{
	for (;;) {
		uint64_t now_ns = clock_mono_ns();
		if (interrupt_seen())
			return false;
		if (now_ns >= until_ns)
			return true;
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		int ready = poll(&in, 1, (int)((until_ns - now_ns) / 1000000) + 1);
		char key;
		if (ready <= 0)
			continue;
		ssize_t n = read(STDIN_FILENO, &key, 1);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) || (n == 1 && (key == 'q' || key == 'Q' || key == 4)))
			return false;
	}
}

static int go_on(const char *path, json_t *before)
{
	struct screen screen;
	struct top_view view;
	int code = EXIT_FINE;
	interrupt_watch();
	if (!screen_open(&screen)) {
		screen_close(&screen);
		return EXIT_TROUBLE;
	}
	top_view(&view, json_object_get(before, "stats"), json_object_get(before, "stats"));
	screen_show(&screen, &view);
	uint64_t until_ns = clock_mono_ns();
	while (wait_for_key(until_ns += (uint64_t)PERIOD_MS * 1000000)) {
		json_t *now = ask_at(path, "stats");
		if (now == NULL) {
			code = EXIT_TROUBLE; // told, and once more below, where it can be read
			break;
		}
		top_view(&view, json_object_get(before, "stats"), json_object_get(now, "stats"));
		screen_show(&screen, &view);
		json_decref(before);
		before = now;
	}
	screen_close(&screen);
	json_decref(before);
	if (code != EXIT_FINE)
		json_decref(ask_at(path, "stats"));
	return code;
}

static int once(const char *path, json_t *before, bool json)
{
	static struct top_view view;
	poll(NULL, 0, PERIOD_MS);
	json_t *now = ask_at(path, "stats");
	if (now == NULL) {
		json_decref(before);
		return EXIT_TROUBLE;
	}
	if (json) {
		json_t *rates = json_pack("{s:o}", "rates", top_view_json(json_object_get(before, "stats"), json_object_get(now, "stats")));
		ask_print_json(rates, "rates");
		json_decref(rates);
	} else {
		bool colour = stdout_colour(stdout);
		top_view(&view, json_object_get(before, "stats"), json_object_get(now, "stats"));
		for (size_t i = 0; i < view.n; i++) {
			stdout_styled(stdout, colour, view.line[i].style, view.line[i].text);
			putchar('\n');
		}
	}
	json_decref(before);
	json_decref(now);
	return EXIT_FINE;
}

int top_run(const struct options *o)
{
	const char *path;
	int rc = ask_where(o, &path);
	if (rc != 0)
		return rc;
	json_t *before = ask_at(path, "stats");
	if (before == NULL)
		return EXIT_TROUBLE;
	bool terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
	return o->once || o->json || !terminal ? once(path, before, o->json) : go_on(path, before);
}
