package interop

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var updatePages = flag.Bool("update-pages", false, "write the output of commands into docs anew")

// The page's commands run in its order, with the configurations of nginx that it
// shows, and say what it says that they say.
func TestNginxPage(t *testing.T) {
	t.Parallel()
	need(t, "nginx", installNginx)
	need(t, "curl", "apt-get install curl")
	file := filepath.Join(root, "docs", "nginx-holds-streams.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := page{t: t, addresses: map[string]string{"127.0.0.1:8081": startProbe(t)}}
	fresh := p.rewrite(text)
	if *updatePages {
		if err := os.WriteFile(file, fresh, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if shape(fresh) != shape(text) {
		fresh = p.rewrite(text) // a busy machine does not do the same again
	}
	if got, want := shape(fresh), shape(text); got != want {
		t.Errorf("%s is out of date; look at it and write it anew with -update-pages.\nIt has\n%s\nThe commands give\n%s", file, want, got)
	}
}

// A page is run with servers on free ports.
type page struct {
	t         *testing.T
	addresses map[string]string // that are used, by those that the page shows
}

func (p *page) translated(text string) string {
	for shown, used := range p.addresses {
		text = strings.ReplaceAll(text, shown, used)
	}
	return text
}

var block = regexp.MustCompile("(?s)```(console|nginx)\n(.*?)```")

// rewrite does what the page shows, in its order, and returns the page with what
// the commands write.
func (p *page) rewrite(text []byte) []byte {
	commands, configurations := 0, 0
	fresh := block.ReplaceAllFunc(text, func(b []byte) []byte {
		part := block.FindSubmatch(b)
		if string(part[1]) == "nginx" {
			configurations++
			address := nginx{Server: p.translated(string(part[2]))}.start(p.t)
			p.addresses["127.0.0.1:8080"] = strings.TrimPrefix(address, "http://")
			return b
		}
		var out bytes.Buffer
		for line := range strings.Lines(string(part[2])) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands++
				out.WriteString(line + p.run(strings.TrimSpace(command)))
			}
		}
		return []byte("```console\n" + out.String() + "```")
	})
	if commands != 7 || configurations != 2 {
		p.t.Errorf("%d commands and %d configurations on the page, want 7 and 2", commands, configurations)
	}
	return fresh
}

// run runs a command of the page and returns what it writes, with the page's
// addresses.
func (p *page) run(command string) string {
	p.t.Helper()
	c := exec.Command("sh", "-c", p.translated(command))
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(ssegauge)+":"+os.Getenv("PATH"))
	out, err := c.Output()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		p.t.Fatalf("%s: %v", command, err)
	}
	text := string(out)
	for shown, used := range p.addresses {
		text = strings.ReplaceAll(text, used, shown)
	}
	return text
}

// startProbe runs the probe origin and returns its address.
func startProbe(t *testing.T) string {
	t.Helper()
	for {
		address := freeAddress(t)
		p := start(t, nil, ssegauge, "serve", "--probe", "--addr", address)
		until(t, "the probe origin answers", func() bool {
			return p.ended() || strings.Contains(get(t, "http://"+address+"/?control=page"), `"nonce":"page"`)
		})
		if !p.ended() {
			return address
		}
	}
}

var (
	early   = regexp.MustCompile(`first byte after 0\.\d+ s`)
	late    = regexp.MustCompile(`first byte after [1-9]\d*\.\d+ s`)
	figures = regexp.MustCompile(`(?s)\n +path +direct\n.*?\n\n`)
	number  = regexp.MustCompile(`\d+(\.\d+)?( ms| s| bytes|%)?`)
	heading = regexp.MustCompile(`(?m)^D\d+\w*  |X-Accel-Buffering|HTTP/1\.\d|127\.0\.0\.1:\d+`)
)

// shape is a page without what differs from run to run: figures. Whether the
// first byte comes at once or late stays.
func shape(text []byte) string {
	s := early.ReplaceAllString(string(text), "first byte at once")
	s = late.ReplaceAllString(s, "first byte late")
	s = figures.ReplaceAllString(s, "\nFIGURES\n\n")
	kept := heading.FindAllString(s, -1)
	s = heading.ReplaceAllString(s, "\x00")
	s = number.ReplaceAllString(s, "N")
	for _, word := range kept {
		s = strings.Replace(s, "\x00", word, 1)
	}
	return s
}
