// Takes the place of clock_gettime in a replica (LD_PRELOAD): the wall clock is off by the seconds
// that the file CLOCKS/HOSTNAME says. clock.rs makes that file; its layout is here and there.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t off;     // the wall clock is off by this many seconds
    uint64_t misled; // how often it was looked at meanwhile
};

static volatile struct control *control;

__attribute__((constructor)) static void load(void) {
    const char *directory = getenv("CLOCKS"), *name = getenv("HOSTNAME");
    char path[4096];
    if (!directory || !name) return;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) control = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real ? real(clock, now) : (int)syscall(SYS_clock_gettime, clock, now);
    if (answer == 0 && clock == CLOCK_REALTIME && control && control->off) {
        __atomic_fetch_add(&control->misled, 1, __ATOMIC_RELAXED);
        now->tv_sec += control->off;
    }
    return answer;
}
