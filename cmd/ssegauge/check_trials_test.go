package main

import (
	"slices"
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
)

// Every scored check of a profile is named by a fault of that profile's server,
// and trials switch on the profiles whose checks they name.
func TestTrials(t *testing.T) {
	list := trials()
	names := map[string]bool{}
	for _, one := range list {
		if names[one.name()] {
			t.Errorf("two trials are called %s", one.name())
		}
		names[one.name()] = true
		checks, err := one.breaks()
		if err != nil {
			t.Errorf("%s: %v", one.name(), err)
		}
		profiles := one.profiles(checks)
		if one.profile != "" && one.fault.ID != "" && !slices.Contains(profiles, one.profile) {
			t.Errorf("%s: the profiles are %v", one.name(), profiles)
		}
	}
	for _, want := range []string{plainServer, "mcp " + plainServer, "polyfill " + plainServer, "status-202", "mercure exp-ignored"} {
		if !names[want] {
			t.Errorf("there is no trial %s", want)
		}
	}
	for _, c := range conformance.Checks() {
		if scored := c.Level == conformance.Must || c.Level == conformance.Should; scored && c.Profile != "" && len(faultsThatBreak(&c)) == 0 {
			t.Errorf("no fault breaks %s", c.ID)
		}
	}
}
