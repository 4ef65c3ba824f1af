package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

type doctorFlags struct {
	direct        string
	json          string
	http          string
	long, quiet   bool
	idle          time.Duration
	streams       int
	originHeaders []string
	list          bool
}

// longIdle is longer than the proxies that were measured wait for a silent
// backend, and Cloudflare.
const longIdle = 130 * time.Second

func newDoctor() *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use:   "doctor URL|TARGET.yaml",
		Short: "Find out what the path to an event stream does to it, and what to change",
		Long: `Examine the path to an event stream, such as a reverse proxy: whether it holds
events back, cuts streams, replays them, or loses what clients send, which box
does it, and what to change there.

Any backend will do; a stream of its own is only listened to. With
"ssegauge serve --probe" behind the path, in place of the backend, all is seen.
With --direct, a URL that reaches the same backend around the path, findings are
differences; otherwise many are only consistent with what was seen. Tokens come
from a target file, as with check, and are used for both.

Exit codes: 0 nothing wrong found, 1 something is wrong, 2 the path is
unreachable or a setting is not valid, 130 interrupted.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.list {
				return listDiagnoses(c.OutOrStdout())
			}
			if len(args) == 0 {
				return errors.New("name the URL of an event stream, or a target file")
			}
			return examine(c, args[0], &f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.direct, "direct", "", "`URL` or target file that reaches the same backend around the path")
	flags.StringVar(&f.json, "json", "", "write the report as JSON to `file`, - for the standard output")
	flags.StringVar(&f.http, "http", "", "HTTP `version`, 1.1 or 2, in place of the target file's")
	flags.BoolVar(&f.long, "long", false, "try silence for "+longIdle.String()+", and a client that does not read 32 MB")
	flags.DurationVar(&f.idle, "idle", 0, "how long silence is tried (default 10s)")
	flags.IntVar(&f.streams, "streams", 12, "how many streams are opened at once, at most 64; 0: none")
	flags.StringArrayVar(&f.originHeaders, "origin-header", nil, "`NAME: VALUE` that the probe origin is to send with its streams")
	flags.BoolVar(&f.list, "list", false, "list the diagnoses and exit")
	flags.BoolVar(&f.quiet, "quiet", false, "print nothing but errors")
	return c
}

func listDiagnoses(w io.Writer) error {
	for _, row := range doctor.Rows() {
		kind := ""
		if row.Note {
			kind = " (worth knowing)"
		}
		if _, err := fmt.Fprintf(w, "%-5s %s%s\n", row.ID, row.Title, kind); err != nil {
			return err
		}
	}
	return nil
}

func examine(c *cobra.Command, arg string, f *doctorFlags) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	path, err := pathTarget(arg, f.http)
	if err != nil {
		return err
	}
	if !f.quiet {
		options.Progress = func(probe string) { fmt.Fprintf(c.ErrOrStderr(), "probed  %s\n", probe) }
	}
	report, err := f.examine(c.Context(), path, options)
	switch {
	case errors.Is(err, context.Canceled) && c.Context().Err() != nil:
		return exit(exitInterrupted)
	case err != nil:
		return err
	}
	if !f.quiet && f.json != "-" {
		if err := doctor.WriteText(c.OutOrStdout(), report, colorful(c.OutOrStdout())); err != nil {
			return err
		}
	}
	if f.json != "" {
		if err := writeTo(c.OutOrStdout(), f.json, func(w io.Writer) error { return doctor.WriteJSON(w, report) }); err != nil {
			return err
		}
	}
	if report.Wrong() {
		return exit(exitNo)
	}
	return nil
}

func (f *doctorFlags) examine(ctx context.Context, path conformance.Target, options doctor.Options) (*doctor.Report, error) {
	if f.direct == "" {
		recording, err := doctor.Record(ctx, path, options)
		if err != nil {
			return nil, err
		}
		return doctor.Judge(recording, nil), nil
	}
	direct, err := pathTarget(f.direct, "")
	if err != nil {
		return nil, err
	}
	if direct.Tokens == nil && direct.Headers == nil {
		direct.Tokens, direct.Headers = path.Tokens, path.Headers
	}
	recording, around, err := doctor.RecordBoth(ctx, path, direct, options)
	if err != nil {
		return nil, err
	}
	return doctor.Judge(recording, around), nil
}

func (f *doctorFlags) options() (doctor.Options, error) {
	o := doctor.Options{Idle: f.idle, Ramp: f.streams, Bulk: f.long}
	switch {
	case f.idle < 0:
		return o, errors.New("--idle: expected a time of zero or more")
	case f.streams < 0 || f.streams > 64:
		return o, errors.New("--streams: expected a number from 0 to 64")
	case f.streams == 0:
		o.Ramp = -1
	}
	if f.long && f.idle == 0 {
		o.Idle = longIdle
	}
	for _, line := range f.originHeaders {
		spec, err := probeorigin.ParseSpec(url.Values{"header": {line}})
		if err != nil {
			return o, fmt.Errorf("--origin-%w", err)
		}
		o.Headers = append(o.Headers, conformance.Field(spec.Header[0]))
	}
	return o, nil
}

// pathTarget takes a URL or a target file.
func pathTarget(arg, http string) (conformance.Target, error) {
	target, err := readTarget(arg)
	if err != nil {
		return target, err
	}
	if target.URL == conformance.EmbeddedURL {
		return target, errors.New("the embedded server has no path to examine; name a URL")
	}
	if http != "" {
		target.HTTP = http
	}
	return target, nil
}
