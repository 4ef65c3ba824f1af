package capacity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ssegauge/ssegauge/loadgen"
)

// SchemaVersion is the version of the result's JSON form.
const SchemaVersion = 1

// A Result is what a capacity run found. Its JSON form is capacity.json.
type Result struct {
	SchemaVersion int    `json:"schema_version"`
	Scenario      string `json:"scenario"`
	// Verdict is pass when the knee was found, or every load met the objective;
	// fail when not even the smallest did; and invalid when the generator, not
	// the target, was the limit.
	Verdict Verdict `json:"verdict"`
	// Sentence is the result in words.
	Sentence    string   `json:"sentence"`
	Reasons     []string `json:"reasons"`
	Interrupted bool     `json:"interrupted,omitempty"`
	Grow        Grow     `json:"grow"`
	Unit        string   `json:"unit"`
	// Objective are the conditions that a load must meet. Besides the
	// scenario's thresholds, every stream must open and every event be taken:
	// else the load is not what it is said to be.
	Objective []string `json:"objective"`
	Knee      Knee     `json:"knee"`
	// Broke are the conditions that were missed at the smallest load at which
	// any was.
	Broke []Breach `json:"broke"`
	// BoundBy is what was used up where the objective was missed, the most
	// telling first.
	BoundBy []Limit `json:"bound_by"`
	// Memory is that of the target against its open streams, in bytes.
	Memory   *Line      `json:"memory_bytes_per_stream,omitempty"`
	HeadRoom []HeadRoom `json:"head_room"`
	Curve    []Point    `json:"curve"`
	Steps    []Step     `json:"steps"`

	Environment loadgen.Environment `json:"environment"`
}

// Verdict is that of a run.
type Verdict = loadgen.Verdict

// A Knee is the load up to which the objective is met.
type Knee struct {
	// Load is the largest load that met the objective in every repeat; 0 when
	// there is none.
	Load float64 `json:"load"`
	// High is the smallest load above it that missed it in every repeat; 0 when
	// none was found. Without a knee it is the smallest load. The load that meets
	// the objective in half of all holds lies from Load to High with at least this
	// confidence.
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Repeats    int     `json:"repeats"`
	// Largest is set when Load is the largest load that was to be tried.
	Largest bool `json:"largest,omitempty"`
}

// A Breach is a condition that was not met.
type Breach struct {
	Objective string   `json:"objective"`
	Load      float64  `json:"load"`
	Observed  *float64 `json:"observed"` // nil when no sample was recorded
}

// A HeadRoom is the load that a resource of the target would allow, by a line
// through the steps.
type HeadRoom struct {
	Resource string  `json:"resource"`
	Load     float64 `json:"load"`
	// More is set when it would allow more than Load: so far no line leads.
	More bool `json:"more,omitempty"`
	// Extrapolated is set when no step was at so high a load.
	Extrapolated bool `json:"extrapolated"`
}

// A Point is all steps at one load together: their histograms were merged.
type Point struct {
	Load       float64         `json:"load"`
	Met        int             `json:"met"`
	Missed     int             `json:"missed"`
	Invalid    int             `json:"invalid"`
	Fanout     loadgen.Summary `json:"fanout_seconds"`
	FanoutLast loadgen.Summary `json:"fanout_last_seconds"`
}

// A Step is one hold at one load.
type Step struct {
	Number  int     `json:"number"` // from 1
	Load    float64 `json:"load"`
	Purpose Purpose `json:"purpose"`
	Outcome Outcome `json:"outcome"`
	// Reasons say why the objective was not met, or the step is invalid.
	Reasons    []string                   `json:"reasons,omitempty"`
	Fanout     loadgen.Summary            `json:"fanout_seconds"`
	FanoutLast loadgen.Summary            `json:"fanout_last_seconds"`
	Streams    loadgen.StreamCounts       `json:"streams"`
	Events     loadgen.EventCounts        `json:"events"`
	Failures   map[loadgen.Failure]uint64 `json:"failures,omitempty"`
	Broke      []Breach                   `json:"broke,omitempty"`
	// BytesPerSecond are those of bodies that the generator received, and
	// LinkBits the speed of its network interface in bits per second; 0 when it
	// is not known.
	BytesPerSecond float64  `json:"bytes_per_second"`
	LinkBits       float64  `json:"link_bits_per_second,omitempty"`
	Server         *Server  `json:"server,omitempty"`
	Machine        *Machine `json:"machine,omitempty"`
}

// ResultFile is the name of the JSON form in the folder of a capacity run.
const ResultFile = "capacity.json"

// Save writes the result to the folder, which it makes when it is missing:
// capacity.json and report.html.
func (r *Result) Save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := r.SaveFile(filepath.Join(folder, ResultFile)); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, loadgen.PageFile), page.Bytes(), 0o644)
}

// SaveFile writes the JSON form to a file.
func (r *Result) SaveFile(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// LoadResult reads what Save wrote: from its folder, or from the file itself.
func LoadResult(path string) (*Result, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		path = filepath.Join(path, ResultFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: not the result of a capacity run: %w", path, err)
	}
	if r.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("%s: schema_version %d; this program reads %d", path, r.SchemaVersion, SchemaVersion)
	}
	return r, nil
}
