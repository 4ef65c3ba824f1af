package eventstream

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tmaxmax/go-sse"
)

// A workload is about 64 KiB of events, and the size of the chunks in which
// they come.
type workload struct {
	name   string
	bytes  []byte
	events int
	chunk  int
}

func workloads() []workload {
	make64K := func(name, event string, chunk int) workload {
		n := 64 << 10 / len(event)
		w := workload{name: name, bytes: []byte(strings.Repeat(event, n)), events: n, chunk: chunk}
		if w.chunk == 0 {
			w.chunk = len(w.bytes)
		}
		return w
	}
	event := func(size int) string {
		frame := "id: k3f9-123\ndata: {\"t\":1700000000000000000,\"pad\":\"%s\"}\n\n"
		return fmt.Sprintf(frame, strings.Repeat("x", size-len(frame)+len("%s")))
	}
	return []workload{
		make64K("event120", event(120), 0),
		make64K("event1k", event(1024), 0),
		make64K("multiline", "event: tick\nid: k3f9-123\n"+strings.Repeat("data: one of five lines of data\n", 5)+"\n", 0),
		make64K("crlf", strings.ReplaceAll(event(116), "\n", "\r\n"), 0),
		make64K("cut", event(120), 1000),
		make64K("single", event(120), 120),
	}
}

// report adds the rate of events to that of bytes.
func (w workload) report(b *testing.B) {
	b.ReportMetric(float64(w.events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkDecoder(b *testing.B) {
	for _, w := range workloads() {
		b.Run(w.name, func(b *testing.B) {
			var f Findings
			d := NewDecoder(&Config{Findings: &f})
			var bytes int
			emit := func(e Event) { bytes += len(e.Data) }
			b.SetBytes(int64(len(w.bytes)))
			b.ReportAllocs()
			for b.Loop() {
				for p := w.bytes; len(p) > 0; p = p[min(w.chunk, len(p)):] {
					d.Feed(p[:min(w.chunk, len(p))], emit)
				}
			}
			w.report(b)
			if want := uint64(w.events) * uint64(b.N); f.Events != want {
				b.Errorf("%d events, want %d", f.Events, want)
			}
		})
	}
}

func BenchmarkGoSSE(b *testing.B) {
	for _, w := range workloads() {
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(int64(len(w.bytes)))
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range sse.Read(bytes.NewReader(w.bytes), nil) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			w.report(b)
		})
	}
}

// BenchmarkNewlineScan is the floor: to find each line end and do nothing.
func BenchmarkNewlineScan(b *testing.B) {
	for _, w := range workloads() {
		b.Run(w.name, func(b *testing.B) {
			lines := 0
			b.SetBytes(int64(len(w.bytes)))
			for b.Loop() {
				for p := w.bytes; ; lines++ {
					i := bytes.IndexByte(p, '\n')
					if i < 0 {
						break
					}
					p = p[i+1:]
				}
			}
			w.report(b)
		})
	}
}
