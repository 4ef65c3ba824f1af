package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/strictyaml"
)

// How events are published.
const (
	ViaHTTP    = "http"
	ViaCommand = "command"
	ViaNone    = "none"
)

// Transports.
const (
	TransportAuto     = "auto"
	TransportLoops    = "loops"
	TransportPortable = "portable"
)

// MaxUnlistedStreams is how many streams a host gets that is neither loopback
// nor private, nor listed under allow_hosts.
const MaxUnlistedStreams = 1000

// MaxSize is how many bytes an event's data may have.
const MaxSize = 16 << 20

// Load reads a scenario. file is its name, which errors and relative paths
// refer to; set are further values as "streams.count=50" that replace those of
// the text; lookup resolves ${NAME}. The result has every default filled in.
// An error lists all complaints with file, line and column.
func Load(file string, text []byte, set []string, lookup func(string) (string, bool)) (*Scenario, error) {
	s := &Scenario{}
	positions, err := strictyaml.Decode(file, text, s, lookup)
	if err != nil {
		return nil, err
	}
	for _, assignment := range set {
		path, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return nil, errors.New("--set: expected key=value, such as streams.count=50")
		}
		if err := strictyaml.Set(s, path, value); err != nil {
			return nil, fmt.Errorf("--set %w", err)
		}
	}
	s.setDefaults()
	s.resolvePaths(filepath.Dir(file))
	c := checker{complain: func(path, format string, args ...any) error {
		return positions.Errorf(file, path, format, args...)
	}}
	c.check(s)
	slices.SortStableFunc(c.problems, byPosition)
	if err := errors.Join(c.problems...); err != nil {
		return nil, err
	}
	return s, nil
}

func byPosition(a, b error) int {
	var x, y *strictyaml.Error
	if !errors.As(a, &x) || !errors.As(b, &y) {
		return 0
	}
	return cmp.Or(x.Line-y.Line, x.Column-y.Column, strings.Compare(x.Problem, y.Problem))
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func (s *Scenario) setDefaults() {
	setDefault(&s.Duration, 10*time.Second)
	setDefault(&s.Drain, 10*time.Second)
	setDefault(&s.LateAfter, time.Second)
	setDefault(&s.Transport, TransportAuto)
	setDefault(&s.Target.StreamsPerConnection, 100)
	s.Target.Auth.setDefaults()
	if s.Embedded() {
		setDefault(&s.Publish.Body, `{"topic":{topic_json},"data":{data_json}}`)
	}
	s.Publish.setDefaults()
	s.Streams.setDefaults()
	s.Limits.setDefaults()
	if s.Drill != nil {
		s.Drill.setDefaults()
	}
	if len(s.Streams.Topics) == 0 {
		s.Streams.Topics = []string{cmp.Or(s.Name, "default")}
	}
}

func (l *Limits) setDefaults() {
	setDefault(&l.ScheduleShare, 0.1)
	setDefault(&l.ScheduleSlack, 10*time.Millisecond)
	setDefault(&l.ReceiveShare, 0.5)
	setDefault(&l.ReceiveSlack, 50*time.Millisecond)
	setDefault(&l.HiccupShare, 0.01)
	setDefault(&l.CPUShare, 0.9)
}

func (p *Publish) setDefaults() {
	setDefault(&p.Via, ViaHTTP)
	setDefault(&p.Rate, 10)
	setDefault(&p.Size, 100)
	setDefault(&p.Data, `{"stamp":"{stamp}","pad":"{pad}"}`)
	setDefault(&p.Method, "POST")
	setDefault(&p.Body, `{data}`)
	setDefault(&p.InFlight, 256)
	setDefault(&p.Timeout, 10*time.Second)
	if p.Auth != nil {
		p.Auth.setDefaults()
	}
	if p.Observe != nil {
		setDefault(&p.Observe.Unit, "ns")
	}
}

func (s *Streams) setDefaults() {
	for _, c := range s.Cohorts {
		s.Count += c.Count
	}
	setDefault(&s.Ramp, time.Second)
	setDefault(&s.OpenTimeout, 30*time.Second)
	setDefault(&s.InFlight, 256)
	setDefault(&s.Reconnect.Retry, 3*time.Second)
	setDefault(&s.Reconnect.MaxRetry, 30*time.Second)
	if s.Reconnect.Jitter == nil {
		half := 0.5
		s.Reconnect.Jitter = &half
	}
}

func (a *Auth) setDefaults() {
	setDefault(&a.Send, "bearer")
	if a.JWT != nil {
		setDefault(&a.JWT.Method, "HS256")
		setDefault(&a.JWT.Subject, "stream-{stream}")
		setDefault(&a.JWT.TTL, time.Hour)
	}
}

func (s *Scenario) resolvePaths(folder string) {
	paths := []*string{&s.Target.TLS.CA, &s.Target.Auth.File}
	auths := []*Auth{&s.Target.Auth}
	if s.Publish.Auth != nil {
		paths = append(paths, &s.Publish.Auth.File)
		auths = append(auths, s.Publish.Auth)
	}
	for _, a := range auths {
		if a.JWT != nil {
			paths = append(paths, &a.JWT.Key)
		}
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
}
