package conformance

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the report as JSON, schema_version 1.
func WriteJSON(w io.Writer, r *Report) error {
	out := *r
	out.Checks = make([]Result, len(r.Checks))
	for i, c := range r.Checks {
		if c.Evidence == nil {
			c.Evidence = []Evidence{}
		}
		out.Checks[i] = c
	}
	return encodeJSON(w, out)
}

// WriteCatalogue writes checks as JSON: {"checks": [{id, level, clause, require,
// why, fix, profile, exchange}]}.
func WriteCatalogue(w io.Writer, checks []Check) error {
	type row struct {
		ID       string `json:"id"`
		Level    Level  `json:"level"`
		Clause   string `json:"clause"`
		Require  string `json:"require"`
		Why      string `json:"why"`
		Fix      string `json:"fix"`
		Profile  string `json:"profile"`
		Exchange string `json:"exchange"`
	}
	rows := make([]row, len(checks))
	for i, c := range checks {
		rows[i] = row{c.ID, c.Level, c.Clause, c.Require, c.Why, c.Fix, c.Profile, c.Exchange}
	}
	return encodeJSON(w, map[string]any{"checks": rows})
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
