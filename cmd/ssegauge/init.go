package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/loadgen"
	"github.com/ssegauge/ssegauge/schema"
)

// A draft is what a new scenario is made of.
type draft struct {
	File, Name, Schema string
	URL, PublishURL    string
	AllowHosts         []string
	Streams            int
	Rate               string
	Duration           time.Duration
	Auth, Send         string
	force              bool
}

// Where the tokens of a draft come from.
var authKinds = []string{"none", "token", "file", "jwt", "oauth2"}

func newInit() *cobra.Command { return new(draft).command() }

// command is the verb that makes d.
func (d *draft) command() *cobra.Command {
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a scenario to begin with",
		Long: `Write a scenario with comments, from flags and, on a terminal, from the answers
to a few questions about what no flag says. Beside it goes its JSON Schema, by
which editors complete and check it.

Exit codes: 0 it is written, 2 it is not: the file is there, or a value is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return initScenario(c, d) },
	}
	flags := c.Flags()
	flags.StringVar(&d.File, "file", "scenario.yaml", "`file` to write")
	flags.BoolVar(&d.force, "force", false, "replace the file if it is there")
	flags.StringVar(&d.Name, "name", "", "name of the scenario (default: that of the file)")
	flags.StringVar(&d.Schema, "schema", "", "`path` or URL of the JSON Schema (default: a copy beside the file)")
	flags.StringVar(&d.URL, "url", loadgen.EmbeddedURL, "URL of the event stream, or embedded for a reference server")
	flags.StringVar(&d.PublishURL, "publish-url", "", "URL that takes events by POST (default: the server publishes by itself)")
	flags.StringSliceVar(&d.AllowHosts, "allow-host", nil, "`host` that may get more than 1,000 streams")
	flags.IntVar(&d.Streams, "streams", 100, "number of streams")
	flags.StringVar(&d.Rate, "rate", "10/s", "`rate` of events, such as 60/s or 90/m")
	flags.DurationVar(&d.Duration, "duration", 10*time.Second, "time for which events are published and measured")
	flags.StringVar(&d.Auth, "auth", "", "where tokens come from: "+strings.Join(authKinds, ", ")+" (default none; jwt for the embedded server)")
	flags.StringVar(&d.Send, "send", "bearer", "how tokens are sent: bearer, header NAME, cookie NAME or query NAME")
	return c
}

func initScenario(c *cobra.Command, d *draft) error {
	if err := d.free(); err != nil {
		return err
	}
	if isTerminalInput(c.InOrStdin()) {
		if err := d.ask(c); err != nil {
			return err
		}
	}
	text, err := d.text()
	if err != nil {
		return err
	}
	wrote, err := d.complete().write(text)
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.OutOrStdout(), "wrote "+strings.Join(wrote, " and ")+"\n"+needs(text)+
		"next: ssegauge explain "+d.File+", and ssegauge load "+d.File+"\n")
	return err
}

// Embedded reports whether the draft is for the reference server.
func (d *draft) Embedded() bool { return d.URL == loadgen.EmbeddedURL }

// Ramp opens some 500 streams a second.
func (d *draft) Ramp() time.Duration {
	return max(1, time.Duration(d.Streams+250)/500) * time.Second
}

// free makes sure that nothing is overwritten.
func (d *draft) free() error {
	if _, err := os.Lstat(d.File); err == nil && !d.force {
		return fmt.Errorf("%s is there already; --force replaces it, --file names another", d.File)
	}
	return nil
}

//go:embed init.yaml.tmpl
var scenarioTemplate string

// text writes the scenario, and makes sure that it is one.
func (d *draft) text() ([]byte, error) {
	full := d.complete()
	if err := full.check(); err != nil {
		return nil, err
	}
	t := template.Must(template.New("scenario").Funcs(template.FuncMap{"text": yamlText}).Parse(scenarioTemplate))
	var text bytes.Buffer
	if err := t.Execute(&text, full); err != nil {
		return nil, err
	}
	// Variables that the scenario reads may be set later.
	later := func(string) (string, bool) { return "http://127.0.0.1/", true }
	if _, err := loadgen.Load(d.File, text.Bytes(), nil, later); err != nil {
		return nil, fmt.Errorf("this would not be a scenario: %w", err)
	}
	return text.Bytes(), nil
}

// complete returns the draft with what follows from other values.
func (d *draft) complete() *draft {
	full := *d
	if d.Name == "" {
		full.Name = strings.TrimSuffix(filepath.Base(d.File), filepath.Ext(d.File))
	}
	if d.Schema == "" {
		full.Schema = schemaCopy
	}
	if d.Auth == "" {
		full.Auth = "none"
		if d.Embedded() {
			full.Auth = "jwt"
		}
	}
	return &full
}

func (d *draft) check() error {
	var rate loadgen.Rate
	switch {
	case !slices.Contains(authKinds, d.Auth):
		return unknown("--auth", d.Auth, slices.Clone(authKinds)...)
	case d.Embedded() && d.Auth != "jwt" && d.Auth != "none":
		return fmt.Errorf("--auth %s: the embedded server takes jwt or none; give the --url of a backend", d.Auth)
	case d.Embedded() && d.PublishURL != "":
		return errors.New("--publish-url: the embedded server has its own; give the --url of a backend")
	case d.Streams < 1:
		return fmt.Errorf("--streams: expected at least 1, found %d", d.Streams)
	case d.Duration <= 0:
		return fmt.Errorf("--duration: expected a time above 0, found %v", d.Duration)
	}
	if err := rate.UnmarshalText([]byte(d.Rate)); err != nil {
		return fmt.Errorf("--rate: %w", err)
	}
	return nil
}

var (
	// plain are texts that YAML reads as they stand,
	plain = regexp.MustCompile(`^[A-Za-z0-9/.$][-A-Za-z0-9/._:?=&{}$~%+@]*[-A-Za-z0-9/._?=&{}$~%+@]$`)
	// but for those that it may read as something else: numbers, and the words of
	// YAML 1.1 and 1.2.
	noText = regexp.MustCompile(`(?i)^(\.?[0-9][-+0-9a-fox._:]*|\.inf|\.nan|null|true|false|yes|no|on|off)$`)
)

// yamlText writes a text as a YAML scalar. JSON's strings are YAML's.
func yamlText(text string) (string, error) {
	if plain.MatchString(text) && !noText.MatchString(text) {
		return text, nil
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	return strings.TrimSpace(quoted.String()), err
}

// schemaCopy is what the copy of the schema beside a scenario is called.
const schemaCopy = "scenario.schema.json"

// write writes the scenario and the copy of its schema, and returns the names
// of both.
func (d *draft) write(text []byte) (wrote []string, err error) {
	copied := filepath.Join(filepath.Dir(d.File), schemaCopy)
	if there, err := os.ReadFile(copied); d.Schema == schemaCopy && err == nil && !isOurs(there) && !d.force {
		return nil, fmt.Errorf("%s is there already and not ssegauge's; --force replaces it, --schema names another", copied)
	}
	write := createNew
	if d.force {
		write = replace
	}
	if err := write(d.File, text); err != nil {
		return nil, err
	}
	if d.Schema != schemaCopy {
		return []string{d.File}, nil
	}
	ours, _ := schema.Of("scenario")
	return []string{d.File, copied}, replace(copied, ours)
}

// isOurs reports whether a schema is one that ssegauge wrote, be it older.
func isOurs(text []byte) bool {
	ours, _ := schema.Of("scenario")
	var a, b struct {
		ID string `json:"$id"`
	}
	return json.Unmarshal(text, &a) == nil && json.Unmarshal(ours, &b) == nil && a.ID == b.ID
}

// createNew writes a file that must not be there.
func createNew(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// replace writes a file whole or not at all.
func replace(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing once it is renamed
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

var variable = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)

// needs says which environment variables the scenario reads.
func needs(scenario []byte) string {
	var names []string
	for line := range bytes.Lines(scenario) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			continue
		}
		for _, found := range variable.FindAllSubmatch(line, -1) {
			if name := string(found[1]); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return ""
	}
	return "it reads the environment: set " + strings.Join(names, ", ") + "\n"
}
