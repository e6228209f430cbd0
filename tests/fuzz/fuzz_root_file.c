/* Root hints and trust anchors. */

#include "base/root_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];

	if (fd == -1) {
		PROMISE((fd = memfd_create("root", MFD_CLOEXEC)) != -1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	PROMISE(ftruncate(fd, 0) == 0);
	PROMISE(pwrite(fd, data, size, 0) == (ssize_t)size);
	(void)root_file_check(path, ROOT_FILE_HINTS);
	(void)root_file_check(path, ROOT_FILE_ANCHOR);
	return 0;
}
