// Clears the place, binds, sets group and mode, and only then listens.
#include "cli/unix_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// A socket that nobody answers on was left by a process that did not end by itself.
static int clear_place(const struct sockaddr_un *where)
{
	struct stat st;
	if (lstat(where->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int rc = connect(fd, (const struct sockaddr *)where, sizeof *where) < 0 ? -errno : 0;
	close(fd);
	if (rc == 0 || rc == -EAGAIN) // -EAGAIN: so many ask there that one more would have to wait
		return -EADDRINUSE;
	if (rc != -ECONNREFUSED)
		return rc;
	return unlink(where->sun_path) < 0 ? -errno : 0;
}

// Nobody may connect before group and mode are as they should be: until listen() everybody is refused. Whoever may write to the
// directory may have put something else there meanwhile: no link is followed.
static int bind_at(int fd, const struct sockaddr_un *where, gid_t group, int backlog, ino_t *inode)
{
	struct stat st;
	if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)where, sizeof *where) < 0)
		return -errno;
	int rc = 0;
	if (group != (gid_t)-1 && lchown(where->sun_path, (uid_t)-1, group) < 0)
		rc = -errno;
	else if (fchmodat(AT_FDCWD, where->sun_path, 0660, AT_SYMLINK_NOFOLLOW) < 0 || lstat(where->sun_path, &st) < 0 ||
		listen(fd, backlog) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(where->sun_path);
	else
		*inode = st.st_ino;
	return rc;
}

int unix_listen(int *fd, const struct sockaddr_un *where, gid_t group, int backlog, ino_t *inode)
{
	*fd = -1;
	int rc = clear_place(where);
	if (rc < 0)
		return rc;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	rc = bind_at(*fd, where, group, backlog, inode);
	if (rc < 0) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}
