package conformance

var retryLiterals = []literal{
	good("retry.digits", "retry: 0\nretry:3000\n\ndata: retry: 5s\n\n"),
	bad("retry.digits", `1 line, the first: "retry: 5s"`, Fail, "retry: 5s\n\n"),
	bad("retry.digits", `7 lines, the first: "retry: 1.5"`, Fail, "retry: 1.5\nretry: -1\nretry: +5\nretry: 1e3\nretry: 0x10\nretry: １０\nretry:  7\n\n"),
	{id: "retry.digits", name: "empty", t: transcript(body("retry:\n\n")), want: Told, observed: "empty"},
	{id: "retry.digits", name: "none", t: transcript(body("data: x\n\n")), want: NotTested, observed: "no retry line"},
	{id: "retry.digits", name: "refused", t: refusing(0, 400, sentFields("retry.digits", "retry", "", "5s")), want: Pass, observed: "refused"},
	{id: "retry.digits", name: "accepted", t: sentFields("retry.digits", "retry", "retry: 5s\ndata: 0\n\n", "5s"), want: Fail, observed: "retry: 5s"},

	good("retry.range", "retry: 100\n\nretry: 3600000\n\nretry: 5s\n\n"),
	good("retry.range", "retry: 4000000000\n\n"),
	bad("retry.range", "are seconds meant", Warn, "retry: 3\n\n"),
	bad("retry.range", "in a storm", Warn, "retry: 0\n\n"),
	bad("retry.range", "more than an hour", Warn, "retry: 3600001\n\n"),
	{id: "retry.range", name: "none", t: transcript(body("data: x\n\n")), want: NotTested, observed: "no retry line"},

	good("retry.overflow", "retry: 2147483647\n\nretry: 99999999999x\n\n"),
	bad("retry.overflow", `"retry: 2147483648", more than`, Warn, "retry: 2147483648\n\n"),
	bad("retry.overflow", "more than", Warn, "retry: 99999999999999999999999\n\n"),
	{id: "retry.overflow", name: "nothing heard", t: transcript(body()), want: NotTested, observed: "no line"},

	{id: "retry.present", name: "good", t: transcript(body("retry: 1\n\ndata: x\n\n").ended(EndComplete)), want: Pass},
	{id: "retry.present", name: "none", t: transcript(body("data: x\n\n").ended(EndComplete)), want: Warn, observed: "no retry line came"},
	{id: "retry.present", name: "one of two", t: transcript(body("retry: 1\n\n").ended(EndComplete), body("data: retry: 1\n\n").ended(EndCut)), want: Warn, observed: "no retry line came"},
	{id: "retry.present", name: "left", t: transcript(body("data: x\n\n")), want: NotTested, observed: "ended no stream"},

	{id: "retry.roundtrip", name: "good", t: sentFields("retry.roundtrip", "retry", "retry: 2718\ndata: 0\n\n", "2718"), want: Pass, observed: "unchanged"},
	{id: "retry.roundtrip", name: "a block of its own", t: sentFields("retry.roundtrip", "retry", "retry: 2718\n\ndata: 0\n\n", "2718"), want: Pass, observed: "unchanged"},
	{id: "retry.roundtrip", name: "rounded", t: sentFields("retry.roundtrip", "retry", "retry: 3000\ndata: 0\n\n", "2718"), want: Warn, observed: "those that came: 3000"},
	{id: "retry.roundtrip", name: "dropped", t: sentFields("retry.roundtrip", "retry", "data: 0\n\n", "2718"), want: Warn, observed: "no such line came"},
	{id: "retry.roundtrip", name: "refused", t: refusing(0, 400, sentFields("retry.roundtrip", "retry", "", "2718")), want: Pass, observed: "refused"},
	{id: "retry.roundtrip", name: "failed", t: refusing(0, 500, sentFields("retry.roundtrip", "retry", "", "2718")), want: NotTested, observed: "not accepted"},

	{id: "retry.spread", name: "spread", t: transcript(body("retry: 1\n\n"), body("retry: 2\n\n")), want: Told, observed: "2 values for 2 streams"},
	{id: "retry.spread", name: "last counts", t: transcript(body("retry: 1\n\nretry: 7\n\n"), body("retry: 1\n\nretry: 8\n\n")), want: Told, observed: "spread"},
	{id: "retry.spread", name: "same", t: transcript(body("retry: 1\n\n"), body("retry: 1\n\n")), want: Told, observed: "all of 2 streams"},
	{id: "retry.spread", name: "one", t: transcript(body("retry: 1\n\n"), body(":\n\n")), want: NotTested, observed: "fewer than two"},
}
