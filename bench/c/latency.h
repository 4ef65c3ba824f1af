// A histogram of latencies, exact to 10 microseconds up to 20 seconds, and the
// clock that they are taken from.
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>
#include <time.h>

enum { SLOT_NS = 10000, SLOTS = 2000000 };

typedef struct {
	uint32_t slot[SLOTS + 1]; // the last one holds all that is longer
	uint64_t count;
	int64_t max;
} latency;

static inline int64_t clock_ns(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void latency_add(latency *l, int64_t ns) {
	if (ns < 0)
		ns = 0;
	if (ns > l->max)
		l->max = ns;
	int64_t i = ns / SLOT_NS;
	l->slot[i < SLOTS ? i : SLOTS]++;
	l->count++;
}

static inline void latency_merge(latency *to, const latency *l) {
	for (int64_t i = 0; i <= SLOTS; i++)
		to->slot[i] += l->slot[i];
	to->count += l->count;
	if (l->max > to->max)
		to->max = l->max;
}

// latency_ms is the latency, in milliseconds, that the share q of all does not
// exceed.
static inline double latency_ms(const latency *l, double q) {
	uint64_t rank = (uint64_t)(q * (double)l->count), seen = 0;
	if (l->count && rank >= l->count)
		rank = l->count - 1;
	for (int64_t i = 0; i <= SLOTS; i++) {
		seen += l->slot[i];
		if (seen > rank)
			return i < SLOTS ? (i + 0.5) * SLOT_NS / 1e6 : l->max / 1e6;
	}
	return 0;
}

#endif
