package proxylab

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/ssegauge/ssegauge/conformance/doctor"
)

// SchemaVersion is the version of the report's JSON form.
const SchemaVersion = 1

// A Report is the result of a matrix.
type Report struct {
	SchemaVersion int    `json:"schema_version"`
	Matrix        string `json:"matrix"`
	About         string `json:"about,omitempty"`
	Interrupted   bool   `json:"interrupted,omitempty"`
	// Rows, the best verdict first, then the least latency added. Skipped rows
	// come last.
	Rows []Row `json:"rows"`
	// Capacity has a row for each value of each setting that was tried.
	Capacity []CapacityResult `json:"capacity,omitempty"`
	// DirectLoad is the load part without a proxy; nil if there was none.
	DirectLoad  *LoadResult `json:"direct_load,omitempty"`
	Environment Environment `json:"environment"`
}

// A Row is what was found out about one variant.
type Row struct {
	Variant string `json:"variant"`
	Proxy   string `json:"proxy"`
	Version string `json:"version"`
	About   string `json:"about"`
	// Verdict is empty for a row that was skipped, for the reason in Skipped.
	Verdict doctor.Verdict `json:"verdict"`
	Skipped string         `json:"skipped,omitempty"`
	// Expected is the verdict that the matrix foresees for this version; empty
	// if it foresees none.
	Expected  doctor.Verdict       `json:"expected,omitempty"`
	Behaviour *doctor.Measurements `json:"behaviour,omitempty"`
	Diagnoses []doctor.Diagnosis   `json:"diagnoses,omitempty"`
	Load      *LoadResult          `json:"load,omitempty"`

	variant *Variant
}

// Environment says where and when a matrix was run.
type Environment struct {
	Version         string    `json:"version"`
	OS              string    `json:"os"`
	CPUs            int       `json:"cpus"`
	Started         time.Time `json:"started"`
	DurationSeconds float64   `json:"duration_seconds"`
}

// Surprising reports whether the verdict is not the one that was foreseen.
func (r *Row) Surprising() bool {
	return r.Skipped == "" && r.Expected != "" && r.Verdict != r.Expected
}

// Surprises are the rows whose verdict is not the one that was foreseen.
func (r *Report) Surprises() []*Row {
	var list []*Row
	for i := range r.Rows {
		if r.Rows[i].Surprising() {
			list = append(list, &r.Rows[i])
		}
	}
	return list
}

// Invalid reports whether any figure of the load part is the generator's rather
// than a proxy's.
func (r *Report) Invalid() bool {
	invalid := func(l *LoadResult) bool { return l != nil && len(l.Invalid) > 0 }
	return invalid(r.DirectLoad) || slices.ContainsFunc(r.Rows, func(row Row) bool { return invalid(row.Load) })
}

// sort puts the rows in order.
func (r *Report) sort() {
	rank := func(row *Row) int {
		if i := slices.Index(doctor.Verdicts(), row.Verdict); i >= 0 {
			return i
		}
		return len(doctor.Verdicts())
	}
	latency := func(row *Row) float64 {
		switch {
		case row.Load != nil:
			return row.Load.Fanout.P50
		case row.Behaviour != nil:
			return row.Behaviour.Delay.P50
		}
		return 0
	}
	slices.SortStableFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(
			cmp.Compare(rank(&a), rank(&b)),
			cmp.Compare(latency(&a), latency(&b)),
			cmp.Compare(a.Variant, b.Variant),
		)
	})
}

// WriteJSON writes the report as JSON, schema_version 1.
func WriteJSON(w io.Writer, r *Report) error {
	out := *r
	if out.Rows == nil {
		out.Rows = []Row{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
