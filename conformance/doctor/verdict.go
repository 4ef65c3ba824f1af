package doctor

// A Verdict condenses what a path does to a stream.
type Verdict string

// Verdicts.
const (
	Streams      Verdict = "streams"
	LateHeaders  Verdict = "late-headers"
	BatchedTime  Verdict = "batched-time"
	BatchedBytes Verdict = "batched-bytes"
	Cut          Verdict = "cut"
	Replayed     Verdict = "replayed"
	Held         Verdict = "held"
	Refused      Verdict = "refused"
)

// Verdicts lists all, the best first.
func Verdicts() []Verdict {
	return []Verdict{Streams, LateHeaders, BatchedTime, BatchedBytes, Cut, Replayed, Held, Refused}
}

// verdict is the worst that was seen.
func (v *view) verdict() Verdict {
	switch {
	case v.noHead():
		return Held
	case !v.flow("plain", "stream").isStream(), v.shows("D12"):
		return Refused
	case v.shows("D1", "D6", "D4", "D9"):
		return Held
	case v.shows("D10"):
		return Replayed
	case v.shows("D7", "D8", "D21", "D9b"):
		return Cut
	case v.shows("D2"):
		return BatchedBytes
	case v.shows("D3", "D3b"):
		return BatchedTime
	case v.shows("D5"):
		return LateHeaders
	}
	return Streams
}
