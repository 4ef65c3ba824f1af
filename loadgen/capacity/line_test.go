package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Student's own interval for a line whose figures can be checked by hand.
func TestFit(t *testing.T) {
	l := fit([]float64{1, 2, 3, 4, 5}, []float64{2, 1, 4, 3, 5})
	// Slope 8/10, intercept 3 - 2.4, residuals 3.6 over 3 degrees of freedom.
	half := 3.182 * math.Sqrt(3.6/3/10)
	for name, got := range map[string][2]float64{
		"slope": {l.Slope, 0.8}, "intercept": {l.Intercept, 0.6}, "low": {l.Low, 0.8 - half}, "high": {l.High, 0.8 + half}, "points": {float64(l.Points), 5},
	} {
		if math.Abs(got[0]-got[1]) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got[0], got[1])
		}
	}
	if x, ok := l.reaches(8.6); ok {
		t.Errorf("a line that may fall reaches 8.6 at %v", x)
	}
	if x, ok := fit([]float64{0, 1, 2}, []float64{1, 3, 5}).reaches(101); !ok || math.Abs(x-50) > 1e-9 {
		t.Errorf("2x + 1 reaches 101 at %v (%v), want 50", x, ok)
	}
	if fit([]float64{1, 2}, []float64{1, 2}) != nil || fit([]float64{3, 3, 3}, []float64{1, 2, 3}) != nil {
		t.Error("a line without an interval was fitted")
	}
}

// The interval holds the true slope 95 times in 100.
func TestFitKeepsItsConfidence(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const trials = 4000
	for _, points := range []int{3, 6, 40} {
		holds := 0
		for range trials {
			var x, y []float64
			for i := range points {
				x = append(x, float64(i*100))
				y = append(y, 5e6+8192*float64(i*100)+50_000*random.NormFloat64())
			}
			if l := fit(x, y); l.Low <= 8192 && 8192 <= l.High {
				holds++
			}
		}
		if share := float64(holds) / trials; share < 0.94 || share > 0.965 {
			t.Errorf("%d points: %.3f of the intervals hold the slope, want 0.95", points, share)
		}
	}
}
