// The listener: a socket of ours, and libmicrohttpd turned by a thread of ours, so that no connection lives longer than LIFE_S
// however slowly somebody speaks, and whoever comes when all places are taken gets that of the oldest. Who knows what he wants has
// had his answer long before. Nothing of a request is kept, and nothing of it is logged.
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "alerts/json.h"
#include "cli/metrics_private.h"
#include "cli/unix_listen.h"
#include "hw/clock.h"

#define SECOND_NS UINT64_C(1000000000)

enum {
	PLACES = 8,           // a scraper or two, a load balancer, somebody who looks
	CONNECTIONS = 2 * PLACES, // with those that are ending
	BACKLOG = 64,
	IDLE_S = 5,
	LIFE_S = 10,
	MEMORY = 16 << 10,    // of a connection: request line and headers
	TURN_MS = 200,
	STACK = 256 << 10,
};

struct connection {
	int fd;
	uint64_t since_ns;    // monotonic; 0: there is none
	bool ended;           // by us, and libmicrohttpd has yet to close it
};

struct metrics {
	struct metrics_names names;
	const struct board *board;
	int fd;               // -1: libmicrohttpd's
	struct MHD_Daemon *daemon;
	pthread_t thread;
	bool started, stop;
	struct connection connection[CONNECTIONS];
	struct metrics_view view;
	char page[METRICS_MAX];
};

// ---- the socket --------------------------------------------------------------------------------------------------------

static int listen_inet(int *fd, const struct listen_address *where)
{
	int on = 1;
	*fd = socket(where->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	// A courier that is started again must not wait for the connections of the one before.
	if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(*fd, &where->any, where->len) == 0 &&
		listen(*fd, BACKLOG) == 0)
		return 0;
	int rc = -errno;
	close(*fd);
	*fd = -1;
	return rc;
}

int metrics_open(struct metrics **out, const struct config *c, const struct board *board, char why[static LISTEN_WHY])
{
	struct listen_address where;
	ino_t inode;
	*out = NULL;
	if (strcmp(c->metrics, "none") == 0)
		return 0;
	if (!listen_parse(&where, c->metrics, why))
		return -EINVAL;
	struct metrics *m = calloc(1, sizeof *m);
	if (m == NULL) {
		snprintf(why, LISTEN_WHY, "no memory");
		return -ENOMEM;
	}
	metrics_names(&m->names, c);
	m->board = board;
	int rc = where.any.sa_family == AF_UNIX ? unix_listen(&m->fd, &where.un, (gid_t)-1, BACKLOG, &inode) : listen_inet(&m->fd, &where);
	if (rc < 0) {
		snprintf(why, LISTEN_WHY, "cannot listen on %.80s: %s", c->metrics, strerror(-rc));
		free(m);
		return rc;
	}
	*out = m;
	return 0;
}

// ---- answers -----------------------------------------------------------------------------------------------------------

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *type, const char *body, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close"); // there are few places
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result queued = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return queued;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *words)
{
	return reply(c, status, "text/plain; charset=utf-8", words, strlen(words));
}

static enum MHD_Result answer_metrics(struct metrics *m, struct MHD_Connection *c)
{
	static const char *const types[] = {
		[METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
		[METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	enum metrics_format format = metrics_accept(MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	metrics_look(&m->view, m->board, &m->names, clock_mono_ns(), clock_wall_ns());
	size_t len = metrics_write(m->page, sizeof m->page, format, &m->view);
	if (len == 0)
		return say(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "the page is too long\n");
	return reply(c, MHD_HTTP_OK, types[format], m->page, len);
}

// The same judgement as `postwacht status` has, and its words.
static enum MHD_Result answer_health(struct metrics *m, struct MHD_Connection *c)
{
	struct control_health *h = &m->view.health;
	struct json j;
	sensor_copy(&m->view.state, &m->board->state);
	control_health(h, &m->view.state, m->board, clock_mono_ns(), clock_wall_ns());
	json_init(&j, m->page, sizeof m->page);
	json_open_object(&j);
	json_field(&j, "v", u64, 1);
	json_field(&j, "fine", flag, h->n == 0);
	json_key(&j, "problems");
	json_open_array(&j);
	for (size_t i = 0; i < h->n; i++)
		json_put_cstr(&j, h->problem[i]);
	json_close_array(&j);
	json_field(&j, "problems_more", u64, h->n_more);
	json_close_object(&j);
	json_put_raw(&j, "\n", 1);
	return reply(c, h->n == 0 ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "application/json", m->page, json_len(&j));
}

// Answers as soon as the headers are there; a body is not read, and ends the connection.
static enum MHD_Result answer(void *ctx, struct MHD_Connection *c, const char *url, const char *method, const char *version,
	const char *body, size_t *body_len, void **state)
{
	bool metrics = strcmp(url, "/metrics") == 0, health = strcmp(url, "/healthz") == 0;
	if (!metrics && !health)
		return say(c, MHD_HTTP_NOT_FOUND, "there are /metrics and /healthz\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
	return metrics ? answer_metrics(ctx, c) : answer_health(ctx, c);
}

// ---- connections -------------------------------------------------------------------------------------------------------

// Ends it: libmicrohttpd finds that nothing more will come, and closes.
static void end(struct connection *k)
{
	shutdown(k->fd, SHUT_RDWR);
	k->ended = true;
}

static void make_room(struct metrics *m)
{
	struct connection *oldest = NULL;
	size_t n = 0;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *k = &m->connection[i];
		if (k->since_ns == 0 || k->ended)
			continue;
		n++;
		if (oldest == NULL || k->since_ns < oldest->since_ns)
			oldest = k;
	}
	if (n > PLACES)
		end(oldest);
}

static void begin(struct metrics *m, struct MHD_Connection *c, void **place)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	for (size_t i = 0; info != NULL && i < CONNECTIONS; i++) {
		if (m->connection[i].since_ns != 0)
			continue;
		m->connection[i] = (struct connection){.fd = info->connect_fd, .since_ns = clock_mono_ns()};
		*place = &m->connection[i];
		make_room(m);
		return;
	}
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **place, enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(ctx, c, place);
	} else if (*place != NULL) {
		((struct connection *)*place)->since_ns = 0;
		*place = NULL;
	}
}

// IDLE_S is since the last octet: somebody who sends one now and then would stay for ever.
static void end_old(struct metrics *m)
{
	uint64_t now_ns = clock_mono_ns();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *k = &m->connection[i];
		if (k->since_ns != 0 && !k->ended && now_ns - k->since_ns > LIFE_S * SECOND_NS)
			end(k);
	}
}

static void *turn(void *ctx)
{
	struct metrics *m = ctx;
	pthread_setname_np(pthread_self(), "pw-metrics");
	while (!__atomic_load_n(&m->stop, __ATOMIC_ACQUIRE)) {
		if (MHD_run_wait(m->daemon, TURN_MS) == MHD_NO)
			usleep(TURN_MS * 1000);
		end_old(m);
	}
	return NULL;
}

// ---- together ----------------------------------------------------------------------------------------------------------

int metrics_start(struct metrics *m)
{
	pthread_attr_t attr;
	if (m == NULL)
		return 0;
	m->daemon = MHD_start_daemon(MHD_NO_FLAG, 0, NULL, NULL, answer, m, MHD_OPTION_LISTEN_SOCKET, m->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, m, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (m->daemon == NULL)
		return -EIO;
	m->fd = -1;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	int rc = -pthread_create(&m->thread, &attr, turn, m);
	pthread_attr_destroy(&attr);
	m->started = rc == 0;
	return rc;
}

void metrics_close(struct metrics **metrics)
{
	struct metrics *m = *metrics;
	*metrics = NULL;
	if (m == NULL)
		return;
	__atomic_store_n(&m->stop, true, __ATOMIC_RELEASE);
	if (m->started)
		pthread_join(m->thread, NULL);
	if (m->daemon != NULL)
		MHD_stop_daemon(m->daemon);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}
