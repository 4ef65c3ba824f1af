package capacity

import "math"

// A Line is a least-squares fit of a quantity against the load.
type Line struct {
	Intercept float64 `json:"intercept"`
	Slope     float64 `json:"slope"`
	// Low and High are the 95 % confidence interval of the slope (Student's t
	// with Points - 2 degrees of freedom).
	Low    float64 `json:"slope_low"`
	High   float64 `json:"slope_high"`
	Points int     `json:"points"`
}

// fit fits a line; nil with fewer than three points, or when all have the same
// x: there is no confidence interval then.
func fit(x, y []float64) *Line {
	n := len(x)
	if n < 3 {
		return nil
	}
	meanX, meanY := mean(x), mean(y)
	var xx, xy float64
	for i := range x {
		xx += (x[i] - meanX) * (x[i] - meanX)
		xy += (x[i] - meanX) * (y[i] - meanY)
	}
	if xx == 0 {
		return nil
	}
	l := &Line{Slope: xy / xx, Points: n}
	l.Intercept = meanY - l.Slope*meanX
	var residual float64
	for i := range x {
		d := y[i] - l.at(x[i])
		residual += d * d
	}
	half := student95(n-2) * math.Sqrt(residual/float64(n-2)/xx)
	l.Low, l.High = l.Slope-half, l.Slope+half
	return l
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func (l *Line) at(x float64) float64 { return l.Intercept + l.Slope*x }

// reaches is the x at which the line comes to y; ok is false unless the whole
// confidence interval rises.
func (l *Line) reaches(y float64) (x float64, ok bool) {
	if l == nil || l.Low <= 0 {
		return 0, false
	}
	return (y - l.Intercept) / l.Slope, true
}

// t975 is the 0.975 quantile of Student's t, by degrees of freedom from 1 on.
var t975 = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
	2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

// student95 is the factor of a two-sided 95 % confidence interval. Beyond the
// table that of its last row is used, which is a little too wide.
func student95(freedom int) float64 { return t975[min(freedom, len(t975))-1] }
