// sink: a receiver of event streams that belongs to no server.
//
//	sink [-w WARMUP] [-d SECONDS] [-r RATE] [-s] PORT PATH STREAMS
//
// It opens STREAMS HTTP/1.1 requests to 127.0.0.1:PORT, at most RATE a second if
// that is given, says "open" when all
// are answered with 200, ignores what was sent in the next WARMUP seconds,
// measures what is sent in the SECONDS after them, and prints one line of JSON.
// Each event is one data line with "t":<Unix nanoseconds when it was due> and
// "n":<count>. A stream must get every n that any stream got. With -s it reads
// nothing after the heads, and stays until it is ended.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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

static stream *all;
static double rate;
static int streams, opened, closed, finished, stalled, poller;
static int64_t from, until, lowest = INT64_MAX, highest = -1, arrived, repeated, numbered;
static latency latencies;

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
static void event(stream *s, const char *line, const char *end, int64_t now) {
	int64_t due = number(line, end, "\"t\":"), n = number(line, end, "\"n\":");
	if (due < 0 || !from)
		return;
	if (now >= from && now < until)
		arrived++;
	if (n >= 0) {
		numbered = 1;
		if (n <= s->last) {
			repeated++;
			return;
		}
		s->last = n;
	}
	if (due >= until && !s->finished) {
		s->finished = 1;
		finished++;
	}
	if (due < from || due >= until)
		return;
	if (n >= 0 && n < lowest)
		lowest = n;
	if (n > highest)
		highest = n;
	s->count++;
	latency_add(&latencies, now - due);
}

static void line(stream *s, const char *text, const char *end, int64_t now) {
	if (!s->open) {
		// The status line comes first.
		if (end - text < 12 || memcmp(text, "HTTP/1.1 200", 12)) {
			fprintf(stderr, "sink: refused: %.*s\n", (int)(end - text), text);
			exit(1);
		}
		s->open = 1;
		opened++;
	} else if (end - text > 5 && !memcmp(text, "data:", 5)) {
		event(s, text, end, now);
	}
}

// lines cuts size bytes, preceded by the stream's rest, into lines.
static void lines(stream *s, char *text, int size, int64_t now) {
	char *end = text + size, *next;
	if (s->rest_size && (next = memchr(text, '\n', size))) {
		int more = next - text;
		if (s->rest_size + more > LINE)
			more = LINE - s->rest_size;
		memcpy(s->rest + s->rest_size, text, more);
		line(s, s->rest, s->rest + s->rest_size + more, now);
		s->rest_size = 0;
		text = next + 1;
	}
	if (!s->rest_size)
		for (; (next = memchr(text, '\n', end - text)); text = next + 1)
			line(s, text, next, now);
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
static void receive(stream *s, int ending) {
	static char buffer[1 << 18];
	while (!s->closed && !(stalled && s->open)) {
		ssize_t n = read(s->fd, buffer, sizeof buffer);
		if (n > 0) {
			lines(s, buffer, n, clock_ns(CLOCK_REALTIME));
			if (n == sizeof buffer || ending)
				continue;
		} else if (n == 0 || errno != EAGAIN) {
			s->closed = 1;
			closed++;
			close(s->fd);
		}
		return;
	}
}

static void turn(int wait_ms) {
	struct epoll_event ready[512];
	int n = epoll_wait(poller, ready, 512, wait_ms);
	for (int i = 0; i < n; i++)
		receive(&all[ready[i].data.u32], ready[i].events & EPOLLRDHUP);
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
	struct epoll_event e = {EPOLLIN | EPOLLRDHUP | EPOLLET, {.u32 = i}};
	if (epoll_ctl(poller, EPOLL_CTL_ADD, s->fd, &e))
		fail("epoll_ctl");
}

static void open_all(int port, const char *path) {
	char request[1024];
	if (snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n", path, port) >= (int)sizeof request) {
		fprintf(stderr, "sink: the path is too long\n");
		exit(2);
	}
	int64_t start = clock_ns(CLOCK_MONOTONIC), deadline = start + OPEN_SECONDS * 1000000000LL;
	for (int i = 0; opened < streams;) {
		int due = streams;
		if (rate > 0 && (clock_ns(CLOCK_MONOTONIC) - start) / 1e9 * rate < streams)
			due = (clock_ns(CLOCK_MONOTONIC) - start) / 1e9 * rate;
		if (i < due && i - opened < IN_FLIGHT)
			dial(i++, port, request);
		turn(i < due && i - opened < IN_FLIGHT ? 0 : due < streams ? 1 : 100);
		if (closed || clock_ns(CLOCK_MONOTONIC) > deadline) {
			fprintf(stderr, "sink: %d of %d streams were answered, %d closed\n", opened, streams, closed);
			exit(1);
		}
	}
	printf("open\n");
	fflush(stdout);
}

static void print(double seconds) {
	int64_t each = highest - lowest + 1, events = 0, expected = 0, lost = 0;
	if (!numbered || highest < 0)
		each = 0;
	for (int i = 0; i < streams; i++) {
		events += all[i].count;
		expected += each;
		if (all[i].count < each)
			lost += each - all[i].count;
	}
	printf("{\"streams\":%d,\"open\":%d,\"closed\":%d,\"expected\":%ld,\"events\":%ld,\"lost\":%ld,\"repeated\":%ld,"
	       "\"events_per_second\":%.0f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
	       streams, opened, closed, expected, events, lost, repeated, arrived / seconds, latency_ms(&latencies, .5),
	       latency_ms(&latencies, .9), latency_ms(&latencies, .99), latencies.max / 1e6);
}

int main(int count, char **argument) {
	double warmup = 2, seconds = 5;
	for (int option; (option = getopt(count, argument, "w:d:r:s")) != -1;)
		switch (option) {
		case 'w': warmup = atof(optarg); break;
		case 'd': seconds = atof(optarg); break;
		case 'r': rate = atof(optarg); break;
		case 's': stalled = 1; break;
		default: return 2;
		}
	if (count - optind != 3 || warmup < 0 || seconds <= 0 || rate < 0 || (streams = atoi(argument[optind + 2])) < 1) {
		fprintf(stderr, "usage: sink [-w WARMUP] [-d SECONDS] [-r RATE] [-s] PORT PATH STREAMS\n");
		return 2;
	}
	poller = epoll_create1(0);
	all = calloc(streams, sizeof *all);
	if (poller < 0 || !all)
		fail("start");
	open_all(atoi(argument[optind]), argument[optind + 1]);
	if (stalled)
		for (;;)
			pause();
	from = clock_ns(CLOCK_REALTIME) + (int64_t)(warmup * 1e9);
	until = from + (int64_t)(seconds * 1e9);
	while (closed < streams) {
		int64_t now = clock_ns(CLOCK_REALTIME);
		if (now >= until + GRACE_NS || (now >= until && finished == streams))
			break;
		turn(20);
	}
	print(seconds);
	return 0;
}
