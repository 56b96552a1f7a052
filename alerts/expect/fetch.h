// Fetches MTA-STS policies over HTTPS, RFC 8461 3.3: one file of one place, names checked against the CA store, no redirects,
// nothing sent but the request, bounded in time and size. libcurl's multi interface, in the caller's loop. One thread.
#pragma once

#include <poll.h>

#include "alerts/expect/policy.h"

#include "alerts/expect/sts_keep.h"

enum {
	FETCH_TIME_MS = 60000,   // RFC 8461 3.3: a minute for all of it
	FETCH_CONNECT_MS = 20000,
	FETCH_AT_ONCE_MAX = 16,
};

struct fetch_config {
	const char *ca_file;     // a PEM file or a hashed directory; NULL: libcurl's own
	uint32_t time_ms;        // 0: FETCH_TIME_MS
};

struct fetch;

// 0 or -errno.
int fetch_open(struct fetch **out, const struct fetch_config *config);
void fetch_close(struct fetch **f); // ends what goes on; nothing is called any more

// An address that we connect to: not this machine, nor its link, nor a group. A stranger's DNS chooses the address.
bool fetch_address_ok(const struct policy_address *a);

// Begins; -EAGAIN: FETCH_AT_ONCE_MAX are under way. `done` is called once, from fetch_process(). Addresses are tried in order.
int fetch_start(struct fetch *f, const char *domain, const struct policy_address *addresses, size_t n, uint64_t *id,
	void (*done)(void *ctx, const struct sts_fetched *result), void *ctx);
void fetch_cancel(struct fetch *f, uint64_t id);

// Sleeps until something happens on a connection or on `others`, at most `ms`. 0 or -errno.
int fetch_wait(struct fetch *f, struct pollfd *others, size_t n, int ms);
void fetch_process(struct fetch *f);
