package loadgen

import (
	"fmt"

	"github.com/ssegauge/ssegauge/internal/chart"
)

// shownWaves is how many waves a figure has at the most: more lines could not
// be told apart.
const shownWaves = 4

// recoverySection shows how many streams were away, in the first waves of a
// drill.
func (r *Report) recoverySection() chartSection {
	if r.Recovery == nil || len(r.Recovery.Waves) == 0 {
		return chartSection{}
	}
	c := &chart.Chart{
		ID: "recovery", Title: "Streams away, since the first connection of the wave was lost",
		X: chart.Axis{Label: "time", Unit: chart.Seconds}, Y: chart.Axis{Label: "streams away"},
	}
	for i, w := range r.Recovery.Waves {
		if i == shownWaves {
			break
		}
		s := chart.Series{Name: "wave at " + formatSeconds(w.Start), Kind: chart.Step}
		for _, point := range w.Curve {
			s.X, s.Y = append(s.X, point[0]), append(s.Y, point[1])
		}
		c.Series = append(c.Series, s)
	}
	text := fmt.Sprintf("In this drill %s. %d events were lost.", r.Recovery.Cause, r.Recovery.EventsLost)
	if n := len(r.Recovery.Waves) + r.Recovery.WavesOmitted; n > shownWaves {
		text += fmt.Sprintf(" Shown are the first %d of %d waves.", shownWaves, n)
	}
	return chartSection{"recovery", "Recovery", text, []*chart.Chart{c}}
}
