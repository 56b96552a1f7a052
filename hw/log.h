// The log: what the program does, for the operator. One line on stderr, rare, never per packet.
//
//   postwacht: error: capture: cannot open /x.pcap: No such file or directory; check the path
//
// `error` someone must act; `warn` it will cost something; `info` a change of state; `debug` for us.
// Text that came from the wire or from a file is escaped by the callee: no control octet reaches a terminal.
#pragma once

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

// Messages above `level` are dropped. Process-wide, set once by main before threads start; default warn.
void log_set_level(enum log_level level);

// One whole line: prefix, area, message. Any thread.
void log_write(enum log_level level, const char *area, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(area, ...) log_write(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...) log_write(LOG_LEVEL_WARN, area, __VA_ARGS__)
#define log_info(area, ...) log_write(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_write(LOG_LEVEL_DEBUG, area, __VA_ARGS__)
