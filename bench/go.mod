module github.com/ssegauge/ssegauge/bench

go 1.26.0

require github.com/tmaxmax/go-sse v0.12.0

replace github.com/ssegauge/ssegauge => ../
