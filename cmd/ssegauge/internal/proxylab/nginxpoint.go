package proxylab

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A pointer makes a copy of somebody's nginx configuration that runs without
// privileges in a folder of the lab, in front of the lab's origin. Only those
// words are changed that must be: where nginx listens, logs and stores, its
// certificates, and the addresses of what it passes on to.
type pointer struct {
	base             string // the folder of the configuration as it was
	folder, origin   string
	certificate, key string
	port             func() (string, error)

	files     map[string][]byte // by their names in the folder
	listens   map[string]string // the new address of each port, and of others as they stand
	upstreams map[string]bool
	parsed    []*nginxFile
}

type nginxFile struct {
	name string // in the folder
	text []byte
	list []directive
	// includes are the files in the place of an include, by where it stands.
	includes map[int][]*nginxFile
	edits    []edit
}

// An edit replaces a part of a file.
type edit struct {
	start, end int
	text       string
}

// maxIncluded bounds the files of a configuration.
const maxIncluded = 1000

// point reads the configuration with all that it includes, and changes it.
func (p *pointer) point(path string) error {
	p.files, p.listens, p.upstreams = map[string][]byte{}, map[string]string{}, map[string]bool{}
	p.base = filepath.Dir(path)
	if _, err := p.read(path, "main"); err != nil {
		return err
	}
	for _, f := range p.parsed {
		p.collect(f.list)
	}
	for _, f := range p.parsed {
		if err := p.change(f, f.list); err != nil {
			return err
		}
		slices.SortStableFunc(f.edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
		var out bytes.Buffer
		at := 0
		for _, e := range f.edits {
			out.Write(f.text[at:e.start])
			out.WriteString(e.text)
			at = e.end
		}
		out.Write(f.text[at:])
		p.files[f.name] = out.Bytes()
	}
	return nil
}

// read parses a file and those that it includes.
func (p *pointer) read(path, context string) (*nginxFile, error) {
	if len(p.parsed) == maxIncluded {
		return nil, fmt.Errorf("%s: more than %d files are included, or one includes itself", path, maxIncluded)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &nginxFile{name: fmt.Sprintf("%03d-%s", len(p.parsed), filepath.Base(path)), text: text, includes: map[int][]*nginxFile{}}
	if len(p.parsed) == 0 {
		f.name = "nginx.conf"
	}
	p.parsed = append(p.parsed, f)
	if f.list, err = parseNginx(path, text, context); err != nil {
		return nil, err
	}
	return f, p.include(f, f.list)
}

func (p *pointer) include(f *nginxFile, list []directive) error {
	for _, d := range list {
		if d.block != nil {
			if err := p.include(f, *d.block); err != nil {
				return err
			}
		}
		if d.name != "include" || len(d.args) != 1 {
			continue
		}
		pattern := p.absolute(d.args[0].text)
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("include %s: %w", pattern, err)
		}
		for _, match := range matches {
			included, err := p.read(match, d.context)
			if err != nil {
				return err
			}
			f.includes[d.start] = append(f.includes[d.start], included)
		}
		if len(matches) == 0 && !strings.ContainsAny(pattern, "*?[") {
			return fmt.Errorf("include %s: there is no such file", pattern)
		}
	}
	return nil
}

func (p *pointer) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.base, path)
}

// collect finds the names of upstreams.
func (p *pointer) collect(list []directive) {
	for _, d := range list {
		if d.name == "upstream" && len(d.args) == 1 {
			p.upstreams[d.args[0].text] = true
		}
		if d.block != nil {
			p.collect(*d.block)
		}
	}
}

// change notes what must be different in a file.
func (p *pointer) change(f *nginxFile, list []directive) error {
	for i := range list {
		d := &list[i]
		if d.name == "include" && len(d.args) == 1 {
			var lines []string
			for _, included := range f.includes[d.start] {
				lines = append(lines, "include "+filepath.Join(p.folder, included.name)+";")
			}
			f.edits = append(f.edits, edit{d.start, d.end, strings.Join(lines, "\n")})
			continue
		}
		if err := p.changeOne(f, d); err != nil {
			return err
		}
		if d.block != nil {
			if err := p.change(f, *d.block); err != nil {
				return err
			}
		}
	}
	return nil
}

// scratch are the folders that nginx would make where it was built to.
var scratch = []string{"client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path"}

// beside are files whose names may be relative to the configuration's folder.
var beside = []string{"auth_basic_user_file", "ssl_client_certificate", "ssl_crl", "ssl_dhparam", "ssl_password_file", "ssl_trusted_certificate"}

func (p *pointer) changeOne(f *nginxFile, d *directive) error {
	whole := func(text string) { f.edits = append(f.edits, edit{d.start, d.end, text}) }
	first := func(text string) {
		if len(d.args) > 0 {
			f.edits = append(f.edits, edit{d.args[0].start, d.args[0].end, text})
		}
	}
	inFolder := func(name string) string { return filepath.Join(p.folder, "tmp", name) }
	switch {
	case d.context == "main" && slices.Contains([]string{"user", "daemon", "pid", "lock_file"}, d.name):
		whole("")
	case d.name == "error_log":
		first("stderr")
	case d.name == "access_log":
		whole("access_log off;")
	case d.name == "ssl_certificate":
		first(p.certificate)
	case d.name == "ssl_certificate_key":
		first(p.key)
	case slices.Contains(scratch, d.name), d.name == "proxy_cache_path":
		first(inFolder(fmt.Sprintf("%s-%d-%s", d.name, d.start, f.name)))
	case slices.Contains(beside, d.name) && len(d.args) == 1:
		first(p.absolute(d.args[0].text))
	case d.name == "http" && d.block != nil:
		text := "\n"
		for _, name := range scratch {
			if !p.sets(f, *d.block, name) {
				text += "    " + name + " " + inFolder(name) + ";\n"
			}
		}
		f.edits = append(f.edits, edit{d.end, d.end, text})
	case d.name == "server" && d.block != nil:
		if !p.sets(f, *d.block, "listen") && d.context == "http" {
			address, err := p.listen("80")
			if err != nil {
				return err
			}
			f.edits = append(f.edits, edit{d.end, d.end, " listen " + address + ";"})
		}
	case d.name == "listen" && d.context == "server":
		return p.changeListen(f, d)
	case d.name == "server" && d.context == "upstream":
		first(p.origin)
		for _, w := range d.args[min(1, len(d.args)):] {
			if w.text == "resolve" || strings.HasPrefix(w.text, "service=") {
				f.edits = append(f.edits, edit{w.start, w.end, ""})
			}
		}
	case d.name == "proxy_pass" && len(d.args) == 1:
		first(p.passTo(d.args[0].text))
	}
	return nil
}

// sets reports whether a directive stands in a block of the file, or in a file
// that is included there.
func (p *pointer) sets(f *nginxFile, list []directive, name string) bool {
	return slices.ContainsFunc(list, func(d directive) bool {
		return d.name == name || slices.ContainsFunc(f.includes[d.start], func(included *nginxFile) bool {
			return p.sets(included, included.list, name)
		})
	})
}

// changeListen moves a listener to a free port of this machine alone.
func (p *pointer) changeListen(f *nginxFile, d *directive) error {
	if len(d.args) == 0 {
		return nil
	}
	address, err := p.listen(d.args[0].text)
	if err != nil {
		return err
	}
	f.edits = append(f.edits, edit{d.args[0].start, d.args[0].end, address})
	for _, w := range d.args[1:] {
		if strings.HasPrefix(w.text, "ipv6only=") {
			f.edits = append(f.edits, edit{w.start, w.end, ""})
		}
	}
	return nil
}

// listen is the new address of a listener. All addresses of a port become one
// port of 127.0.0.1, except for those that stand beside it in the same server
// for IPv6 or as a socket file: they get another.
func (p *pointer) listen(address string) (string, error) {
	key := address
	if host, port, err := net.SplitHostPort(address); err == nil && !strings.Contains(host, ":") && host != "unix" {
		key = port
	} else if !strings.ContainsAny(address, ":.") && strings.Trim(address, "0123456789") != "" {
		key = "80" // a host name without a port
	}
	if known, ok := p.listens[key]; ok {
		return known, nil
	}
	port, err := p.port()
	if err != nil {
		return "", err
	}
	p.listens[key] = loopback + port
	return p.listens[key], nil
}

// passTo is the target of a proxy_pass with the lab's origin in place of its
// address, unless that is an upstream, whose servers are changed.
func (p *pointer) passTo(target string) string {
	_, rest, found := strings.Cut(target, "://")
	if !found {
		return p.origin // of a stream block, or all in a variable
	}
	if socket, ok := strings.CutPrefix(rest, "unix:"); ok {
		_, uri, _ := strings.Cut(socket, ":")
		return "http://" + p.origin + uri
	}
	address, uri := rest, ""
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		address, uri = rest[:at], rest[at:]
	}
	if !p.upstreams[address] {
		address = p.origin
	}
	return "http://" + address + uri // the origin speaks plain HTTP
}

// at is where a listener of the port is now.
func (p *pointer) at(port string) (string, error) {
	if address, ok := p.listens[port]; ok {
		return address, nil
	}
	return "", fmt.Errorf("the configuration does not listen on port %s; it listens on: %s", port, strings.Join(slices.Sorted(maps.Keys(p.listens)), ", "))
}
