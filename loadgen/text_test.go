package loadgen

import "testing"

func TestFormatSeconds(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0", 1e-9: "0.001µs", 0.0000123: "12.3µs", 0.000123456: "123µs", 0.0009996: "1.00ms",
		0.001: "1.00ms", 0.0123456: "12.3ms", 0.123456: "123ms", 0.99949: "999ms", 0.9996: "1.00s", 12.3456: "12.35s",
	} {
		if got := formatSeconds(seconds); got != want {
			t.Errorf("formatSeconds(%v) = %q, want %q", seconds, got, want)
		}
	}
}
