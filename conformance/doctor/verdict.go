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
	p := v.pacing()
	plain := v.flow("plain", "stream")
	switch {
	case v.noHead():
		return Held
	case !plain.isStream(), v.budget().limited:
		return Refused
	case seeHeld(v) != nil, seeLength(v) != nil, seeCompressed(v) != nil, seeHeldAndCut(v) != nil:
		return Held
	case seeReplay(v) != nil:
		return Replayed
	case seeIdleCut(v) != nil, seeLifeCut(v) != nil, seeCutTogether(v) != nil, seeHeartbeatsHidden(v) != nil:
		return Cut
	case p.kind == "bytes":
		return BatchedBytes
	case p.kind == "time":
		return BatchedTime
	case seeLateHead(v) != nil:
		return LateHeaders
	}
	return Streams
}
