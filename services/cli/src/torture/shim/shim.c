// Takes the place of a few functions of the C library in a replica under torture (LD_PRELOAD), and
// does what the file named by UNDERSTUDY_SHIM says at that moment. mod.rs writes that file; its
// layout is here and there.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct control {
    uint64_t loaded;        // how often this library was loaded
    uint64_t sync_delay_ms; // each sync takes so much longer
    uint64_t sync_fails;    // each sync fails with EIO
    uint64_t full;          // files grow by `room` bytes more, then ENOSPC
    int64_t room;
    int64_t clock_seconds;  // the wall clock is off by this many seconds
    uint64_t slowed;        // how often each of them was felt
    uint64_t failed;
    uint64_t refused;
    uint64_t misled;
};

static volatile struct control *control;

static void count(volatile uint64_t *counter) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

__attribute__((constructor)) static void load(void) {
    const char *path = getenv("UNDERSTUDY_SHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *map = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return;
    control = map;
    count(&control->loaded);
}

// Whether a sync may go on. One that fails has not synced anything.
static int sync_works(void) {
    if (!control) return 1;
    uint64_t delay = control->sync_delay_ms;
    if (delay) {
        struct timespec pause = {delay / 1000, (delay % 1000) * 1000000};
        count(&control->slowed);
        nanosleep(&pause, NULL);
    }
    if (!control->sync_fails) return 1;
    count(&control->failed);
    errno = EIO;
    return 0;
}

int fsync(int fd) { return sync_works() ? syscall(SYS_fsync, fd) : -1; }

int fdatasync(int fd) { return sync_works() ? syscall(SYS_fdatasync, fd) : -1; }

// Overwriting needs no space, as on a file system that does not copy on write. The last write that
// finds some room is a short one.
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at) {
    struct stat64 file;
    if (control && control->full && bytes && fstat64(fd, &file) == 0 && S_ISREG(file.st_mode) &&
        at + (off64_t)bytes > file.st_size) {
        int64_t inside = at < file.st_size ? file.st_size - at : 0;
        int64_t fits = inside + (control->room > 0 ? control->room : 0);
        if (fits < (int64_t)bytes) {
            count(&control->refused);
            if (fits == 0) {
                errno = ENOSPC;
                return -1;
            }
            bytes = fits;
        }
        control->room -= (int64_t)bytes - inside;
    }
    return syscall(SYS_pwrite64, fd, data, bytes, at);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) {
    return pwrite64(fd, data, bytes, at);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real ? real(clock, now) : (int)syscall(SYS_clock_gettime, clock, now);
    if (answer == 0 && clock == CLOCK_REALTIME && control && control->clock_seconds) {
        count(&control->misled);
        now->tv_sec += control->clock_seconds;
    }
    return answer;
}
