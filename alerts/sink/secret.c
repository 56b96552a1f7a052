// Reading what must not be read by others, and overwriting it before its memory is given back.
#include "alerts/sink/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/sink/wait.h"

const char secret_system_cas[] = "/etc/ssl/certs/ca-certificates.crt";

static ssize_t read_all(int fd, char *out, size_t len)
{
	size_t at = 0;
	while (at < len) {
		ssize_t n = read(fd, out + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

int secret_file(char **out, size_t *len, const char *path, const struct sink_env *env)
{
	struct stat st;
	*out = NULL;
	*len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO would wait for somebody to write
	if (fd < 0 || fstat(fd, &st) != 0) {
		int error = -errno;
		if (fd >= 0)
			close(fd);
		return sink_why(env, error, "%s: %s", path, strerror(-error));
	}
	if (!S_ISREG(st.st_mode) || st.st_size > SECRET_FILE_MAX) {
		close(fd);
		return sink_why(env, -EINVAL, "%s: not a file, or above %d octets", path, SECRET_FILE_MAX);
	}
	char *octets = calloc(1, (size_t)st.st_size + 1);
	ssize_t got = octets == NULL ? -ENOMEM : read_all(fd, octets, (size_t)st.st_size);
	close(fd);
	if (got < 0) {
		free(octets);
		return sink_why(env, (int)got, "%s: %s", path, strerror((int)-got));
	}
	if (got == 0) { // to some libraries a CA that is not there is anybody's
		free(octets);
		return sink_why(env, -EINVAL, "%s: is empty", path);
	}
	*out = octets;
	*len = (size_t)got;
	return 0;
}

int secret_line(char out[static SECRET_LINE + 1], const char *path, const struct sink_env *env)
{
	char *octets;
	size_t len;
	int rc = secret_file(&octets, &len, path, env);
	if (rc < 0)
		return rc;
	size_t n = 0;
	while (n < len && octets[n] != '\r' && octets[n] != '\n') // a NUL ends nothing: it would be another password
		n++;
	bool good = n > 0 && n <= SECRET_LINE;
	for (size_t i = 0; good && i < n; i++)
		good = (unsigned char)octets[i] >= ' ' && octets[i] != 0x7f;
	if (good) {
		memcpy(out, octets, n);
		out[n] = '\0';
	}
	secret_free(&octets, len);
	return good ? 0 : sink_why(env, -EINVAL, "%s: its first line is no password of 1 to %d printable octets", path, SECRET_LINE);
}

void secret_free(char **secret, size_t len)
{
	if (*secret != NULL)
		explicit_bzero(*secret, len);
	free(*secret);
	*secret = NULL;
}
