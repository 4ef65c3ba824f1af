package eventstream

import (
	"strings"
	"testing"
)

// TestAllocations holds that decoding allocates nothing in steady state.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool allocate")
	}
	one := "id: k3f9-123\nevent: tick\ndata: {\"pad\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n\n"
	multi := "id: k3f9-123\ndata: a\ndata: b\ndata: \xFF\xC3\n\n"
	for name, text := range map[string]string{"one line": strings.Repeat(one, 10), "lines": strings.Repeat(multi, 10)} {
		for _, size := range []int{len(text), len(text) / 2, 37, 7, 1} {
			var f Findings
			d := NewDecoder(&Config{Findings: &f})
			p := []byte(text)
			emit := func(Event) {}
			feed := func() {
				for from := 0; from < len(p); from += size {
					d.Feed(p[from:min(from+size, len(p))], emit)
				}
			}
			feed()
			if got := testing.AllocsPerRun(100, feed); got != 0 {
				t.Errorf("%s, chunks of %d bytes: %v allocations for 10 events", name, size, got)
			}
			if f.Events != 1020 {
				t.Errorf("%s, chunks of %d bytes: %d events, want 1020", name, size, f.Events)
			}
		}
	}
}
