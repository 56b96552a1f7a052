// Receivers with an HTTP interface: one question that changes nothing, with the user and password that the sensor would use.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "alerts/sink/secret.h"
#include "cli/doctor.h"
#include "configs/endpoint.h"

struct answer {
	long status;
	char first;       // octet of the body; 0: it is empty
	const char *why;  // there was none
};

static size_t take(const char *data, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;
	if (a->first == '\0' && size * n > 0)
		a->first = data[0];
	return size * n;
}

// The host of the URL is connected to; where a server_name is given, that is who is spoken to.
static struct curl_slist *address(CURL *c, const struct sink_config *o, const char *question)
{
	struct endpoint e;
	bool tls, six;
	char url[3 * SINK_TEXT], to[2 * SINK_TEXT];
	endpoint_parse_url(&e, o->url, &tls);
	const char *name = tls && o->server_name[0] != '\0' ? o->server_name : e.host;
	six = strchr(name, ':') != NULL;
	snprintf(url, sizeof url, "%s://%s%s%s:%u%s", tls ? "https" : "http", six ? "[" : "", name, six ? "]" : "", e.port, question);
	curl_easy_setopt(c, CURLOPT_URL, url);
	if (name == e.host)
		return NULL;
	six = strchr(e.host, ':') != NULL;
	snprintf(to, sizeof to, "::%s%s%s:%u", six ? "[" : "", e.host, six ? "]" : "", e.port);
	struct curl_slist *list = curl_slist_append(NULL, to);
	curl_easy_setopt(c, CURLOPT_CONNECT_TO, list);
	return list;
}

// As alerts/sink/http.c: without a user it is a token.
static struct curl_slist *let_in(CURL *c, const struct sink_config *o)
{
	char password[SECRET_LINE + 1], token[sizeof password + 32], why[SINK_WHY];
	struct curl_slist *headers = NULL;
	if (o->password_file[0] == '\0' || secret_line(password, o->password_file, &(struct sink_env){.why = why}) < 0)
		return NULL;
	if (o->user[0] != '\0') {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, o->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, password);
	} else {
		snprintf(token, sizeof token, "Authorization: %s %s", o->api == API_ELASTICSEARCH ? "ApiKey" : "Bearer", password);
		headers = curl_slist_append(NULL, token);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
		explicit_bzero(token, sizeof token);
	}
	explicit_bzero(password, sizeof password);
	return headers;
}

static void ask(struct answer *a, const struct sink_config *o, const char *question)
{
	*a = (struct answer){.why = "out of memory"};
	CURL *c = curl_easy_init();
	if (c == NULL)
		return;
	struct curl_slist *list = address(c, o, question);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)DOCTOR_WAIT_MS * 2);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	if (o->ca[0] != '\0')
		curl_easy_setopt(c, CURLOPT_CAINFO, o->ca);
	if (o->cert[0] != '\0') {
		curl_easy_setopt(c, CURLOPT_SSLCERT, o->cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, o->key);
	}
	struct curl_slist *headers = let_in(c, o);
	CURLcode rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a->status);
	a->why = rc != CURLE_OK ? curl_easy_strerror(rc) : NULL;
	curl_easy_cleanup(c);
	curl_slist_free_all(list);
	curl_slist_free_all(headers);
}

void doctor_http(struct doctor *d, const struct sink_config *o)
{
	char question[SINK_TEXT + 64] = "/";
	bool table = o->api == API_CLICKHOUSE;
	struct answer a;
	if (table) // its name was checked: letters, digits, "_" and one dot
		snprintf(question, sizeof question, "/?query=EXISTS%%20TABLE%%20%s", o->target);
	ask(&a, o, question);
	if (a.why != NULL) {
		doctor_say(d, DOCTOR_FAIL, "%s: %.120s takes connections, but: %.100s", o->name, o->url, a.why);
		doctor_repair(d, "curl -v %.200s", o->url);
	} else if (a.status == 401 || (table && a.status == 403)) {
		doctor_say(d, DOCTOR_FAIL, "%s: %.120s does not take %s (HTTP %ld)", o->name, o->url,
			o->user[0] != '\0' ? "this user and password" : o->password_file[0] != '\0' ? "this token" : "anybody without a password",
			a.status);
		doctor_repair(d, "outputs: {user: NAME, password_file: PATH}");
	} else if (a.status != 200 && a.status != 403) { // 403: this user may write, and not look
		doctor_say(d, DOCTOR_WARN, "%s: %.120s answers, but with HTTP %ld", o->name, o->url, a.status);
		doctor_repair(d, "curl -v %.200s; api: is it %s?", o->url, table ? "ClickHouse" : "Elasticsearch or OpenSearch");
	} else if (table && a.first != '1') {
		doctor_say(d, DOCTOR_FAIL, "%s: %.120s has no table %.80s", o->name, o->url, o->target);
		doctor_repair(d, "make it (configs/receivers/clickhouse has the statements), or outputs: {target: TABLE}");
	} else {
		doctor_say(d, DOCTOR_PASS, "%s: %.120s answers", o->name, o->url);
	}
}
