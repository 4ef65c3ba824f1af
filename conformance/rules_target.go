package conformance

// surviving is not an exchange that takes place: it is what was seen between
// the others.
const surviving = "target"

// targetChecks are about the target as a whole.
var targetChecks = []Check{
	{
		ID: "target.alive", Level: Must, Clause: "practice", Exchange: surviving,
		Require: "The target accepts connections after every exchange.",
		Why:     "One client that does something unusual must not end the service of all others.",
		Fix:     "Find out in the target's log what the named exchange made it do, and recover from it.",
		Judge: func(t *Transcript) Verdict {
			for _, p := range t.Probes {
				if p.Problem != "" {
					return missed("after the exchange %s: %s", p.After, p.Problem)
				}
			}
			return passed("")
		},
	},
}
