// TLS 1.3 with a key log: the encrypted records behind the ServerHello are kept until the handshake is over, then shipped.
#pragma once

#include "dissect/tls/tls.h"

// The header of an application_data record stands in the lane; its octets are kept when it can be of the handshake.
void tls_flight_begin(struct tls *t, struct tls_env *env, enum dir d);

// Octets of a record that is kept.
void tls_flight_take(struct tls *t, struct tls_env *env, enum dir d, const uint8_t *p, size_t len);

// The rest of the record in hand is lost: what was kept of it goes too. Harmless when it is not kept.
void tls_flight_gap(struct tls *t, enum dir d);

// Ships what was kept and gives back its room; harmless when there is nothing.
void tls_flight_ship(struct tls *t, struct tls_env *env);
