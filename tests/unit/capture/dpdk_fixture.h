// What tests of DPDK's ports share: stories in a folder that everybody may read, ports of them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "capture/port.h"

enum { DPDK_FIXTURE_STORIES = 3 };

extern char dpdk_fixture_folder[]; // DPDK is told to put there what it has to put anywhere
extern const char *const dpdk_fixture_stories[DPDK_FIXTURE_STORIES];

bool dpdk_fixture_begin(const char *stories_dir);
void dpdk_fixture_end(void);

// The capture of this name in the folder.
void dpdk_fixture_path(char path[static 128], const char *name);

// Fails the test when it cannot be opened.
struct port *dpdk_fixture_open(const char *name, uint16_t queues, bool hugepages);

// The next burst with packets in it, or 0 at the end. Fails when nothing comes for five seconds.
int dpdk_fixture_next(struct source *s, struct packet burst[static PACKET_BURST]);

// Says why and returns what a skipped test exits with.
int dpdk_fixture_skip(const char *why);
