package capacity

import "math"

// headRoom fits lines through what the target used, and says how far they would
// lead.
func (r *Result) headRoom() {
	top := 0.0
	for _, s := range r.Steps {
		if s.Server != nil && s.Outcome != Invalid {
			top = max(top, s.Load)
		}
	}
	if r.Grow == Streams {
		memory, limit := r.memoryByStreams()
		r.Memory = memory.fit()
		r.allow("memory", r.Memory, float64(limit), top)
	}
	cores, allowed := r.coresByLoad(Met)
	r.allow("CPU", cores.fit(), allowed, top)
}

// Samples are points through which a line can lead.
type samples struct{ x, y []float64 }

func (s *samples) add(x, y float64) { s.x, s.y = append(s.x, x), append(s.y, y) }

func (s *samples) fit() *Line { return fit(s.x, s.y) }

// memoryByStreams is the target's memory in the steps that had more streams than
// any before, since memory that was used once is not given back, and its limit
// in bytes, or 0.
func (r *Result) memoryByStreams() (memory samples, limit int64) {
	var peak int64
	for i := range r.Steps {
		s := &r.Steps[i]
		if v := s.Server; v != nil && s.Outcome != Invalid && v.Memory > 0 && s.Streams.Peak > peak {
			peak, limit = s.Streams.Peak, v.MemoryLimit
			memory.add(float64(peak), float64(v.Memory))
		}
	}
	return memory, limit
}

// coresByLoad is the processor time that the target used in the steps of an
// outcome, in seconds per second, and how much it may use, or 0.
func (r *Result) coresByLoad(outcome Outcome) (cores samples, allowed float64) {
	for i := range r.Steps {
		s := &r.Steps[i]
		if v := s.Server; v != nil && v.CoresAllowed > 0 {
			if allowed == 0 {
				allowed = v.CoresAllowed
			}
			if s.Outcome == outcome {
				cores.add(s.Load, v.Cores)
			}
		}
	}
	return cores, allowed
}

// farthest is up to how many times the largest load that was held a line is
// followed.
const farthest = 10

// allow notes the load at which a line reaches a limit.
func (r *Result) allow(resource string, l *Line, limit, top float64) {
	load, ok := l.reaches(limit)
	if !ok || limit <= 0 || load <= 0 {
		return
	}
	h := HeadRoom{Resource: resource, Load: math.Floor(load), Extrapolated: load > top}
	if load > farthest*top {
		h.Load, h.More = farthest*top, true
	}
	r.HeadRoom = append(r.HeadRoom, h)
}

// String says what the resource would allow.
func (h HeadRoom) String() string {
	text := h.Resource + " would allow "
	if h.More {
		text += "more than "
	}
	text += grouped(twoDigits(h.Load))
	if h.Extrapolated {
		text += " (extrapolated)"
	}
	return text
}

// twoDigits rounds an estimate down to two significant digits.
func twoDigits(v float64) float64 {
	if v < 100 {
		return math.Floor(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Floor(v/unit) * unit
}
