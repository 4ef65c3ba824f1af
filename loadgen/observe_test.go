package loadgen

import "testing"

func TestObserver(t *testing.T) {
	const big = "1799999999123456789"
	for _, c := range []struct {
		time, unit, data string
		want             int64
		ok               bool
	}{
		{"", "ns", `{"t":1}`, 0, false},
		{"t", "ns", `{"t":` + big + `}`, 1799999999123456789, true},
		{"t", "ns", `{"t":"` + big + `"}`, 1799999999123456789, true},
		{"t", "", `{"t":5}`, 5, true},
		{"a.b.t", "ms", `{"a":{"b":{"t":1799999999123}}}`, 1799999999123000000, true},
		{"t", "us", `{"t":1799999999123456}`, 1799999999123456000, true},
		{"t", "s", `{"t":1799999999}`, 1799999999000000000, true},
		{"t", "s", `{"t":1.5}`, 1500000000, true},
		{"t", "ms", `{"t":-2}`, -2000000, true},
		{"t", "s", `{"t":0}`, 0, true},
		{"t", "s", `{"t":1e3}`, 1000000000000, true},
		{"t", "s", `{"t":1799999999123}`, 0, false}, // beyond 64 bits
		{"t", "s", `{"t":1e300}`, 0, false},
		{"t", "s", `{"t":"NaN"}`, 0, false},
		{"t", "s", `{"t":"Inf"}`, 0, false},
		{"t", "ns", `{"t":"soon"}`, 0, false},
		{"t", "ns", `{"t":true}`, 0, false},
		{"t", "ns", `{"t":null}`, 0, false},
		{"t", "ns", `{"u":1}`, 0, false},
		{"a.t", "ns", `{"a":[1]}`, 0, false},
		{"a.t", "ns", `{"a":1}`, 0, false},
		{"t", "ns", `[1]`, 0, false},
		{"t", "ns", `not JSON`, 0, false},
		{"t", "ns", ``, 0, false},
		{`/t=(\d+)/`, "ns", "x t=" + big + " y", 1799999999123456789, true},
		{`/^(\d+\.\d+) /`, "s", "12.25 tick", 12250000000, true},
		{`/t=(\d*)/`, "ns", "t=", 0, false},
		{`/t=(\d+)/`, "ns", "u=1", 0, false},
		{"/", "ns", `{"/":3}`, 3, true}, // too short for a pattern: a field's name
	} {
		o, err := newObserver(&Observe{Time: c.time, Unit: c.unit})
		if err != nil {
			t.Fatal(err)
		}
		if got := o.observe([]byte(c.data)); got.sent != c.want && c.ok || got.timed != c.ok {
			t.Errorf("%s (%s) of %s is %d, %v; want %d, %v", c.time, c.unit, c.data, got.sent, got.timed, c.want, c.ok)
		}
	}
}

func TestObserverSequence(t *testing.T) {
	o, err := newObserver(&Observe{Sequence: "n", Unit: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]uint64{`{"n":0}`: 0, `{"n":9007199254740993}`: 9007199254740993, `{"n":"7"}`: 7} {
		if got := o.observe([]byte(data)); got.seq != want || !got.numbered {
			t.Errorf("sequence of %s is %d, %v; want %d", data, got.seq, got.numbered, want)
		}
	}
	for _, data := range []string{`{"n":-1}`, `{}`, `{"n":"x"}`} {
		if got := o.observe([]byte(data)); got.numbered {
			t.Errorf("sequence of %s is %d, want none", data, got.seq)
		}
	}
	for _, pattern := range []string{"/(/", "/a/", "/(a)(b)/"} {
		if _, err := newObserver(&Observe{Sequence: pattern}); err == nil {
			t.Errorf("the pattern %s is accepted", pattern)
		}
	}
}
