package main

import "testing"

func TestSustained(t *testing.T) {
	good := delivery{Streams: 10, Open: 10, Expected: 100, Events: 100, EventsPerSecond: 100, P99: 500}
	for _, c := range []struct {
		name   string
		change func(*delivery)
		want   bool
	}{
		{"as offered", func(*delivery) {}, true},
		{"one fan-out less", func(d *delivery) { d.EventsPerSecond = 90 }, true},
		{"one lost", func(d *delivery) { d.Lost = 1 }, false},
		{"one repeated", func(d *delivery) { d.Repeated = 1 }, false},
		{"one closed", func(d *delivery) { d.Closed = 1 }, false},
		{"late", func(d *delivery) { d.P99 = 500.1 }, false},
		{"too few", func(d *delivery) { d.EventsPerSecond = 89 }, false},
		{"nothing", func(d *delivery) { d.Events = 0 }, false},
	} {
		d := good
		c.change(&d)
		if err := d.sustained(100); (err == nil) != c.want {
			t.Errorf("%s: %v, want sustained %v", c.name, err, c.want)
		}
	}
}

func TestReadReport(t *testing.T) {
	d, err := readReport([]byte(`{"verdict":"pass","streams":{"planned":5,"opened":4,"dropped":1},
		"events":{"expected":50,"received":48,"lost":2,"duplicated":3},
		"latency_seconds":{"fanout":{"p50":0.012,"p99":0.25}}}`))
	want := delivery{Streams: 5, Open: 4, Closed: 1, Expected: 50, Events: 48, Lost: 2, Repeated: 3, P50: 12, P99: 250}
	if err != nil || *d != want {
		t.Errorf("got %+v, %v; want %+v", *d, err, want)
	}
	if _, err := readReport([]byte(`{"verdict":"invalid","reasons":["too slow"]}`)); err == nil {
		t.Error("an invalid run was taken")
	}
}

func TestProcFiles(t *testing.T) {
	fields := statFields("42 (odd ) name) S 1 40 40 0 -1 4194304 1 2 3 4 250 150 0 0")
	if fields[2] != "40" || fields[11] != "250" || fields[12] != "150" {
		t.Errorf("group %s, user %s, system %s; want 40, 250, 150", fields[2], fields[11], fields[12])
	}
	resident := residentFields("Name:\tx\nVmRSS:\t   60 kB\nRssAnon:\t      30 kB\nRssFile:\t      20 kB\nRssShmem:\t      10 kB\n")
	if len(resident) != 3 || resident["RssAnon"] != 30 || resident["RssFile"] != 20 || resident["RssShmem"] != 10 {
		t.Errorf("resident %v", resident)
	}
	queues := "  sl  local_address rem_address   st tx_queue:rx_queue\n" +
		"   0: 0100007F:1F90 0200007F:C000 01 00000010:00000000\n" +
		"   1: 0100007F:1F90 0200007F:C001 01 00000100:00000000\n" +
		"   2: 0200007F:C001 0100007F:1F90 01 0000FFFF:00000000\n"
	if got := largestQueue(queues, 8080); got != 256 {
		t.Errorf("largest queue %d, want 256", got)
	}
}

func TestGoSSEVersion(t *testing.T) {
	for mod, want := range map[string]string{
		"require github.com/tmaxmax/go-sse v0.12.0\n":         "v0.12.0",
		"require (\n\tgithub.com/tmaxmax/go-sse v0.13.1\n)\n": "v0.13.1",
		"module x\n": "of unknown version",
	} {
		if got := goSSEVersion(mod); got != want {
			t.Errorf("%q: %q, want %q", mod, got, want)
		}
	}
}
