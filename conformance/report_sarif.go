package conformance

import (
	"io"
	"net/url"
)

// The parts of SARIF 2.1.0 (OASIS) that are used.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string       `json:"id"`
		ShortDescription sarifText    `json:"shortDescription"`
		FullDescription  sarifText    `json:"fullDescription"`
		Help             sarifText    `json:"help"`
		Default          sarifDefault `json:"defaultConfiguration"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Kind         string             `json:"kind"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifSuppression struct {
		Kind string `json:"kind"`
	}
)

// WriteSARIF writes the report as SARIF 2.1.0. Results are the failures and
// warnings; those that the baseline accepts are suppressed.
func WriteSARIF(w io.Writer, r *Report) error {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "ssegauge", InformationURI: "https://github.com/ssegauge/ssegauge", Rules: []sarifRule{}}},
		Results: []sarifResult{},
	}
	where := (&url.URL{Path: r.Target}).String()
	if u, err := url.Parse(r.Target); err == nil && u.Scheme != "" {
		where = u.String()
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID:               c.ID,
			ShortDescription: sarifText{c.Require},
			FullDescription:  sarifText{c.Require + " (" + string(c.Level) + ", " + c.Clause + ") " + c.Why},
			Help:             sarifText{c.Fix},
			Default:          sarifDefault{sarifLevel(map[Level]Outcome{Must: Fail, Should: Warn}[c.Level])},
		})
		if c.Outcome != Fail && c.Outcome != Warn && c.Outcome != Error {
			continue
		}
		result := sarifResult{
			RuleID: c.ID, RuleIndex: i, Level: sarifLevel(c.Outcome), Kind: "fail",
			Message:   sarifText{describe(c)},
			Locations: []sarifLocation{{sarifPhysical{sarifArtifact{where}}}},
		}
		if c.Accepted {
			result.Suppressions = []sarifSuppression{{"external"}}
		}
		run.Results = append(run.Results, result)
	}
	return encodeJSON(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func sarifLevel(o Outcome) string {
	switch o {
	case Fail, Error:
		return "error"
	case Warn:
		return "warning"
	}
	return "note"
}
