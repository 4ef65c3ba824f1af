package conformance

import (
	"strings"
	"testing"
)

// Test judges a target and makes each check a subtest of t, where t has
// subtests: a MUST that is not met fails, a SHOULD is logged (and fails with
// Options.Strict), and what could not be tested is skipped with the reason. At
// most one Options is used.
//
// The usual target is a handler behind httptest.NewServer, with a function that
// publishes as its Publish.Func.
func Test(t testing.TB, target Target, options ...Options) {
	t.Helper()
	var chosen Options
	if len(options) > 0 {
		chosen = options[0]
	}
	report, err := Run(t.Context(), target, chosen)
	if err != nil {
		t.Fatalf("conformance: %v", err)
	}
	for i := range report.Checks {
		r := &report.Checks[i]
		subtest(t, r.ID, func(t testing.TB) {
			t.Helper()
			switch {
			case r.Outcome == Error, r.Red() && (r.Outcome == Fail || chosen.Strict):
				t.Errorf("%s", describe(r))
			case r.Outcome == NotTested:
				t.Skipf("%s. %s", r.Observed, r.Enable)
			case r.Outcome != Pass:
				t.Logf("%s", describe(r))
			}
		})
	}
	if len(report.Stale) > 0 {
		t.Errorf("conformance: the baseline is stale: these checks no longer fail: %s", strings.Join(report.Stale, ", "))
	}
}

// subtest runs f as a subtest where t has them, and else with t itself, unless
// that would end t.
func subtest(t testing.TB, name string, f func(testing.TB)) {
	t.Helper()
	if parent, ok := t.(*testing.T); ok {
		parent.Run(name, func(t *testing.T) { f(t) })
		return
	}
	f(unskippable{t})
}

// unskippable logs where a subtest would be skipped.
type unskippable struct{ testing.TB }

func (u unskippable) Skipf(format string, args ...any) { u.TB.Helper(); u.TB.Logf(format, args...) }

// describe is all that a reader needs to act on a result.
func describe(r *Result) string {
	var b strings.Builder
	writeResult(&b, r, plainStyle)
	return strings.TrimRight(b.String(), "\n")
}
