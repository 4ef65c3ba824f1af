package proxylab

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ssegauge/ssegauge/conformance/doctor"
)

// WriteText writes a table of all rows, and below it what to change for each
// that does not stream.
func WriteText(w io.Writer, r *Report) error {
	p := printer{w: w}
	p.print("%s: %s\n\n", r.Matrix, r.About)
	if len(r.Rows) > 0 {
		p.table(r)
	}
	p.capacity(r.Capacity)
	for i := range r.Rows {
		p.advice(&r.Rows[i])
	}
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Surprising() {
			p.print("\nunexpected: %s is %s; %s was foreseen for %s %s\n", row.Variant, row.Verdict, row.Expected, row.Proxy, row.Version)
		}
	}
	for _, row := range r.Rows {
		if row.Load != nil {
			p.invalid(row.Variant, row.Load)
		}
	}
	if r.DirectLoad != nil {
		p.invalid("the direct way", r.DirectLoad)
	}
	if r.Interrupted {
		p.print("\ninterrupted: what is missing was not tried\n")
	}
	return p.err
}

// A printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) print(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) table(r *Report) {
	table := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(columns(r), "\t"))
	for i := range r.Rows {
		fmt.Fprintln(table, strings.Join(cells(&r.Rows[i], r.DirectLoad != nil), "\t"))
	}
	if p.err == nil {
		p.err = table.Flush()
	}
	if d := r.DirectLoad; d != nil {
		p.print("\ndirect: fan-out p50 %s, p99 %s, p99.9 %s over %d rounds; %.0f deliveries/s of %.0f offered; %d of %d lost\n",
			seconds(d.Fanout.P50), seconds(d.Fanout.P99), seconds(d.Fanout.P999), d.Rounds, d.Deliveries, d.Offered, d.Lost, d.Expected)
		p.print("added is a multiple of the direct way's latency; ~ stands for a difference within noise\n")
	}
}

// capacity shows how many streams settings allow.
func (p *printer) capacity(list []CapacityResult) {
	if len(list) == 0 {
		return
	}
	p.print("\n")
	table := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "setting\tvalue\tstreams\tthe next one\tmemory/stream\tits log")
	for _, c := range list {
		fmt.Fprintf(table, "%s %s\t%s\t%s\n", c.Proxy, c.Setting, c.Value, strings.Join(c.Cells(), "\t"))
	}
	if p.err == nil {
		p.err = table.Flush()
	}
}

// Cells are what a table says of the value.
func (c CapacityResult) Cells() []string {
	log := c.Log
	if at := strings.IndexByte(log, '['); at > 0 {
		log = log[at:] // what stands before is the time
	}
	list := []string{fmt.Sprint(c.Streams), c.Next, "-", log}
	switch {
	case c.Projected:
		list[0], list[3] = "about "+list[0], "(not tried: follows from the values above)"
	case c.Next == "":
		list[0], list[1] = list[0]+" or more", "was not tried"
	}
	if c.BytesPerStream > 0 {
		list[2] = fmt.Sprintf("%.1f kB, %d in 1 GiB", float64(c.BytesPerStream)/1000, c.StreamsPerGiB)
	}
	return list
}

// behaviourColumns is how many columns stand before those of the load.
const behaviourColumns = 8

// columns are the headings of the table.
func columns(r *Report) []string {
	list := []string{"verdict", "variant", "proxy", "head", "first", "delay p50", "delay p99", "burst"}
	if r.DirectLoad == nil {
		return list
	}
	return append(list, "added p50", "added p99", "added p99.9", "deliveries/s", "lost", "CPU/delivery", "memory/stream")
}

// cells are the columns of a row.
func cells(row *Row, load bool) []string {
	if row.Skipped != "" {
		return []string{"skipped", row.Variant, row.Proxy, row.Skipped}
	}
	list := []string{string(row.Verdict), row.Variant, row.Proxy + " " + row.Version}
	if b := row.Behaviour; b != nil {
		list = append(list, seconds(b.HeadSeconds), seconds(b.FirstSeconds), seconds(b.Delay.P50), seconds(b.Delay.P99), burst(b.Bursts))
	}
	switch {
	case !load:
		return list
	case row.Load == nil:
		return append(list, "-", "-", "-", "-", "-", "-", "-")
	}
	for _, q := range quantiles {
		list = append(list, row.Load.Ratios[q.name].String())
	}
	list = append(list, fmt.Sprintf("%.0f", row.Load.Deliveries), fmt.Sprint(row.Load.Lost))
	if c := row.Load.Cost; c != nil {
		return append(list, seconds(c.CPUPerDelivery), fmt.Sprintf("%.1f kB", float64(c.BytesPerStream)/1000))
	}
	return append(list, "-", "-")
}

func burst(b doctor.Bursts) string {
	if b.Count == 0 {
		return "-"
	}
	return fmt.Sprintf("%d events", b.Events)
}

func (r Ratio) String() string {
	if r.Noise {
		return "~"
	}
	return fmt.Sprintf("%.2fx", r.Value)
}

// seconds shows a time with three digits.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 100*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Nanosecond).String()
}

// advice says what is wrong with a row that does not stream, and what to paste.
func (p *printer) advice(row *Row) {
	if row.Skipped != "" || row.Verdict == doctor.Streams {
		return
	}
	p.print("\n%s is %s: %s\n", row.Variant, row.Verdict, row.About)
	for _, d := range row.Diagnoses {
		if !d.Fault {
			continue
		}
		p.print("  %s %s\n", d.ID, d.Title)
		for _, e := range d.Evidence {
			p.print("    saw: %s\n", e)
		}
		for _, f := range d.Fixes {
			p.print("    %s, %s:\n        %s\n", f.Box, f.Where, strings.ReplaceAll(f.Lines, "\n", "\n        "))
		}
		return
	}
}

// invalid says why figures are not those of a proxy.
func (p *printer) invalid(of string, l *LoadResult) {
	for _, reason := range l.Invalid {
		p.print("\ninvalid: %s: %s\n", of, reason)
	}
}
