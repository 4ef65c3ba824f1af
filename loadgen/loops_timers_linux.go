package loadgen

import "time"

// timers are the links that have something due, as a binary heap: the first is
// the one whose time comes first. Every link is there once at the most.
type timers []*link

const noTimer = -1

// set makes k due at the time, or not at all if it is 0.
func (t *timers) set(k *link, due int64) {
	h := *t
	switch {
	case due == 0 && k.timer == noTimer:
		return
	case due == 0:
		last := h[len(h)-1]
		h[len(h)-1] = nil
		*t = h[:len(h)-1]
		i := k.timer
		k.timer = noTimer
		if last != k {
			t.place(last, i)
			t.settle(last)
		}
	case k.timer == noTimer:
		k.due = due
		*t = append(h, k)
		k.timer = int32(len(h))
		t.settle(k)
	default:
		k.due = due
		t.settle(k)
	}
}

func (t timers) place(k *link, i int32) { t[i], k.timer = k, i }

// settle moves k, whose time has changed, to where it belongs.
func (t timers) settle(k *link) {
	i := k.timer
	for i > 0 {
		parent := (i - 1) / 2
		if t[parent].due <= k.due {
			break
		}
		t.place(t[parent], i)
		i = parent
	}
	for {
		child := 2*i + 1
		if int(child) >= len(t) {
			break
		}
		if int(child)+1 < len(t) && t[child+1].due < t[child].due {
			child++
		}
		if k.due <= t[child].due {
			break
		}
		t.place(t[child], i)
		i = child
	}
	t.place(k, i)
}

// arm makes k due for the first of all that it waits for.
func (e *eventLoop) arm(k *link) {
	due := k.cutAt
	first := func(at int64) {
		if due == 0 || at < due {
			due = at
		}
	}
	if k.slot {
		first(k.attempt.began + int64(patience))
	}
	if k.phase == dialling {
		first(k.attempt.dialled + int64(dialTimeout))
	}
	if k.phase == resting || k.stalled {
		first(k.when)
	}
	e.timers.set(k, due)
}

// expired does what k was due for.
func (e *eventLoop) expired(k *link, now int64) {
	switch {
	case k.cutAt != 0 && now >= k.cutAt:
		e.cut(k)
		return
	case k.phase == resting:
		e.begin(k)
		return
	case k.phase == dialling && now >= k.attempt.dialled+int64(dialTimeout):
		e.end(k, FailureTimeout)
		return
	}
	if k.slot && now >= k.attempt.began+int64(patience) {
		e.leaveGate(k)
	}
	if k.stalled && now >= k.when {
		k.stalled = false
		e.read(k)
	}
	e.arm(k)
}

// dialTimeout bounds the time until a connection stands.
const dialTimeout = 30 * time.Second
