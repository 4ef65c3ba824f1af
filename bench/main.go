// Bench measures ssegauge's two engines side by side with what else there is:
// the reference server against go-sse's Joe, nchan and the floor that the
// kernel sets, and the load generator against go-sse's client and a receiver in
// C. It is a module of its own, so that nothing of it enters the main go.mod.
//
//	go run . -run latency,receivers -streams 1000 -rounds 1
//
// Every round measures each candidate once, one after the other; a figure is
// the median of the rounds, with its ratio to the row it is compared with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	parts            []string
	streams, rounds  int
	warmup, measured time.Duration
	rate             float64 // deliveries per second of the latency part
	firstRate        float64 // first rate of the throughput part
	receiveRates     []float64
	few, many        int // streams of the memory part
	stallWarmup      time.Duration
	markdown         string
}

// parts in the order in which they run.
var parts = []struct {
	name string
	run  func(context.Context, *lab) error
}{
	{"latency", measureLatency},
	{"throughput", measureThroughput},
	{"stalled", measureStalled},
	{"receivers", measureReceivers},
	{"agreement", measureAgreement},
	{"memory", measureMemory},
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (*options, error) {
	o := &options{}
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	chosen := flags.String("run", strings.Join(names, ","), "parts to run")
	receive := flags.String("receive-rates", "60000,500000", "deliveries/s of the receivers and agreement parts")
	seconds := flags.Float64("seconds", 5, "measured seconds of each run")
	warmup := flags.Float64("warmup", 3, "seconds before them that are not measured")
	stall := flags.Float64("stall-warmup", 40, "the same in the stalled part: long enough for the buffers of stalled streams to fill")
	memory := flags.String("memory", "1000,15000", "idle streams of the memory part, few and many")
	flags.IntVar(&o.streams, "streams", 10_000, "streams")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds")
	flags.Float64Var(&o.rate, "rate", 60_000, "deliveries/s of the latency and stalled parts")
	flags.Float64Var(&o.firstRate, "start", 60_000, "deliveries/s that the throughput part begins with")
	flags.StringVar(&o.markdown, "markdown", "", "`file` to write the tables to as well, in Markdown")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	o.parts = strings.Split(*chosen, ",")
	for _, part := range o.parts {
		if !slices.Contains(names, part) {
			return nil, fmt.Errorf("-run: unknown part %q; known: %s", part, strings.Join(names, ", "))
		}
	}
	for _, text := range strings.Split(*receive, ",") {
		var rate float64
		if _, err := fmt.Sscan(text, &rate); err != nil || rate <= 0 {
			return nil, fmt.Errorf("-receive-rates: %q is not a rate", text)
		}
		o.receiveRates = append(o.receiveRates, rate)
	}
	if _, err := fmt.Sscanf(*memory, "%d,%d", &o.few, &o.many); err != nil || o.few < 1 || o.many <= o.few {
		return nil, fmt.Errorf("-memory: %q is not two growing numbers", *memory)
	}
	if o.streams < 100 || o.rounds < 1 || *seconds < 1 || *warmup < 0 || *stall < 0 || o.rate <= 0 || o.firstRate <= 0 || flags.NArg() > 0 {
		return nil, errors.New("at least 100 streams, one round, one second, rates above 0, and no further arguments")
	}
	o.measured, o.warmup, o.stallWarmup = toDuration(*seconds), toDuration(*warmup), toDuration(*stall)
	return o, nil
}

func toDuration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

func run(ctx context.Context, o *options) error {
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
	for _, p := range parts {
		if !slices.Contains(o.parts, p.name) {
			continue
		}
		if err := p.run(ctx, l); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	facts := environment(ctx)
	if err := l.writeText(os.Stdout, facts); err != nil {
		return err
	}
	if o.markdown == "" {
		return nil
	}
	file, err := os.Create(o.markdown)
	if err != nil {
		return err
	}
	return errors.Join(l.writeMarkdown(file, facts), file.Close())
}
