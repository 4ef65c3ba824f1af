package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/publicurl"
)

// A Row is one thing that may be wrong with a path.
type Row struct {
	ID    string
	Title string
	// Explain says what happens, and why, to a reader who does not know the box.
	Explain string
	// Note tells that it is worth knowing, and is how many good boxes behave.
	Note bool
	// Hides are rows that follow from this one.
	Hides []string
	// Fixes are what to change, by box.
	Fixes []Fix

	// again are the probes that are made a second time where the sign is seen,
	// because it rests on times.
	again []string
	// see looks for the sign in one recording; nil if it is not there.
	see func(*view) *sign
}

// A sign is what was seen of a row.
type sign struct {
	evidence []string
	// explain, unless empty, is more exact than the row's.
	explain string
	// controlled tells that a probe of the same path that differs in one thing
	// behaved differently, or that the origin says otherwise.
	controlled bool
}

func (s *sign) add(format string, args ...any) {
	s.evidence = append(s.evidence, fmt.Sprintf(format, args...))
}

func signOf(format string, args ...any) *sign {
	return &sign{evidence: []string{fmt.Sprintf(format, args...)}}
}

// proven is a sign that a control bears out.
func proven(format string, args ...any) *sign {
	s := signOf(format, args...)
	s.controlled = true
	return s
}

// orNone is nil for a sign of which nothing was seen.
func (s *sign) orNone() *sign {
	if len(s.evidence) == 0 {
		return nil
	}
	return s
}

// A Confidence says what a diagnosis rests on.
type Confidence string

// Confidences.
const (
	Certain        Confidence = "certain"         // the direct path does not show it
	Likely         Confidence = "likely"          // a control probe of the same path does not
	ConsistentWith Confidence = "consistent with" // there was nothing to compare with
)

// A Diagnosis is a row that was seen.
type Diagnosis struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	Explanation string     `json:"explanation"`
	Confidence  Confidence `json:"confidence"`
	// Fault is false for what is only worth knowing.
	Fault    bool     `json:"fault"`
	Evidence []string `json:"evidence"`
	Fixes    []Fix    `json:"fixes,omitempty"`
}

// A Report is what was found out about a path.
type Report struct {
	// URL and DirectURL are without what may be secret in them.
	URL       string  `json:"url"`
	DirectURL string  `json:"direct_url,omitempty"`
	Verdict   Verdict `json:"verdict"`
	// ProbeOrigin tells that the probe origin is at the far end.
	ProbeOrigin bool     `json:"probe_origin"`
	Boxes       []string `json:"boxes"` // recognised on the path
	// Diagnoses, what matters most first, notes behind faults.
	Diagnoses []Diagnosis       `json:"diagnoses"`
	Path      Measurements      `json:"path"`
	Direct    *Measurements     `json:"direct,omitempty"`
	Skipped   map[string]string `json:"skipped,omitempty"`
}

// Wrong reports whether anything is wrong, rather than worth knowing.
func (r *Report) Wrong() bool {
	return slices.ContainsFunc(r.Diagnoses, func(d Diagnosis) bool { return d.Fault })
}

// Judge finds out what is wrong with a path, beside what the direct path to the
// same backend shows, which may be nil.
func Judge(path, direct *Recording) *Report {
	var control *view
	report := &Report{URL: publicurl.Of(path.URL), ProbeOrigin: path.Ours, Skipped: path.Skipped, Diagnoses: []Diagnosis{}}
	if direct != nil {
		control = newView(direct, nil)
		report.DirectURL = publicurl.Of(direct.URL)
		m := control.measure()
		report.Direct = &m
	}
	v := newView(path, control)
	report.Path = v.measure()
	report.Verdict = v.verdict()
	report.Boxes = v.boxes()
	hidden := map[string]bool{}
	var backend []string
	for i := range rows {
		row := &rows[i]
		var own *sign
		if control != nil {
			own = control.sees(row)
		}
		s := v.sees(row)
		if own != nil && !row.Note && !hidden[row.ID] && (s != nil || row.delays()) {
			backend = append(backend, row.Title+": "+strings.Join(own.evidence, "; "))
		}
		if s == nil && own == nil || hidden[row.ID] {
			continue
		}
		for _, id := range row.Hides {
			hidden[id] = true
		}
		if s != nil && own == nil {
			report.Diagnoses = append(report.Diagnoses, diagnosis(row, s, control != nil, report.Boxes))
		}
	}
	if len(backend) > 0 {
		report.Diagnoses = append(report.Diagnoses, Diagnosis{
			ID: backendRow.ID, Title: backendRow.Title, Explanation: backendRow.Explain, Confidence: Certain,
			Fault: true, Evidence: backend, Fixes: backendRow.Fixes,
		})
	}
	slices.SortStableFunc(report.Diagnoses, func(a, b Diagnosis) int { return cmp.Compare(rank(a), rank(b)) })
	return report
}

// rank puts faults before notes.
func rank(d Diagnosis) int {
	if d.Fault {
		return 0
	}
	return 1
}

func diagnosis(row *Row, s *sign, controlled bool, boxes []string) Diagnosis {
	d := Diagnosis{
		ID: row.ID, Title: row.Title, Explanation: cmp.Or(s.explain, row.Explain), Fault: !row.Note, Evidence: s.evidence,
		Confidence: ConsistentWith,
	}
	switch {
	case controlled:
		d.Confidence = Certain
	case s.controlled:
		d.Confidence = Likely
	}
	d.Fixes = forBoxes(row.Fixes, boxes)
	return d
}

// Rows are all that is looked for, in the order in which it is reported.
func Rows() []Row { return append(slices.Clone(rows), backendRow) }

// delays reports whether the row is about events that come late. What the direct
// path delays, the other one cannot be seen to delay.
func (r *Row) delays() bool {
	return slices.ContainsFunc(delayRows, func(d Row) bool { return d.ID == r.ID })
}

// rows are in the order of what matters: what prevents a stream, what delays or
// falsifies it, what ends it, and what is lost on the way.
var rows = slices.Concat(accessRows, delayRows, endRows, forwardRows)
