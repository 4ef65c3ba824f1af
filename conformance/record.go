package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// runFile is the file of a recording that describes the run itself.
const runFile = "run.json"

// A recording is what runFile holds.
type recording struct {
	SchemaVersion int               `json:"schema_version"`
	Target        string            `json:"target"`
	Profiles      []string          `json:"profiles,omitempty"`
	Started       time.Time         `json:"started"`
	Lacking       map[string]string `json:"lacking"` // by check: what the target did not offer
	Probes        []Probe           `json:"probes"`
}

// save writes the transcripts, one file an exchange.
func (r *runner) save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	about := recording{
		SchemaVersion: 1, Target: r.target.Name, Profiles: r.target.Profiles,
		Started: r.begun.UTC(), Lacking: map[string]string{}, Probes: r.probes,
	}
	for _, c := range Checks() {
		if how := r.lacking(&c); how != "" {
			about.Lacking[c.ID] = how
		}
	}
	files := map[string]any{runFile: about}
	for name, t := range r.transcripts {
		files[name+".json"] = t
	}
	for name, v := range files {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Replay judges again what Run recorded into a folder, without a target. Of the
// options, those that are about the target or the exchanges have no effect.
func Replay(folder string, o Options) (*Report, error) {
	var about recording
	if err := readJSON(filepath.Join(folder, runFile), &about); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is no recording: it has no %s", folder, runFile)
		}
		return nil, err
	}
	profiles := slices.Concat(about.Profiles, o.Profiles)
	r := &runner{
		options: o, begun: time.Now(), target: Target{Name: about.Target, Profiles: profiles},
		transcripts: map[string]*Transcript{}, defects: map[string]string{}, probes: about.Probes,
	}
	var err error
	r.checks, err = choose(Checks(), selection{run: o.Run, skip: o.Skip, level: o.Level, profiles: profiles, ruleset: o.Ruleset})
	if err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if filepath.Base(name) == runFile {
			continue
		}
		t := &Transcript{}
		if err := readJSON(name, t); err != nil {
			return nil, err
		}
		t.Facts.Profiles = profiles
		r.transcripts[strings.TrimSuffix(filepath.Base(name), ".json")] = t
	}
	report := r.replayed(about)
	report.Started = about.Started.Truncate(time.Millisecond)
	return report, nil
}

// replayed judges without taking any exchange again.
func (r *runner) replayed(about recording) *Report {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	r.recorded = &about
	report := r.report(ended)
	report.Interrupted = false
	return report
}

func readJSON(file string, v any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
