package proxylab

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// An Own is somebody's own configuration.
type Own struct {
	// Proxy is the program. Default nginx.
	Proxy string
	// Config is the path of the configuration, and Listen a URL that reaches the
	// stream through it, as it stands there: https://app.example/events.
	Config, Listen string
	// Origin is the address, host:port, that the configuration passes on to: the
	// lab's origin then listens there, and the configuration runs as it is.
	// Empty: a copy of the configuration, of nginx alone, is pointed at the
	// lab's origin.
	Origin string
	// HTTP is the version that clients speak, 1.1 or 2. Default 1.1.
	HTTP string
}

// own is an Own in a variant.
type own struct {
	Own
	url *url.URL
}

// Matrix makes a matrix of the configuration, whose streams shall stream. Its
// load part is left out: the load's server answers on paths of its own.
func (o Own) Matrix() (*Matrix, error) {
	if o.Proxy == "" {
		o.Proxy = "nginx"
	}
	kind := findKind(o.Proxy)
	if kind == nil {
		return nil, fmt.Errorf("unknown proxy %q%s; known: %s", o.Proxy, nearest.Hint(o.Proxy, Proxies()), strings.Join(Proxies(), ", "))
	}
	u, err := url.Parse(o.Listen)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("expected the http or https URL by which the configuration is reached, found %q", o.Listen)
	case o.HTTP != "" && o.HTTP != "1.1" && o.HTTP != "2":
		return nil, fmt.Errorf("unknown HTTP version %q; known: 1.1, 2", o.HTTP)
	case o.Origin == "" && kind.name != "nginx":
		return nil, fmt.Errorf("a configuration of %s runs as it is: name the address that it passes on to, for the origin to listen there", kind.name)
	}
	if o.Origin != "" {
		host, _, err := net.SplitHostPort(o.Origin)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("expected an address of this machine such as 127.0.0.1:9000 for the origin, found %q", o.Origin)
		}
	}
	if o.Config, err = filepath.Abs(o.Config); err != nil {
		return nil, err
	}
	v := &Variant{
		Name: filepath.Base(o.Config), About: "the configuration " + o.Config, TLS: u.Scheme == "https", HTTP: o.HTTP,
		kind: kind, own: &own{o, u},
	}
	m := &Matrix{Name: v.Name, About: v.About, origin: o.Origin, Variants: []*Variant{v, builtinVariant()}, behaviourOnly: true, Hosts: []string{u.Hostname()}}
	return m, v.Expect.UnmarshalText([]byte("streams"))
}

// fixed reports whether the variant listens where it says, and nowhere else.
func (v *Variant) fixed() bool { return v.own != nil && v.own.Origin != "" }

// prepareOwn prepares the configuration, or a copy that is pointed at the
// origin.
func (l *Lab) prepareOwn(program *program, v *Variant, origin string, j *job, p *Proxy) error {
	port := cmp.Or(v.own.url.Port(), map[string]string{"http": "80", "https": "443"}[v.own.url.Scheme])
	at := net.JoinHostPort(here(v.own.url.Hostname()), port)
	config := v.own.Config
	if !v.fixed() {
		n := pointer{folder: j.Folder, origin: origin, certificate: j.in(certificateFile), key: j.in(keyFile), port: l.port}
		if err := n.point(config); err != nil {
			return err
		}
		maps.Copy(j.Files, n.files)
		var err error
		if at, err = n.at(port); err != nil {
			return fmt.Errorf("%s: %w", config, err)
		}
		config = j.in(program.config)
	}
	s := &seat{folder: j.Folder, config: config, address: at}
	j.Command = append([]string{program.path}, program.args(s)...)
	if program.name == "nginx" {
		var err error
		if j.Command, err = ownNginx(program, j, config); err != nil {
			return err
		}
	}
	u := *v.own.url
	u.Host = at
	p.urls[v.Name], p.limit, p.client = u.String(), ownLimit, asHost(l.client, v)
	return nil
}

// here is where a host of a configuration is reached that runs on this machine. By
// its name the real one might be.
func here(host string) string {
	if host == "localhost" || net.ParseIP(host) != nil {
		return host
	}
	return "127.0.0.1"
}

var builtPrefix = regexp.MustCompile(`--prefix=(\S+)`)

// ownNginx is the command for a configuration that was not made for the lab: it
// has its files where nginx was built to have them. Without "daemon off" nginx
// would leave its guard; a configuration that says otherwise is refused.
func ownNginx(program *program, j *job, config string) ([]string, error) {
	prefix := j.Folder
	if found := builtPrefix.FindStringSubmatch(program.said); found != nil {
		prefix = found[1]
	}
	global := "daemon off;"
	text, known := j.Files[program.config]
	if !known {
		var err error
		if text, err = os.ReadFile(config); err != nil {
			return nil, err
		}
	}
	list, err := parseNginx(config, text, "main")
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(d directive) bool { return d.name == "pid" }) {
		global += " pid " + j.in("nginx.pid") + ";"
	}
	return []string{program.path, "-p", prefix, "-e", "stderr", "-c", config, "-g", global}, nil
}

// port is one free port.
func (l *Lab) port() (string, error) {
	ports, err := l.ports(1)
	if err != nil {
		return "", err
	}
	return ports[0], nil
}

// asHost is a client that asks for the host of the variant's URL, wherever it is
// sent. A configuration that runs as it is has a certificate of its own.
func asHost(client *http.Client, v *Variant) *http.Client {
	transport := client.Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = v.own.url.Hostname()
	transport.TLSClientConfig.InsecureSkipVerify = v.fixed()
	return &http.Client{Timeout: client.Timeout, Transport: hosted{transport, v.own.url.Host}}
}

type hosted struct {
	http.RoundTripper
	host string
}

// RoundTrip implements http.RoundTripper.
func (h hosted) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = h.host
	return h.RoundTripper.RoundTrip(r)
}
