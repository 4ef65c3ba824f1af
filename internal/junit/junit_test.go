package junit

import (
	"bytes"
	"encoding/xml"
	"testing"
)

func TestWrite(t *testing.T) {
	report := Report{Name: "a\x00\x1f\xffb", Seconds: 1.5, Suites: []Suite{
		{Name: "one", Cases: []Case{{Name: "passes"}, {Name: "fails", Failure: &Problem{Message: "<why>", Type: "MUST", Text: "\x1b[31m\ufffe"}}}},
		{Name: "two", Cases: []Case{{Name: "breaks", Error: &Problem{Message: "e"}}, {Name: "waits", Skipped: &Problem{}}}},
	}}
	var text bytes.Buffer
	if err := report.Write(&text); err != nil {
		t.Fatal(err)
	}
	var got xmlSuites
	if err := xml.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	if got.Name != "a\ufffd\ufffd\ufffdb" || got.Time != "1.500" || got.totals != (totals{4, 1, 1, 1}) {
		t.Errorf("name %q, time %s, totals %+v", got.Name, got.Time, got.totals)
	}
	if one := got.Suites[0]; one.totals != (totals{2, 1, 0, 0}) || one.Cases[0].Failure != nil || one.Cases[1].Failure.Message != "<why>" || one.Cases[1].Failure.Text != "\ufffd[31m\ufffd" {
		t.Errorf("suite %+v", one)
	}
}
