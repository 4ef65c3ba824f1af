package loadgen

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"runtime"
	"text/tabwriter"
)

// A Preflight says what a plan needs of this machine, and what the machine
// allows.
type Preflight struct {
	Lines []PreflightLine `json:"lines"`
}

// A PreflightLine is about one resource.
type PreflightLine struct {
	Resource string `json:"resource"` // "descriptors", "local ports" or "memory"
	Needed   int64  `json:"needed"`   // bytes for memory, else a number
	Allowed  int64  `json:"allowed"`  // 0 when the system does not say
	OK       bool   `json:"ok"`       // also when the system does not say
	Note     string `json:"note"`     // what is counted, and what to do when it is not OK
}

// What a stream takes, in bytes of user space and kernel together: measured
// with idle streams, and rounded up.
const (
	loopsStreamBytes    = 6 << 10
	portableStreamBytes = 48 << 10
)

// baseDescriptors are those of a run besides its streams: pollers, files and
// the connections of token endpoints.
const baseDescriptors = 32

// Preflight compares what p needs with what this process and machine allow now.
func (p *Plan) Preflight() Preflight { return p.preflight(machineFacts()) }

func (p *Plan) preflight(f facts) Preflight {
	s := p.Scenario
	connections := p.connections()
	onLoops := s.onLoops(runtime.GOOS)
	descriptors := int64(connections + baseDescriptors + f.descriptorsUsed)
	if s.Publish.Via == ViaHTTP {
		descriptors += int64(s.Publish.InFlight)
	}
	perStream := int64(portableStreamBytes)
	if onLoops {
		perStream = loopsStreamBytes
	}
	sources := 1
	if onLoops {
		sources = p.sources(connections, f)
	}
	lines := []PreflightLine{
		{
			Resource: "descriptors", Needed: descriptors, Allowed: int64(f.descriptors),
			Note: "one a connection, and those of publishing; raise with: ulimit -n",
		},
		{
			Resource: "local ports", Needed: int64(connections), Allowed: int64(f.ports * sources),
			Note: fmt.Sprintf("from %d source address(es) to one destination; raise with: sysctl net.ipv4.ip_local_port_range", sources),
		},
		{
			Resource: "memory", Needed: perStream * int64(len(p.Streams)), Allowed: f.memory,
			Note: "bytes, of the generator and its sockets",
		},
	}
	for i := range lines {
		lines[i].OK = lines[i].Allowed == 0 || lines[i].Needed <= lines[i].Allowed
	}
	return Preflight{lines}
}

// connections is how many connections the streams have at once, at most.
func (p *Plan) connections() int {
	s := p.Scenario
	streams := s.Streams.peak()
	if s.Target.multiplexed() {
		return (streams + s.Target.StreamsPerConnection - 1) / s.Target.StreamsPerConnection
	}
	return streams
}

// sources is how many source addresses the streams would have.
func (p *Plan) sources(connections int, f facts) int {
	u, err := p.URL(0)
	if err != nil {
		return 1
	}
	if p.Scenario.Embedded() {
		u.Host = "localhost"
	}
	return max(1, len(sourceAddresses(literalAddress(u), connections, f.ports)))
}

// literalAddress is the address that a URL names without the help of a name
// server; the zero one when there is none.
func literalAddress(u *url.URL) netip.Addr {
	if isLocalhost(u.Hostname()) {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	address, _ := netip.ParseAddr(u.Hostname())
	return address
}

// ErrTooFewDescriptors says that a plan needs more descriptors than the process
// may have.
var ErrTooFewDescriptors = errors.New("too few descriptors")

// Err is nil unless the plan cannot be run: when descriptors do not suffice. A
// lack of ports or memory may still turn out otherwise.
func (p Preflight) Err() error {
	for _, l := range p.Lines {
		if l.Resource == "descriptors" && !l.OK {
			return fmt.Errorf("%w: the plan needs %d, and this process may have %d; raise the limit (ulimit -n), or have fewer streams", ErrTooFewDescriptors, l.Needed, l.Allowed)
		}
	}
	return nil
}

// WriteText writes one line for each resource.
func (p Preflight) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range p.Lines {
		verdict, allowed := "ok", fmt.Sprint(l.Allowed)
		if l.Allowed == 0 {
			allowed = "unknown"
		}
		advice := ""
		if !l.OK {
			verdict, advice = "NOT OK", "\t"+l.Note
		}
		fmt.Fprintf(table, "%s\t%s\tneeded %d\tallowed %s%s\n", l.Resource, verdict, l.Needed, allowed, advice)
	}
	return table.Flush()
}
