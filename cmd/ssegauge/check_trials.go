package main

import (
	"fmt"
	"slices"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/refprofile"
	"github.com/ssegauge/ssegauge/internal/refserver"
)

// plainServer is what the kill table calls a server without a fault.
const plainServer = "(plain server)"

// A trial is a server under the checks: that of a profile, the ordinary one for
// none, right or with a fault.
type trial struct {
	profile string
	fault   refserver.Fault
}

// trials are every server that does nothing wrong, and every fault that breaks
// something.
func trials() []trial {
	list := []trial{{}}
	for _, p := range conformance.Profiles() {
		list = append(list, trial{profile: p})
	}
	for _, f := range refserver.Faults() {
		if len(f.Breaks) > 0 {
			list = append(list, trial{fault: f})
		}
	}
	for _, p := range protocols {
		for _, f := range refprofile.Faults(p) {
			list = append(list, trial{p, f})
		}
	}
	return list
}

// name is how the kill table calls the server.
func (t trial) name() string {
	name := t.fault.ID
	if name == "" {
		name = plainServer
	}
	if t.profile != "" {
		name = t.profile + " " + name
	}
	return name
}

// breaks are the checks that the fault breaks.
func (t trial) breaks() ([]conformance.Check, error) {
	var list []conformance.Check
	for _, id := range t.fault.Breaks {
		c, err := conformance.Find(id)
		if err != nil {
			return nil, fmt.Errorf("the fault %s names an %w", t.fault.ID, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// profiles are those whose checks are to be run.
func (t trial) profiles(breaks []conformance.Check) []string {
	var list []string
	if t.profile != "" {
		list = append(list, t.profile)
	}
	for _, c := range breaks {
		if c.Profile != "" && !slices.Contains(list, c.Profile) {
			list = append(list, c.Profile)
		}
	}
	return list
}

// needTLS reports whether one of the checks can only be seen with TLS.
func needTLS(checks []conformance.Check) bool {
	return slices.ContainsFunc(checks, func(c conformance.Check) bool { return slices.Contains(c.Needs, conformance.HasTLS) })
}

// protocol is the protocol of the trial's server.
func (t trial) protocol() string {
	if slices.Contains(protocols, t.profile) {
		return t.profile
	}
	return ""
}

// faultsThatBreak lists the faults that may turn the check red: of the ordinary
// server, or of that of the check's profile.
func faultsThatBreak(c *conformance.Check) []string {
	var list []string
	for _, t := range trials() {
		if slices.Contains(t.fault.Breaks, c.ID) && (t.profile == "" || t.profile == c.Profile) {
			list = append(list, t.fault.ID)
		}
	}
	return list
}
