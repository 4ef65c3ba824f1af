package loadgen

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONNumber(t *testing.T) {
	for _, c := range []struct{ data, path, want string }{
		{`{"t":12}`, "t", "12"},
		{` { "t" : -1.5e3 } `, "t", "-1.5e3"},
		{`{"pad":"}\"t\":1","t":"77"}`, "t", "77"},
		{`{"a":{"t":1,"b":[{"t":2}]},"t":3}`, "t", "3"},
		{`{"a":{"b":{"t":4}},"t":3}`, "a.b.t", "4"},
		{`{"t":1,"t":2}`, "t", "2"},
		{`{"\u0074":5}`, "t", "5"},
		{`{"t":null}`, "t", ""},
		{`{"t":{}}`, "t", ""},
		{`{"t":""}`, "t", ""},
		{`{"t":`, "t", ""},
		{`{"t"`, "t", ""},
		{`[1]`, "t", ""},
		{`{}`, "t", ""},
		{``, "t", ""},
		{`{"a":1}`, "a.t", ""},
	} {
		got, ok := jsonNumber([]byte(c.data), strings.Split(c.path, "."))
		if string(got) != c.want && ok || ok != (c.want != "") {
			t.Errorf("%s at %s = %q, %v; want %q", c.data, c.path, got, ok, c.want)
		}
	}
}

func TestJSONNumberAllocatesNothing(t *testing.T) {
	data, path := []byte(`{"n":1,"t":1790000000123456789,"pad":"xxxxxxxxxxxxxxxxxxxxxx"}`), []string{"t"}
	if n := testing.AllocsPerRun(100, func() { jsonNumber(data, path) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzJSONNumber compares with encoding/json on everything that is an object.
func FuzzJSONNumber(f *testing.F) {
	f.Add([]byte(`{"t":12,"a":{"t":[1,"2"]}}`))
	f.Add([]byte(`{"\u0074":5,"t":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || bytes.IndexByte(data, '\\') >= 0 {
			t.Skip()
		}
		var object map[string]json.RawMessage
		want := ""
		if json.Unmarshal(data, &object) == nil {
			want = strings.Trim(string(object["t"]), `"`)
		}
		if want != "" && !strings.Contains("-0123456789", want[:1]) {
			want = ""
		}
		got, ok := jsonNumber(data, []string{"t"})
		if string(got) != want && ok || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", data, got, ok, want)
		}
	})
}
