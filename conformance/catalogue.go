package conformance

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// families are the rows in the order in which they are reported.
var families = [][]Check{
	targetChecks,
	httpChecks,
	streamChecks,
	dataChecks,
	eventChecks,
	idChecks,
	retryChecks,
	injectChecks,
	liveChecks,
	resumeChecks,
	stopChecks,
	redirectChecks,
	authChecks,
	isoChecks,
	corsChecks,
	slowChecks,
	openaiChecks,
	mcpChecks,
	mercureChecks,
	polyChecks,
}

// Checks returns all checks in their order.
func Checks() []Check {
	return slices.Concat(families...)
}

// Find returns the check of the given ID. Its error names the nearest one.
func Find(id string) (Check, error) {
	all := Checks()
	names := make([]string, len(all))
	for i, c := range all {
		if c.ID == id {
			return c, nil
		}
		names[i] = c.ID
	}
	return Check{}, fmt.Errorf("unknown check %q%s", id, nearest.Hint(id, names))
}

// Profiles returns the names of the profiles that switch further checks on.
func Profiles() []string {
	names := slices.Clone(knownProfiles)
	for _, c := range Checks() {
		if c.Profile != "" && !slices.Contains(names, c.Profile) {
			names = append(names, c.Profile)
		}
	}
	return names
}

// knownProfiles exist whether or not they have checks of their own: a profile
// also changes how other checks judge.
var knownProfiles = []string{"openai", "mcp", "mercure", "polyfill"}

// A selection says which checks are run.
type selection struct {
	run, skip []string
	level     Level
	profiles  []string
	ruleset   string
}

// choose returns the selected checks in their order.
func choose(all []Check, s selection) ([]Check, error) {
	var frozen []string
	if s.ruleset != "" {
		var err error
		if frozen, err = Ruleset(s.ruleset); err != nil {
			return nil, err
		}
	}
	for _, p := range s.profiles {
		if !slices.Contains(Profiles(), p) {
			return nil, fmt.Errorf("unknown profile %q%s; known: %s", p, nearest.Hint(p, Profiles()), strings.Join(Profiles(), ", "))
		}
	}
	for _, globs := range [][]string{s.run, s.skip} {
		if err := checkGlobs(all, globs); err != nil {
			return nil, err
		}
	}
	var chosen []Check
	for _, c := range all {
		switch {
		case c.Profile != "" && !slices.Contains(s.profiles, c.Profile),
			frozen != nil && !slices.Contains(frozen, c.ID),
			s.level != "" && rank(c.Level) > rank(s.level),
			len(s.run) > 0 && !matchesAny(s.run, c.ID),
			matchesAny(s.skip, c.ID):
		default:
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no check is left by the selection")
	}
	return chosen, nil
}

func rank(l Level) int { return slices.Index([]Level{Must, Should, May, Info}, l) }

// checkGlobs refuses a pattern that is malformed or matches nothing.
func checkGlobs(all []Check, globs []string) error {
	for _, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", glob, err)
		}
		if !slices.ContainsFunc(all, func(c Check) bool { return matches(glob, c.ID) }) {
			names := make([]string, len(all))
			for i, c := range all {
				names[i] = c.ID
			}
			return fmt.Errorf("no check matches %q%s", glob, nearest.Hint(glob, names))
		}
	}
	return nil
}

// matches reports whether the glob matches the ID or one of the dotted prefixes
// of it: "stream", "stream.*" and "stream.utf8.valid" all match the last.
func matches(glob, id string) bool {
	if ok, _ := path.Match(glob, id); ok {
		return true
	}
	return strings.HasPrefix(id, glob+".")
}

func matchesAny(globs []string, id string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return matches(g, id) })
}
