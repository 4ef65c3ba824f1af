package proxylab

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/internal/nearest"
)

// An Expectation is the verdict that a variant should get, by the proxy's
// version. It is written as "streams", or as "held before 1.29.7, late-headers".
type Expectation []expected

type expected struct {
	verdict doctor.Verdict
	before  string // empty for all versions that are left
}

// UnmarshalText reads an Expectation as it is written in files.
func (e *Expectation) UnmarshalText(text []byte) error {
	for clause := range strings.SplitSeq(string(text), ",") {
		words := strings.Fields(clause)
		if len(*e) > 0 && (*e)[len(*e)-1].before == "" || len(words) != 1 && (len(words) != 3 || words[1] != "before" || !isVersion(words[2])) {
			return fmt.Errorf(`expected a verdict such as "streams", or "held before 1.29.7, streams"; found %q`, text)
		}
		verdict := doctor.Verdict(words[0])
		if !slices.Contains(doctor.Verdicts(), verdict) {
			return fmt.Errorf("unknown verdict %q%s; known: %s", words[0], nearest.Hint(words[0], verdictNames()), strings.Join(verdictNames(), ", "))
		}
		next := expected{verdict: verdict}
		if len(words) == 3 {
			next.before = words[2]
		}
		*e = append(*e, next)
	}
	return nil
}

func verdictNames() []string {
	names := make([]string, len(doctor.Verdicts()))
	for i, v := range doctor.Verdicts() {
		names[i] = string(v)
	}
	return names
}

// of is what a version should do; empty if nothing is expected of it.
func (e Expectation) of(version string) doctor.Verdict {
	for _, x := range e {
		if x.before == "" || compareVersions(version, x.before) < 0 {
			return x.verdict
		}
	}
	return ""
}

func isVersion(text string) bool {
	return text != "" && strings.Trim(text, "0123456789.") == "" && unicode.IsDigit(rune(text[0]))
}

// compareVersions compares dotted numbers; 1.9 comes before 1.10, and 1.2
// before 1.2.1.
func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		return cmp.Compare(m, n)
	})
}
