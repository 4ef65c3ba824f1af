package eventstream

import (
	"fmt"
	"reflect"
	"testing"
)

// TestFindingsAdd gives every field another value, so that a counter which Add
// forgets or mixes up shows.
func TestFindingsAdd(t *testing.T) {
	var a, b, want Findings
	va, vb, vw := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem(), reflect.ValueOf(&want).Elem()
	for i := range va.NumField() {
		va.Field(i).SetUint(uint64(i + 1))
		vb.Field(i).SetUint(uint64(1000 * (i + 1)))
		vw.Field(i).SetUint(uint64(1001 * (i + 1)))
	}
	ab, ba := a, b
	ab.Add(b)
	ba.Add(a)
	if ab != want || ba != want {
		t.Errorf("a+b = %+v\nb+a = %+v\nwant  %+v", ab, ba, want)
	}
}

// The last event ID stays from event to event; whose own it is can be told, with
// the block whole or cut.
func TestEventHasID(t *testing.T) {
	wire := "data: a\n\nid: 1\ndata: b\n\ndata: c\n\nid: 2\n\ndata: d\n\nid\ndata: e\n\nid: \x00\ndata: f\n\n"
	want := "a:false b:true c:false d:false e:true f:false "
	for _, step := range []int{1, 7, len(wire)} {
		var d Decoder
		got := ""
		for p := []byte(wire); len(p) > 0; p = p[min(step, len(p)):] {
			d.Feed(p[:min(step, len(p))], func(e Event) { got += fmt.Sprintf("%s:%t ", e.Data, d.EventHasID()) })
		}
		if got != want {
			t.Errorf("%d bytes at a time: %s, want %s", step, got, want)
		}
	}
}
