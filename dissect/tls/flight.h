// TLS 1.3 with a key log: the encrypted records behind the ServerHello are kept until the handshake is over, then shipped.
#pragma once

#include "dissect/tls/tls.h"

// The header of an application_data record stands in the lane: is the record kept? It is when it can be of the handshake.
bool tls_flight_begin(struct tls *t, struct tls_env *env, enum dir d);

// Octets of a record that is kept.
void tls_flight_take(struct tls *t, struct tls_env *env, enum dir d, const uint8_t *p, size_t len);

// Ships what was kept and gives back its room; harmless when there is nothing.
void tls_flight_ship(struct tls *t, struct tls_env *env);
