package chart

import (
	"math"
	"strconv"
	"strings"
)

// A Scale is how the values of an axis become distances.
type Scale int

// Scales.
const (
	Linear Scale = iota // from 0
	Log                 // each factor of ten has the same length
	// Nines is for shares below 1, as plots of HdrHistogram have them: 90 %,
	// 99 % and 99.9 % are as far from each other.
	Nines
)

// A scale places the values of one axis.
type scale struct {
	kind     Scale
	from, to float64 // as transform has them
	ticks    []tick
	title    string
}

type tick struct {
	at    float64
	label string
}

// transform is where on an even ruler a value lies; NaN when nowhere.
func (k Scale) transform(v float64) float64 {
	switch {
	case k == Log && v >= 1/largest && v <= largest:
		return math.Log10(v)
	case k == Nines && v >= 0 && v < 1:
		return -math.Log10(1 - v)
	case k == Linear && finite(v):
		return v
	}
	return math.NaN()
}

// place is the share of the axis' length at which a value lies.
func (s *scale) place(v float64) float64 { return (s.kind.transform(v) - s.from) / (s.to - s.from) }

// decimal has the steps within a power of ten.
var decimal = []float64{1, 2, 5}

// newScale makes the scale that shows all values, with about the number of
// ticks.
func newScale(a *Axis, values []float64, about int) *scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if finite(a.Scale.transform(v)) {
			low, high = min(low, v), max(high, v)
		}
	}
	if a.Min != 0 {
		low = min(low, a.Min)
	}
	if a.Max != 0 {
		high = max(high, a.Max)
	}
	switch {
	case len(a.Names) > 0:
		return categories(a)
	case a.Scale == Nines:
		return nines(a, high)
	case low > high && a.Scale == Log:
		low, high = a.Unit.emptyRange()
	case low > high:
		_, high = a.Unit.emptyRange()
	}
	if a.Scale == Log {
		return logarithmic(a, low, high)
	}
	return linear(a, min(low, 0), high, about)
}

// emptyRange is what an axis without values shows.
func (u Unit) emptyRange() (low, high float64) {
	if u == Seconds {
		return 1e-3, 1
	}
	return 0.1, 1
}

func categories(a *Axis) *scale {
	s := &scale{from: -0.5, to: float64(len(a.Names)) - 0.5, title: a.Label}
	for i, name := range a.Names {
		s.ticks = append(s.ticks, tick{float64(i), name})
	}
	return s
}

func nines(a *Axis, high float64) *scale {
	s := &scale{kind: Nines, to: max(1, Nines.transform(min(max(high, 0), 1-1e-12))), title: a.Label}
	s.ticks = []tick{{0, "0 %"}, {0.5, "50 %"}}
	// The labels are made of nines, since 1-1e-4 has more digits than it should.
	for n := 1; float64(n) <= s.to+1e-9; n++ {
		text := strings.Repeat("9", n)
		if n == 1 {
			text = "90"
		}
		if n > 2 {
			text = text[:2] + "." + text[2:]
		}
		s.ticks = append(s.ticks, tick{1 - math.Pow10(-n), text + " %"})
	}
	return s
}

// logarithmic begins and ends at 1, 2 or 5 times a power of ten.
func logarithmic(a *Axis, low, high float64) *scale {
	var stops []float64
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, m := range decimal {
			stops = append(stops, m*math.Pow(10, e))
		}
	}
	for len(stops) > 2 && stops[1] <= low*(1+1e-9) {
		stops = stops[1:]
	}
	for len(stops) > 2 && stops[len(stops)-2] >= high*(1-1e-9) {
		stops = stops[:len(stops)-1]
	}
	s := &scale{kind: Log, from: math.Log10(stops[0]), to: math.Log10(stops[len(stops)-1]), title: a.Label}
	// With many decades only powers of ten have ticks, and with very many only
	// some of these.
	every := (len(stops) + 29) / 30
	for _, v := range stops {
		exponent := math.Log10(v)
		whole := math.Abs(exponent-math.Round(exponent)) < 1e-9
		if len(stops) <= 10 || whole && int(math.Round(exponent))%every == 0 {
			s.ticks = append(s.ticks, tick{v, a.Unit.format(v)})
		}
	}
	return s
}

// linear shows 0, and names its unit once.
func linear(a *Axis, low, high float64, about int) *scale {
	if high-low < 1/largest {
		_, high = a.Unit.emptyRange()
	}
	m := a.Unit.multipleOf(max(high, -low))
	step := niceStep((high-low)/m.size, about)
	from, to := math.Floor(low/m.size/step+1e-9), math.Ceil(high/m.size/step-1e-9)
	s := &scale{from: from * step * m.size, to: to * step * m.size, title: a.Label}
	if m.suffix != "" {
		s.title = strings.TrimPrefix(a.Label+", "+m.suffix, ", ")
	}
	digits := 0
	if step < 1 {
		digits = int(math.Ceil(-math.Log10(step) - 1e-9))
	}
	for i := from; i <= to; i++ {
		v := i * step
		text := strconv.FormatFloat(v, 'f', digits, 64)
		if math.Abs(v) >= 10_000 {
			text = short(v)
		}
		s.ticks = append(s.ticks, tick{v * m.size, text})
	}
	return s
}

// trim ends a linear axis where its values end, rather than at the next tick.
func (s *scale) trim(a *Axis, values []float64) {
	high := a.Max
	for _, v := range values {
		if finite(v) {
			high = max(high, v)
		}
	}
	if s.kind == Linear && len(a.Names) == 0 && high > 0 && high < s.to {
		s.to = high
		for s.ticks[len(s.ticks)-1].at > high*(1+1e-9) {
			s.ticks = s.ticks[:len(s.ticks)-1]
		}
	}
}

// niceStep is 1, 2 or 5 times a power of ten, the least with which no more
// ticks than about are needed.
func niceStep(length float64, about int) float64 {
	least := length / float64(about)
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, s := range decimal {
		if s*power >= least*(1-1e-9) {
			return s * power
		}
	}
	return 10 * power
}
