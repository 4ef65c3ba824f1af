// sink: a receiver of event streams that belongs to no server.
//
//	sink [-w WARMUP] [-d SECONDS] [-r RATE] [-j THREADS] [-s] PORT PATH STREAMS
//
// It opens STREAMS HTTP/1.1 requests to 127.0.0.1:PORT, at most RATE a second if
// that is given, says "open" when all
// are answered with 200, ignores what was sent in the next WARMUP seconds,
// measures what is sent in the SECONDS after them, and prints one line of JSON.
// Each event is one data line with "t":<Unix nanoseconds when it was due> and
// "n":<count>. A stream must get every n that any stream got. One thread opens
// the streams; THREADS (default 1) read them from then on. With -s nothing is
// read after the heads, and the streams stay until the program is ended.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "latency.h"

enum {
	LINE = 4096,      // longest line of a stream
	IN_FLIGHT = 256,  // requests not yet answered
	OPEN_SECONDS = 30 // for all streams together
};
#define GRACE_NS 2000000000LL // for events that are under way at the end

typedef struct {
	int fd;
	char open, closed, finished;
	int64_t last; // highest n so far, -1 before
	int64_t count;
	char *rest; // the beginning of a line whose end is still to come
	int rest_size;
} stream;

// A reader is a thread: the streams that it reads, and what it has counted.
typedef struct {
	pthread_t thread;
	int poller, streams, opened, closed, finished;
	int64_t lowest, highest, arrived, repeated, numbered;
	latency latencies;
	char buffer[1 << 18];
} reader;

static stream *all;
static reader *readers;
static double rate;
static int streams, threads = 1, stalled;
static int64_t from, until;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

// number reads the digits that follow the name in a line, or gives -1.
static int64_t number(const char *line, const char *end, const char *name) {
	for (const char *p = line; (p = memchr(p, '"', end - p)); p++)
		if (end - p > 4 && !memcmp(p, name, 4)) {
			int64_t n = 0;
			for (p += 4; p < end && *p >= '0' && *p <= '9'; p++)
				n = n * 10 + (*p - '0');
			return n;
		}
	return -1;
}

// event takes one data line, read at now.
static void event(reader *r, stream *s, const char *line, const char *end, int64_t now) {
	int64_t due = number(line, end, "\"t\":"), n = number(line, end, "\"n\":");
	if (due < 0 || !from)
		return;
	if (now >= from && now < until)
		r->arrived++;
	if (n >= 0) {
		r->numbered = 1;
		if (n <= s->last) {
			r->repeated++;
			return;
		}
		s->last = n;
	}
	if (due >= until && !s->finished) {
		s->finished = 1;
		r->finished++;
	}
	if (due < from || due >= until)
		return;
	if (n >= 0 && n < r->lowest)
		r->lowest = n;
	if (n > r->highest)
		r->highest = n;
	s->count++;
	latency_add(&r->latencies, now - due);
}

static void line(reader *r, stream *s, const char *text, const char *end, int64_t now) {
	if (!s->open) {
		// The status line comes first.
		if (end - text < 12 || memcmp(text, "HTTP/1.1 200", 12)) {
			fprintf(stderr, "sink: refused: %.*s\n", (int)(end - text), text);
			exit(1);
		}
		s->open = 1;
		r->opened++;
	} else if (end - text > 5 && !memcmp(text, "data:", 5)) {
		event(r, s, text, end, now);
	}
}

// lines cuts size bytes, preceded by the stream's rest, into lines.
static void lines(reader *r, stream *s, char *text, int size, int64_t now) {
	char *end = text + size, *next;
	if (s->rest_size && (next = memchr(text, '\n', size))) {
		int more = next - text;
		if (s->rest_size + more > LINE)
			more = LINE - s->rest_size;
		memcpy(s->rest + s->rest_size, text, more);
		line(r, s, s->rest, s->rest + s->rest_size + more, now);
		s->rest_size = 0;
		text = next + 1;
	}
	if (!s->rest_size)
		for (; (next = memchr(text, '\n', end - text)); text = next + 1)
			line(r, s, text, next, now);
	int left = end - text;
	if (left > LINE - s->rest_size)
		left = LINE - s->rest_size;
	if (left > 0) {
		if (!s->rest && !(s->rest = malloc(LINE)))
			fail("malloc");
		memcpy(s->rest + s->rest_size, text, left);
		s->rest_size += left;
	} else if (!s->rest_size && s->rest) {
		free(s->rest);
		s->rest = 0;
	}
}

// receive reads what there is. A short read empties the socket; but the end,
// if it came with these bytes, is not told again.
static void receive(reader *r, stream *s, int ending) {
	while (!s->closed && !(stalled && s->open)) {
		ssize_t n = read(s->fd, r->buffer, sizeof r->buffer);
		if (n > 0) {
			lines(r, s, r->buffer, n, clock_ns(CLOCK_REALTIME));
			if (n == sizeof r->buffer || ending)
				continue;
		} else if (n == 0 || errno != EAGAIN) {
			s->closed = 1;
			r->closed++;
			close(s->fd);
		}
		return;
	}
}

static void turn(reader *r, int wait_ms) {
	struct epoll_event ready[512];
	int n = epoll_wait(r->poller, ready, 512, wait_ms);
	for (int i = 0; i < n; i++)
		receive(r, &all[ready[i].data.u32], ready[i].events & EPOLLRDHUP);
}

// watch makes the reader read a stream; what is there already is told as new.
static void watch(reader *r, int i) {
	struct epoll_event e = {EPOLLIN | EPOLLRDHUP | EPOLLET, {.u32 = i}};
	if (epoll_ctl(r->poller, EPOLL_CTL_ADD, all[i].fd, &e))
		fail("epoll_ctl");
	r->streams++;
}

// share gives every reader its streams, in turn, when all are open.
static void share(void) {
	for (int i = 0; i < streams; i++) {
		if (i % threads == 0)
			continue;
		if (epoll_ctl(readers[0].poller, EPOLL_CTL_DEL, all[i].fd, 0))
			fail("epoll_ctl");
		readers[0].streams--;
		watch(&readers[i % threads], i);
	}
}

// dial connects from 127.0.0.2 and up, 20,000 connections an address, and
// sends the request.
static void dial(int i, int port, const char *request) {
	stream *s = &all[i];
	int on = 1, small = 2048;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + i / 20000)};
	*s = (stream){.fd = socket(AF_INET, SOCK_STREAM, 0), .last = -1};
	if (s->fd < 0)
		fail("socket");
	if (stalled && setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small))
		fail("setsockopt");
	if (setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) || bind(s->fd, (void *)&source, sizeof source) ||
	    connect(s->fd, (void *)&to, sizeof to))
		fail("connect");
	if (write(s->fd, request, strlen(request)) != (ssize_t)strlen(request) || fcntl(s->fd, F_SETFL, O_NONBLOCK))
		fail("request");
	watch(&readers[0], i);
}

static void open_all(int port, const char *path) {
	char request[1024];
	if (snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n", path, port) >= (int)sizeof request) {
		fprintf(stderr, "sink: the path is too long\n");
		exit(2);
	}
	reader *r = &readers[0];
	int64_t start = clock_ns(CLOCK_MONOTONIC), deadline = start + OPEN_SECONDS * 1000000000LL;
	for (int i = 0; r->opened < streams;) {
		int due = streams;
		if (rate > 0 && (clock_ns(CLOCK_MONOTONIC) - start) / 1e9 * rate < streams)
			due = (clock_ns(CLOCK_MONOTONIC) - start) / 1e9 * rate;
		if (i < due && i - r->opened < IN_FLIGHT)
			dial(i++, port, request);
		turn(r, i < due && i - r->opened < IN_FLIGHT ? 0 : due < streams ? 1 : 100);
		if (r->closed || clock_ns(CLOCK_MONOTONIC) > deadline) {
			fprintf(stderr, "sink: %d of %d streams were answered, %d closed\n", r->opened, streams, r->closed);
			exit(1);
		}
	}
	printf("open\n");
	fflush(stdout);
}

// add puts what another reader has counted into the first one.
static void add(reader *to, const reader *r) {
	to->closed += r->closed;
	to->arrived += r->arrived;
	to->repeated += r->repeated;
	to->numbered |= r->numbered;
	if (r->lowest < to->lowest)
		to->lowest = r->lowest;
	if (r->highest > to->highest)
		to->highest = r->highest;
	latency_merge(&to->latencies, &r->latencies);
}

static void print(const reader *r, double seconds) {
	int64_t each = r->highest - r->lowest + 1, events = 0, expected = 0, lost = 0;
	if (!r->numbered || r->highest < 0)
		each = 0;
	for (int i = 0; i < streams; i++) {
		events += all[i].count;
		expected += each;
		if (all[i].count < each)
			lost += each - all[i].count;
	}
	printf("{\"streams\":%d,\"open\":%d,\"closed\":%d,\"expected\":%ld,\"events\":%ld,\"lost\":%ld,\"repeated\":%ld,"
	       "\"events_per_second\":%.0f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
	       streams, r->opened, r->closed, expected, events, lost, r->repeated, r->arrived / seconds, latency_ms(&r->latencies, .5),
	       latency_ms(&r->latencies, .9), latency_ms(&r->latencies, .99), r->latencies.max / 1e6);
}

// read_all reads a reader's streams until the measured time is over and every
// stream has got beyond it, or the grace has passed.
static void *read_all(void *argument) {
	reader *r = argument;
	while (r->closed < r->streams) {
		int64_t now = clock_ns(CLOCK_REALTIME);
		if (now >= until + GRACE_NS || (now >= until && r->finished == r->streams))
			break;
		turn(r, 20);
	}
	return 0;
}

int main(int count, char **argument) {
	double warmup = 2, seconds = 5;
	for (int option; (option = getopt(count, argument, "w:d:r:j:s")) != -1;)
		switch (option) {
		case 'w': warmup = atof(optarg); break;
		case 'd': seconds = atof(optarg); break;
		case 'r': rate = atof(optarg); break;
		case 'j': threads = atoi(optarg); break;
		case 's': stalled = 1; break;
		default: return 2;
		}
	if (count - optind != 3 || warmup < 0 || seconds <= 0 || rate < 0 || threads < 1 || (streams = atoi(argument[optind + 2])) < 1) {
		fprintf(stderr, "usage: sink [-w WARMUP] [-d SECONDS] [-r RATE] [-j THREADS] [-s] PORT PATH STREAMS\n");
		return 2;
	}
	all = calloc(streams, sizeof *all);
	readers = calloc(threads, sizeof *readers);
	if (!all || !readers)
		fail("calloc");
	for (reader *r = readers; r < readers + threads; r++) {
		r->lowest = INT64_MAX;
		r->highest = -1;
		if ((r->poller = epoll_create1(0)) < 0)
			fail("epoll_create1");
	}
	open_all(atoi(argument[optind]), argument[optind + 1]);
	if (stalled)
		for (;;)
			pause();
	share();
	from = clock_ns(CLOCK_REALTIME) + (int64_t)(warmup * 1e9);
	until = from + (int64_t)(seconds * 1e9);
	for (int i = 1; i < threads; i++)
		if ((errno = pthread_create(&readers[i].thread, 0, read_all, &readers[i])))
			fail("pthread_create");
	read_all(&readers[0]);
	for (int i = 1; i < threads; i++) {
		pthread_join(readers[i].thread, 0);
		add(&readers[0], &readers[i]);
	}
	print(&readers[0], seconds);
	return 0;
}
