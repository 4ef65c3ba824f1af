package eventstream

import (
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
