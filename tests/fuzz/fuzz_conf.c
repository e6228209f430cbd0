/* The configuration file. */

#include "base/conf.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static void
nothing(void *arg, const char *option)
{
	(void)option;
	++*(size_t *)arg;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	char error[256] = "";
	struct conf *conf;
	size_t changes = 0;

	if (fd == -1) {
		PROMISE((fd = memfd_create("conf", MFD_CLOEXEC)) != -1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	PROMISE(ftruncate(fd, 0) == 0);
	PROMISE(pwrite(fd, data, size, 0) == (ssize_t)size);
	conf = conf_load(path, error, sizeof(error));
	if (conf == NULL) {
		/* One line that says where. */
		PROMISE(strncmp(error, path, strlen(path)) == 0);
		PROMISE(strchr(error, '\n') == NULL);
		return 0;
	}
	conf_changes(conf, conf, nothing, &changes);
	PROMISE(changes == 0);
	PROMISE(conf_profile_for(conf, "query") != NULL);
	conf_free(conf);
	return 0;
}
