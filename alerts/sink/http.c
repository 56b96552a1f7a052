// HTTP and HTTPS, by libcurl: one connection that is kept, one request a batch.
//
// No redirect is followed, no proxy is used (nor one of the environment), no .netrc is read. Over https the certificate and the name
// are checked, always. A password goes over https only, or to this machine. Requests and answers are bounded, and so is the time.
//
// Keys and certificates are read in prepare(); a receiver's name is resolved when it is connected to, in a thread of libcurl's.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "alerts/sink/http_private.h"
#include "alerts/sink/near.h"
#include "alerts/sink/secret.h"
#include "alerts/sink/wait.h"
#include "hw/clock.h"
#include "hw/log.h"

enum {
	STEP_MS = 100,
	CONNECT_MS = 5000,
	HEADERS_MAX = 128 << 10, // octets
	BASE = 2 * SINK_TEXT + 32,
	HOST = SINK_TEXT + 8,
};

struct secret {
	char *octets;
	size_t len;
};

struct sink {
	struct sink_config config;
	const struct sink_env *env;
	char base[BASE];                   // https://host:port, and perhaps a path
	char connect_to[BASE];             // "" none
	char password[SECRET_LINE + 1];    // "" none
	struct secret ca, cert, key;
	CURL *easy;                        // NULL: not open
	CURLM *multi;
	struct curl_slist *headers, *connect;
	struct http_octets body, answer;
	int exception;                     // of the answer's header
	size_t header_octets;              // of the answer so far, and of whatever comes before it (1xx)
	bool plain;                        // the server does not know newer settings
	uint32_t refused_in_a_row;
	size_t most;                       // messages of a request
	bool unanswered;                   // the last one was
	char error[CURL_ERROR_SIZE];
};

// ---- what libcurl calls ------------------------------------------------------------------------------------------------

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct sink *s = ctx;
	http_add(&s->answer, p, size * n);
	return s->answer.full ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	static const char name[] = "X-ClickHouse-Exception-Code:";
	struct sink *s = ctx;
	char text[16] = "";
	s->header_octets += size * n;
	if (s->header_octets > HEADERS_MAX) { // libcurl keeps them all, and has a bound of its own only since 8.3
		s->answer.full = true;
		return 0;
	}
	if (size * n > sizeof name && strncasecmp(p, name, sizeof name - 1) == 0) {
		size_t len = size * n - (sizeof name - 1);
		memcpy(text, p + sizeof name - 1, len < sizeof text - 1 ? len : sizeof text - 1);
		s->exception = clickhouse_code(text);
	}
	return size * n;
}

// ---- before rights are given up ----------------------------------------------------------------------------------------

// `host` as libcurl has it, with brackets around an address of IPv6.
static bool stays_here(const char *host)
{
	char plain[HOST];
	size_t len = strlen(host);
	bool brackets = host[0] == '[' && host[len - 1] == ']';
	snprintf(plain, sizeof plain, "%.*s", (int)(brackets ? len - 2 : len), brackets ? host + 1 : host);
	return sink_host_near(plain);
}

static int part(CURLU *u, CURLUPart what, char *out, size_t len, unsigned flags)
{
	char *text = NULL;
	out[0] = '\0';
	if (curl_url_get(u, what, &text, flags) != CURLUE_OK || text == NULL)
		return 0;
	int n = snprintf(out, len, "%s", text);
	curl_free(text);
	return n >= 0 && (size_t)n < len ? n : -1;
}

// Scheme, host, port and perhaps a path, and nothing else. Where the certificate has another name than the host, the URL has
// that name, and the connection goes to the host all the same.
static int read_url(struct sink *s, CURLU *u)
{
	const struct sink_config *c = &s->config;
	char scheme[16], host[HOST], port[8], path[SINK_TEXT + 1], more[SINK_TEXT + 1];
	if (curl_url_set(u, CURLUPART_URL, c->url, 0) != CURLUE_OK || part(u, CURLUPART_SCHEME, scheme, sizeof scheme, 0) < 0 ||
		part(u, CURLUPART_HOST, host, sizeof host, 0) <= 0 || part(u, CURLUPART_PORT, port, sizeof port, CURLU_DEFAULT_PORT) <= 0 ||
		part(u, CURLUPART_PATH, path, sizeof path, 0) < 0)
		return sink_why(s->env, -EINVAL, "url: not one of http[s]://host[:port]");
	bool secure = strcmp(scheme, "https") == 0;
	if ((!secure && strcmp(scheme, "http") != 0) || part(u, CURLUPART_QUERY, more, sizeof more, 0) != 0 ||
		part(u, CURLUPART_FRAGMENT, more, sizeof more, 0) != 0 || part(u, CURLUPART_USER, more, sizeof more, 0) != 0)
		return sink_why(s->env, -EINVAL, "url: only a scheme (http or https), a host, a port, a path");
	if (c->password_file[0] != '\0' && !secure && !stays_here(host))
		return sink_why(s->env, -EINVAL, "a password is sent over https only, or to this machine");
	for (size_t len = strlen(path); len > 0 && path[len - 1] == '/';)
		path[--len] = '\0';
	const char *name = secure && c->server_name[0] != '\0' ? c->server_name : host;
	bool six = name != host && strchr(name, ':') != NULL; // `host` has its brackets
	snprintf(s->base, sizeof s->base, "%s://%s%s%s:%s%s", scheme, six ? "[" : "", name, six ? "]" : "", port, path);
	if (name != host)
		snprintf(s->connect_to, sizeof s->connect_to, "::%s:%s", host, port);
	return 0;
}

static int read_secrets(struct sink *s)
{
	const struct sink_config *c = &s->config;
	int rc = 0;
	if (strncmp(s->base, "https:", 6) == 0)
		rc = secret_file(&s->ca.octets, &s->ca.len, c->ca[0] != '\0' ? c->ca : secret_system_cas, s->env);
	if (rc == 0 && c->cert[0] != '\0')
		rc = secret_file(&s->cert.octets, &s->cert.len, c->cert, s->env);
	if (rc == 0 && c->key[0] != '\0')
		rc = secret_file(&s->key.octets, &s->key.len, c->key, s->env);
	if (rc == 0 && c->password_file[0] != '\0')
		rc = secret_line(s->password, c->password_file, s->env);
	return rc;
}

// ---- the connection ----------------------------------------------------------------------------------------------------

static CURLcode set_blob(CURL *e, CURLoption option, const struct secret *secret)
{
	struct curl_blob blob = {.data = secret->octets, .len = secret->len, .flags = CURL_BLOB_NOCOPY};
	return secret->octets == NULL ? CURLE_OK : curl_easy_setopt(e, option, &blob);
}

static CURLcode set_tls(struct sink *s)
{
	CURL *e = s->easy;
	CURLcode rc = curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	rc |= curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	rc |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	rc |= set_blob(e, CURLOPT_CAINFO_BLOB, &s->ca);
	rc |= set_blob(e, CURLOPT_SSLCERT_BLOB, &s->cert);
	rc |= curl_easy_setopt(e, CURLOPT_KEYPASSWD, ""); // a key under a passphrase: nobody is asked for it (libcurl 7.88 would crash)
	return rc | set_blob(e, CURLOPT_SSLKEY_BLOB, &s->key);
}

static CURLcode set_limits(struct sink *s)
{
	CURL *e = s->easy;
	CURLcode rc = curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, SINK_PATIENCE_S * 1000L);
	rc |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	rc |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(e, CURLOPT_PROXY, "");
	rc |= curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	rc |= curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	return rc | curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
}

// With a user: Basic, which Elasticsearch, OpenSearch and ClickHouse all understand. A password without a user is a token.
static CURLcode set_password(struct sink *s)
{
	if (s->password[0] == '\0')
		return CURLE_OK;
	if (s->config.user[0] == '\0') {
		char token[SECRET_LINE + 32];
		snprintf(token, sizeof token, "Authorization: %s %s", s->config.api == API_ELASTICSEARCH ? "ApiKey" : "Bearer", s->password);
		s->headers = curl_slist_append(s->headers, token);
		explicit_bzero(token, sizeof token);
		return CURLE_OK;
	}
	CURLcode rc = curl_easy_setopt(s->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	rc |= curl_easy_setopt(s->easy, CURLOPT_USERNAME, s->config.user);
	return rc | curl_easy_setopt(s->easy, CURLOPT_PASSWORD, s->password);
}

static CURLcode set_all(struct sink *s)
{
	CURL *e = s->easy;
	s->headers = curl_slist_append(s->headers, "Content-Type: application/x-ndjson");
	s->headers = curl_slist_append(s->headers, "Expect:"); // no round trip to ask whether the body may come
	CURLcode rc = set_tls(s) | set_limits(s) | set_password(s);
	if (s->connect_to[0] != '\0')
		s->connect = curl_slist_append(NULL, s->connect_to);
	rc |= curl_easy_setopt(e, CURLOPT_CONNECT_TO, s->connect);
	rc |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, s->headers);
	rc |= curl_easy_setopt(e, CURLOPT_USERAGENT, "postwacht/" POSTWACHT_VERSION);
	rc |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
	rc |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	rc |= curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	return rc | curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
}

static bool stopping(const struct sink *s)
{
	return *(const volatile unsigned char *)s->env->stop != 0; // in shared memory: an octet that is neither 0 nor 1 is no bool to C
}

// Runs the request that is set up. 0 or -errno with words.
static int perform(struct sink *s)
{
	CURLcode result = CURLE_OK;
	int running = 1, steps_left = 2, left;
	s->answer.len = 0;
	s->answer.full = false;
	s->exception = 0;
	s->header_octets = 0;
	s->error[0] = '\0';
	curl_multi_add_handle(s->multi, s->easy);
	while (running > 0 && steps_left > 0) {
		if (curl_multi_perform(s->multi, &running) != CURLM_OK)
			break;
		if (running > 0 && curl_multi_poll(s->multi, NULL, 0, STEP_MS, NULL) != CURLM_OK)
			break;
		steps_left -= stopping(s);
	}
	CURLMsg *m = curl_multi_info_read(s->multi, &left);
	if (running > 0 || m == NULL)
		result = CURLE_ABORTED_BY_CALLBACK;
	else
		result = m->data.result;
	curl_multi_remove_handle(s->multi, s->easy);
	http_add(&s->answer, "", 1); // its NUL
	if (result == CURLE_OK && !s->answer.full)
		return 0;
	if (s->answer.full)
		return sink_why(s->env, -EMSGSIZE, "an answer of more than %d octets",
			s->header_octets > HEADERS_MAX ? HEADERS_MAX : HTTP_ANSWER_MAX);
	int error = stopping(s) ? -ECANCELED : result == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO;
	return sink_why(s->env, error, "%s: %s", s->base, s->error[0] != '\0' ? s->error : curl_easy_strerror(result));
}

// ---- a batch -----------------------------------------------------------------------------------------------------------

static void write_request(struct sink *s, char url[static BASE + CLICKHOUSE_URL], const struct sink_message *m, size_t n)
{
	static const char bulk[] = "/_bulk?filter_path=items.*.status,items.*.error.type,items.*.error.reason";
	char query[CLICKHOUSE_URL];
	s->body.len = 0;
	s->body.full = false;
	if (s->config.api == API_CLICKHOUSE) {
		clickhouse_query(query, &s->config, s->env->host, m, n, s->plain);
		snprintf(url, BASE + CLICKHOUSE_URL, "%s/%s", s->base, query);
		clickhouse_body(&s->body, &s->config, s->env->host, m, n);
	} else {
		snprintf(url, BASE + CLICKHOUSE_URL, "%s%s", s->base, bulk);
		elastic_body(&s->body, &s->config, s->env->host, m, n);
	}
}

// Asks once. 0, and what came of it in `o`; -errno when there was no answer.
static int ask(struct sink *s, struct http_outcome *o, const struct sink_message *m, size_t n)
{
	char url[BASE + CLICKHOUSE_URL];
	write_request(s, url, m, n);
	if (s->body.full)
		return sink_why(s->env, -ENOMEM, "a request of more than %d octets", HTTP_BODY_MAX);
	CURLcode rc = curl_easy_setopt(s->easy, CURLOPT_NOBODY, 0L);
	rc |= curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
	rc |= curl_easy_setopt(s->easy, CURLOPT_URL, url);
	rc |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body.at);
	rc |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->body.len);
	int error = rc == CURLE_OK ? perform(s) : -ENOMEM;
	if (error < 0)
		return error;
	struct http_answer a = {.exception = s->exception, .body = s->answer.at, .len = s->answer.len - 1};
	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &a.status);
	if (s->config.api == API_CLICKHOUSE)
		clickhouse_outcome(o, &a, n, &s->plain);
	else
		elastic_outcome(o, &a, n);
	return 0;
}

// Asks until something was taken: fewer and fewer at once where one among them cannot be.
static int ask_fewer(struct sink *s, struct http_outcome *o, const struct sink_message *m, size_t n)
{
	uint64_t end_ns = clock_mono_ns() + SINK_PATIENCE_S * UINT64_C(1000000000);
	for (;;) {
		int rc = ask(s, o, m, n);
		if (rc == 0 && o->error == -ERESTART) {
			log_warn("http", "%s: the server does not know all settings: a batch that is sent twice is in its table twice, until it merges",
				s->config.name);
			rc = ask(s, o, m, n);
		}
		if (rc < 0 || o->taken > 0 || !o->fewer)
			return rc;
		if (n == 1 && o->in_a_row == SINK_REFUSED_MAX) {
			o->enough = true;
			return 0;
		}
		if (n == 1) {
			o->taken = o->refused = 1;
			o->in_a_row++;
			return 0;
		}
		if (clock_mono_ns() > end_ns)
			return 0;
		n /= 2;
	}
}

static int settle(struct sink *s, const struct http_outcome *o, uint64_t *refused)
{
	s->refused_in_a_row = o->in_a_row;
	if (o->taken == 0 && o->enough)
		return sink_why(s->env, -EPROTO, "all is refused, so nothing more is given up: %s", o->why);
	if (o->taken == 0)
		return sink_why(s->env, o->error, "%s: %s", s->base, o->why);
	if (o->refused > 0)
		log_warn("http", "%s: %zu of %zu messages are refused for good: %s", s->config.name, o->refused, o->taken, o->why);
	*refused += o->refused;
	return (int)o->taken;
}

// ---- the sink ----------------------------------------------------------------------------------------------------------

static void http_close(struct sink *s)
{
	if (s->easy != NULL)
		curl_easy_cleanup(s->easy);
	if (s->multi != NULL)
		curl_multi_cleanup(s->multi);
	curl_slist_free_all(s->headers);
	curl_slist_free_all(s->connect);
	s->easy = NULL;
	s->multi = NULL;
	s->headers = s->connect = NULL;
}

static void http_destroy(struct sink **at)
{
	struct sink *s = *at;
	if (s == NULL)
		return;
	http_close(s);
	secret_free(&s->ca.octets, s->ca.len);
	secret_free(&s->cert.octets, s->cert.len);
	secret_free(&s->key.octets, s->key.len);
	explicit_bzero(s->password, sizeof s->password);
	free(s->body.at);
	free(s->answer.at);
	free(s);
	*at = NULL;
}

static int make_handle(struct sink *s)
{
	s->easy = curl_easy_init();
	s->multi = curl_multi_init();
	if (s->easy == NULL || s->multi == NULL || set_all(s) != CURLE_OK) {
		http_close(s);
		return sink_why(s->env, -EINVAL, "libcurl does not take what is set: was it built with OpenSSL?");
	}
	return 0;
}

static int http_prepare(struct sink **out, const struct sink_config *c, const struct sink_env *env)
{
	struct sink *s = *out = calloc(1, sizeof *s);
	CURLU *u = curl_url();
	if (s == NULL || u == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		curl_url_cleanup(u);
		free(s);
		*out = NULL;
		return -ENOMEM;
	}
	s->config = *c;
	s->env = env;
	s->most = SINK_BATCH;
	s->body.max = HTTP_BODY_MAX;
	s->answer.max = HTTP_ANSWER_MAX;
	int rc = read_url(s, u);
	curl_url_cleanup(u);
	if (rc == 0 && c->api == API_CLICKHOUSE && !clickhouse_target(c->target))
		rc = sink_why(env, -EINVAL, "target: not TABLE or DATABASE.TABLE");
	if (rc == 0)
		rc = read_secrets(s);
	if (rc == 0)
		rc = make_handle(s);
	if (rc < 0)
		http_destroy(out);
	else
		http_close(s);
	return rc;
}

// Connects, and asks for nothing. Whatever a server says to that, it is there; whether it takes records, the first of them shows.
static int http_open(struct sink *s)
{
	int rc = s->easy != NULL ? 0 : make_handle(s);
	if (rc < 0)
		return rc;
	curl_easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(s->easy, CURLOPT_URL, s->base);
	rc = perform(s);
	long status = 0;
	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	if (rc == 0 && status >= 500)
		rc = sink_why(s->env, -EAGAIN, "%s: status %ld", s->base, status);
	return rc;
}

// A batch may be more than the line carries in SINK_PATIENCE_S, or than somebody in between lets through without saying so. The same
// once more, since its answer may be what was lost; then half of it, and with each that is answered one more.
static void learn(struct sink *s, int rc, size_t n)
{
	if (rc == -ECANCELED)
		return;
	if (rc < 0 && s->unanswered && n > 1)
		s->most = n / 2;
	else if (rc == 0 && s->most < SINK_BATCH)
		s->most++;
	s->unanswered = rc < 0;
}

static int http_send(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused)
{
	struct http_outcome o = {.in_a_row = s->refused_in_a_row};
	if (s->easy == NULL)
		return -ENOTCONN;
	n = n < s->most ? n : s->most;
	int rc = ask_fewer(s, &o, m, n);
	learn(s, rc, n);
	if (rc < 0)
		return rc;
	return settle(s, &o, refused);
}

const struct sink_ops sink_http_ops = {
	.name = "http",
	.prepare = http_prepare,
	.open = http_open,
	.send = http_send,
	.close = http_close,
	.destroy = http_destroy,
};
