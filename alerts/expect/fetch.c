// One easy handle a policy. The name is resolved by us beforehand (CURLOPT_RESOLVE), so libcurl asks no DNS.
#include "alerts/expect/fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <curl/curl.h>

enum {
	ADDRESSES_MAX = 8,  // tried; more would only make a dead host's minute longer
	HEADER_MAX = 16384, // octets of all headers
};

struct job {
	struct job *next;
	struct fetch *f;
	CURL *easy;
	struct curl_slist *resolve;
	uint64_t id;
	void (*done)(void *ctx, const struct sts_fetched *result);
	void *ctx;
	size_t header_len, len;
	bool too_long;
	char error[CURL_ERROR_SIZE];
	char body[STS_BODY_MAX];
};

struct fetch {
	CURLM *multi;
	struct job *jobs;
	struct sts_fetched result; // of the job whose `done` is called
	uint64_t next_id;
	uint32_t n, time_ms;
	char ca[256];
	bool ca_directory;
};

int fetch_open(struct fetch **out, const struct fetch_config *config)
{
	struct stat st;
	struct fetch *f = *out = calloc(1, sizeof *f);
	if (f == NULL)
		return -ENOMEM;
	f->time_ms = config->time_ms != 0 ? config->time_ms : FETCH_TIME_MS;
	if (config->ca_file != NULL) {
		snprintf(f->ca, sizeof f->ca, "%s", config->ca_file);
		f->ca_directory = stat(f->ca, &st) == 0 && S_ISDIR(st.st_mode);
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (f->multi = curl_multi_init()) == NULL) {
		fetch_close(out);
		return -ENOMEM;
	}
	curl_multi_setopt(f->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)FETCH_AT_ONCE_MAX);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 0L);
	return 0;
}

static void job_free(struct fetch *f, struct job **at)
{
	struct job *j = *at;
	*at = j->next;
	f->n--;
	if (j->easy != NULL) {
		curl_multi_remove_handle(f->multi, j->easy);
		curl_easy_cleanup(j->easy);
	}
	curl_slist_free_all(j->resolve);
	free(j);
}

void fetch_close(struct fetch **f)
{
	if (*f == NULL)
		return;
	while ((*f)->jobs != NULL)
		job_free(*f, &(*f)->jobs);
	if ((*f)->multi != NULL)
		curl_multi_cleanup((*f)->multi);
	free(*f);
	*f = NULL;
}

bool fetch_address_ok(const struct policy_address *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t zero[15] = {0};
	const uint8_t *o = a->octets;
	if (a->ip_v == 6 && memcmp(o, mapped, sizeof mapped) == 0)
		o += 12;
	else if (a->ip_v == 6) // unspecified, loopback, link-local, multicast
		return !(memcmp(o, zero, sizeof zero) == 0 && o[15] <= 1) && !(o[0] == 0xfe && (o[1] & 0xc0) == 0x80) && o[0] != 0xff;
	return o[0] != 0 && o[0] != 127 && !(o[0] == 169 && o[1] == 254) && o[0] < 224;
}

// ---- what arrives ------------------------------------------------------------------------------------------------

static size_t body_came(char *data, size_t size, size_t n, void *ctx)
{
	struct job *j = ctx;
	(void)size;
	if (n > sizeof j->body - j->len) {
		j->too_long = true;
		return 0;
	}
	memcpy(j->body + j->len, data, n);
	j->len += n;
	return n;
}

static size_t header_came(char *data, size_t size, size_t n, void *ctx)
{
	struct job *j = ctx;
	(void)data, (void)size;
	j->header_len += n;
	j->too_long |= j->header_len > HEADER_MAX;
	return j->too_long ? 0 : n;
}

static __attribute__((format(printf, 3, 4))) void fault(struct sts_fetched *r, enum policy_sts_fault kind, const char *format, ...)
{
	va_list args;
	r->fault = kind;
	va_start(args, format);
	vsnprintf(r->why, sizeof r->why, format, args);
	va_end(args);
	for (char *c = r->why; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static bool is_text(const char *type)
{
	return type != NULL && strncasecmp(type, "text/plain", 10) == 0 && (type[10] == '\0' || strchr("; \t", type[10]) != NULL);
}

static void read_failure(struct sts_fetched *r, const struct job *j, CURLcode code)
{
	const char *what = j->error[0] != '\0' ? j->error : curl_easy_strerror(code);
	if (j->too_long || code == CURLE_FILESIZE_EXCEEDED)
		fault(r, STS_POLICY_INVALID, "%s", "the policy or its header is longer than is read (64 KiB, 16 KiB)");
	else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR)
		fault(r, STS_WEBPKI_INVALID, "%s", what);
	else
		fault(r, STS_FETCH_ERROR, "%s", what);
}

static void read_response(struct sts_fetched *r, const struct job *j)
{
	long status = 0;
	char *type = NULL;
	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(j->easy, CURLINFO_CONTENT_TYPE, &type);
	r->gone = status == 404 || status == 410;
	if (status >= 300 && status < 400)
		fault(r, STS_FETCH_ERROR, "HTTP %ld: redirects are not followed", status);
	else if (status != 200)
		fault(r, STS_FETCH_ERROR, "HTTP %ld", status);
	else if (!is_text(type))
		fault(r, STS_POLICY_INVALID, "content type \"%.60s\" is not text/plain", type != NULL ? type : "");
	else if (!sts_policy_read(&r->policy, j->body, j->len, r->why))
		r->fault = STS_POLICY_INVALID;
}

// ---- asking ------------------------------------------------------------------------------------------------------

static bool set_resolve(struct job *j, const char *domain, const struct policy_address *addresses, size_t n)
{
	char text[300 + ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3)], address[INET6_ADDRSTRLEN];
	size_t kept = 0, used = (size_t)snprintf(text, sizeof text, "mta-sts.%s:443:", domain);
	for (size_t i = 0; i < n && kept < ADDRESSES_MAX; i++) {
		if (!fetch_address_ok(&addresses[i]))
			continue;
		inet_ntop(addresses[i].ip_v == 6 ? AF_INET6 : AF_INET, addresses[i].octets, address, sizeof address);
		used += (size_t)snprintf(text + used, sizeof text - used, addresses[i].ip_v == 6 ? "%s[%s]" : "%s%s",
			kept++ > 0 ? "," : "", address);
	}
	j->resolve = kept > 0 ? curl_slist_append(NULL, text) : NULL;
	return j->resolve != NULL;
}

static CURLcode set_tls(CURL *e, const struct fetch *f)
{
	CURLcode rc = curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (f->ca[0] == '\0')
		return rc;
	rc |= curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_directory ? NULL : f->ca);
	return rc | curl_easy_setopt(e, CURLOPT_CAPATH, f->ca_directory ? f->ca : NULL);
}

static CURLcode set_limits(CURL *e, const struct fetch *f)
{
	CURLcode rc = curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)f->time_ms);
	rc |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS);
	rc |= curl_easy_setopt(e, CURLOPT_MAXFILESIZE, (long)STS_BODY_MAX);
	rc |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	rc |= curl_easy_setopt(e, CURLOPT_PROXY, ""); // nor one of the environment
	rc |= curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	rc |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_USERAGENT, "postwacht/" POSTWACHT_VERSION);
	return rc | curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
}

static bool set_up(struct job *j, const char *domain)
{
	char url[POLICY_NAME + 64];
	CURL *e = j->easy = curl_easy_init();
	if (e == NULL)
		return false;
	snprintf(url, sizeof url, "https://mta-sts.%s/.well-known/mta-sts.txt", domain);
	CURLcode rc = set_tls(e, j->f);
	rc |= set_limits(e, j->f);
	rc |= curl_easy_setopt(e, CURLOPT_URL, url);
	rc |= curl_easy_setopt(e, CURLOPT_RESOLVE, j->resolve);
	rc |= curl_easy_setopt(e, CURLOPT_PRIVATE, j);
	rc |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, j->error);
	rc |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_came);
	rc |= curl_easy_setopt(e, CURLOPT_WRITEDATA, j);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, header_came);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERDATA, j);
	return rc == CURLE_OK && curl_multi_add_handle(j->f->multi, e) == CURLM_OK;
}

int fetch_start(struct fetch *f, const char *domain, const struct policy_address *addresses, size_t n, uint64_t *id,
	void (*done)(void *ctx, const struct sts_fetched *result), void *ctx)
{
	if (f->n == FETCH_AT_ONCE_MAX)
		return -EAGAIN;
	struct job *j = calloc(1, sizeof *j);
	if (j == NULL)
		return -ENOMEM;
	*id = j->id = ++f->next_id;
	j->f = f;
	j->done = done;
	j->ctx = ctx;
	j->next = f->jobs;
	f->jobs = j;
	f->n++;
	if (set_resolve(j, domain, addresses, n) && set_up(j, domain))
		return 0;
	int rc = j->resolve == NULL ? -EADDRNOTAVAIL : -ENOMEM;
	job_free(f, &f->jobs);
	return rc;
}

void fetch_cancel(struct fetch *f, uint64_t id)
{
	for (struct job **at = &f->jobs; *at != NULL; at = &(*at)->next) {
		if ((*at)->id == id) {
			job_free(f, at);
			return;
		}
	}
}

int fetch_wait(struct fetch *f, struct pollfd *others, size_t n, int ms)
{
	struct curl_waitfd fds[8] = {{.fd = -1}};
	if (n > sizeof fds / sizeof fds[0])
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct curl_waitfd){.fd = others[i].fd,
			.events = (short)(CURL_WAIT_POLLIN | (others[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0))};
	return curl_multi_poll(f->multi, fds, (unsigned)n, ms < 0 ? 1000 : ms, NULL) == CURLM_OK ? 0 : -EIO;
}

static void finish(struct fetch *f, struct job *j, CURLcode code)
{
	f->result = (struct sts_fetched){.fault = STS_FAULT_NONE};
	if (code != CURLE_OK)
		read_failure(&f->result, j, code);
	else
		read_response(&f->result, j);
	void (*done)(void *ctx, const struct sts_fetched *result) = j->done;
	void *ctx = j->ctx;
	fetch_cancel(f, j->id);
	done(ctx, &f->result);
}

void fetch_process(struct fetch *f)
{
	int running, left;
	CURLMsg *m;
	curl_multi_perform(f->multi, &running);
	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct job *j = NULL;
		CURLcode code = m->data.result;
		if (m->msg == CURLMSG_DONE && curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &j) == CURLE_OK)
			finish(f, j, code);
	}
}
