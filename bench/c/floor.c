// floor: what fan-out costs when nothing but the kernel is in the way.
//
//	floor STREAMS BYTES RATE WARMUP SECONDS
//
// One process writes an event of BYTES to each of STREAMS loopback connections,
// one write() per event; another reads them with epoll. With a RATE of
// deliveries per second, a fan-out begins every STREAMS/RATE seconds, and each
// delivery's latency counts from when its fan-out was due. RATE 0 writes
// without a pause. The reader prints one line of JSON when the writer is done.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "latency.h"

static int streams, event_bytes, rounds, skipped;
static int64_t *due; // of each fan-out, written before its first write()
static latency all;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static int listen_free(struct sockaddr_in *address) {
	int l = socket(AF_INET, SOCK_STREAM, 0);
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof *address;
	if (l < 0 || bind(l, (void *)address, size) || listen(l, 4096) || getsockname(l, (void *)address, &size))
		fail("listen");
	return l;
}

// dial connects from 127.0.0.2 and up, 20,000 connections an address.
static int dial(const struct sockaddr_in *to, int i) {
	int f = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + i / 20000)};
	if (f < 0 || setsockopt(f, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) ||
	    bind(f, (void *)&from, sizeof from) || connect(f, (void *)to, sizeof *to) || fcntl(f, F_SETFL, O_NONBLOCK))
		fail("connect");
	return f;
}

static void print(int64_t first, int64_t last, uint64_t bytes) {
	double rate = last > first ? (double)bytes / event_bytes / ((last - first) / 1e9) : 0;
	uint64_t expected = rounds ? (uint64_t)(rounds - skipped) * streams : 0;
	printf("{\"streams\":%d,\"open\":%d,\"closed\":0,\"expected\":%lu,\"events\":%lu,\"lost\":%lu,\"repeated\":0,"
	       "\"events_per_second\":%.0f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
	       streams, streams, expected, all.count, expected > all.count ? expected - all.count : 0, rate,
	       latency_ms(&all, .5), latency_ms(&all, .9), latency_ms(&all, .99), all.max / 1e6);
}

// read_all is the receiving process. Which fan-out a byte belongs to follows
// from how many came before it on its connection.
static void read_all(const struct sockaddr_in *to) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int poll = epoll_create1(0), open = streams;
	int *fd = malloc(streams * sizeof *fd);
	int64_t *got = calloc(streams, sizeof *got);
	for (int i = 0; i < streams; i++) {
		fd[i] = dial(to, i);
		struct epoll_event e = {EPOLLIN | EPOLLRDHUP | EPOLLET, {.u32 = i}};
		if (epoll_ctl(poll, EPOLL_CTL_ADD, fd[i], &e))
			fail("epoll_ctl");
	}
	static char buffer[1 << 18];
	struct epoll_event ready[512];
	int64_t first = 0, last = 0;
	uint64_t bytes = 0;
	while (open) {
		int n = epoll_wait(poll, ready, 512, -1);
		for (int k = 0; k < n; k++) {
			uint32_t i = ready[k].data.u32;
			for (;;) {
				ssize_t size = read(fd[i], buffer, sizeof buffer);
				if (size == 0) {
					open--;
					close(fd[i]);
				}
				if (size <= 0)
					break;
				last = clock_ns(CLOCK_MONOTONIC);
				if (!first)
					first = last;
				int64_t before = got[i] / event_bytes, after = (got[i] + size) / event_bytes;
				for (int64_t r = before; rounds && r < after; r++)
					if (r >= skipped)
						latency_add(&all, last - due[r]);
				got[i] += size;
				bytes += size;
				// A short read empties the socket; but the end, if it came
				// with these bytes, is not told again.
				if (size < (ssize_t)sizeof buffer && !(ready[k].events & EPOLLRDHUP))
					break;
			}
		}
	}
	print(first, last, bytes);
}

static void fan_out(const int *fd, const char *event) {
	for (int i = 0; i < streams; i++)
		for (int sent = 0; sent < event_bytes;) {
			ssize_t n = write(fd[i], event + sent, event_bytes - sent);
			if (n > 0)
				sent += n;
			else if (errno == EAGAIN)
				sched_yield();
			else
				fail("write");
		}
}

static void write_all(int listener, double interval, double seconds) {
	int *fd = malloc(streams * sizeof *fd), on = 1;
	for (int i = 0; i < streams; i++)
		if ((fd[i] = accept4(listener, 0, 0, SOCK_NONBLOCK)) < 0 || setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
			fail("accept");
	char *event = malloc(event_bytes);
	memset(event, 'x', event_bytes);
	int64_t start = clock_ns(CLOCK_MONOTONIC) + 100000000;
	if (!rounds)
		while (clock_ns(CLOCK_MONOTONIC) < start + (int64_t)(seconds * 1e9))
			fan_out(fd, event);
	for (int r = 0; r < rounds; r++) {
		due[r] = start + (int64_t)(r * interval * 1e9);
		struct timespec at = {due[r] / 1000000000, due[r] % 1000000000};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, 0);
		fan_out(fd, event);
	}
	for (int i = 0; i < streams; i++)
		close(fd[i]);
}

int main(int count, char **argument) {
	if (count != 6) {
		fprintf(stderr, "usage: floor STREAMS BYTES RATE WARMUP SECONDS\n");
		return 2;
	}
	streams = atoi(argument[1]);
	event_bytes = atoi(argument[2]);
	double rate = atof(argument[3]), warmup = atof(argument[4]), seconds = atof(argument[5]);
	if (streams < 1 || event_bytes < 1 || rate < 0 || warmup < 0 || seconds <= 0) {
		fprintf(stderr, "floor: a number is out of range\n");
		return 2;
	}
	double interval = rate > 0 ? streams / rate : 0;
	if (interval > 0) {
		skipped = (int)(warmup / interval);
		rounds = skipped + (int)(seconds / interval + 0.5);
		if (rounds == skipped)
			rounds++;
	}
	due = mmap(0, (rounds + 1) * sizeof *due, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (due == MAP_FAILED)
		fail("mmap");
	struct sockaddr_in address;
	int listener = listen_free(&address);
	pid_t reader = fork();
	if (reader < 0)
		fail("fork");
	if (reader == 0) {
		close(listener);
		read_all(&address);
		return 0;
	}
	write_all(listener, interval, seconds);
	int status;
	waitpid(reader, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
