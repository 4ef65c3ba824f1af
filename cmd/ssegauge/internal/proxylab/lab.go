package proxylab

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/internal/refserver"
)

// A Lab starts proxies. Its methods may be called side by side.
type Lab struct {
	guard                  []string
	certificate, key, both []byte // PEM
	client                 *http.Client
	// ports finds so many free ports.
	ports func(n int) ([]string, error)

	mu       sync.Mutex
	programs map[*kind]found
}

type found struct {
	*program
	err error
}

// NewLab makes a lab with a new certificate for localhost, 127.0.0.1 and the
// hosts. The command and arguments of guard must end in a call of Guard.
func NewLab(guard []string, hosts ...string) (*Lab, error) {
	c, err := refserver.SelfSigned(append([]string{"localhost", "127.0.0.1"}, hosts...)...)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.TLS.PrivateKey)
	if err != nil {
		return nil, err
	}
	l := &Lab{guard: guard, programs: map[*kind]found{}, certificate: c.PEM, ports: freePorts}
	l.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	l.both = slices.Concat(l.certificate, l.key)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(l.certificate)
	l.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	return l, nil
}

// program finds a kind's program, once.
func (l *Lab) program(ctx context.Context, k *kind) (*program, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, known := l.programs[k]
	switch {
	case known:
	case k == &builtin:
		f.program = builtinProgram()
	default:
		f.program, f.err = k.installed(ctx)
	}
	if ctx.Err() == nil {
		l.programs[k] = f
	}
	return f.program, f.err
}

// Unfit says that an installed proxy lacks what a variant needs.
type Unfit struct{ Proxy, Version, Need string }

func (e *Unfit) Error() string {
	return fmt.Sprintf("%s %s was built without %s", e.Proxy, e.Version, e.Need)
}

// Version is the version of the variant's proxy. An error is NotInstalled or
// Unfit where the variant cannot run here.
func (l *Lab) Version(ctx context.Context, v *Variant) (string, error) {
	p, err := l.program(ctx, v.kind)
	if err != nil {
		return "", err
	}
	for _, need := range v.Needs {
		if !strings.Contains(p.said, need) {
			return p.version, &Unfit{v.kind.name, p.version, need}
		}
	}
	return p.version, nil
}

// Together divides variants into those that can share a process.
func Together(variants []*Variant) [][]*Variant {
	var groups [][]*Variant
	for _, v := range variants {
		i := slices.IndexFunc(groups, func(g []*Variant) bool {
			return !v.kind.perVariant && g[0].kind == v.kind && g[0].template == v.template && maps.Equal(g[0].Process, v.Process)
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], v)
	}
	return groups
}

// attempts bounds how often a proxy is started on other ports because somebody
// took one of them in between.
const attempts = 5

var taken = regexp.MustCompile(`(?i)address already in use|cannot bind socket`)

// Start runs the variants, which Together has found to fit, in front of the
// origin at host:port, and returns once each of them answers. An error is
// NotInstalled, Unfit, or Refused where the proxy is why.
func (l *Lab) Start(ctx context.Context, variants []*Variant, origin string, ready Ready) (*Proxy, error) {
	for _, v := range variants {
		if _, err := l.Version(ctx, v); err != nil {
			return nil, err
		}
	}
	program, err := l.program(ctx, variants[0].kind)
	if err != nil {
		return nil, err
	}
	if program.kind == &builtin {
		return startBuiltin(ctx, program, variants[0], origin)
	}
	for attempt := 1; ; attempt++ {
		p, err := l.try(ctx, program, variants, origin, ready)
		var refused *Refused
		if err == nil || attempt == attempts || variants[0].fixed() || !errors.As(err, &refused) || !taken.MatchString(refused.Log) {
			return p, err
		}
	}
}

func (l *Lab) try(ctx context.Context, program *program, variants []*Variant, origin string, ready Ready) (*Proxy, error) {
	j, p, err := l.prepare(program, variants, origin)
	if err != nil {
		return nil, err
	}
	if p.process, err = startProcess(l.guard, j); err != nil {
		return nil, err
	}
	p.stop = p.process.stop
	if err := p.await(ctx, ready); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Names of files in a proxy's folder.
const (
	certificateFile = "certificate.pem"
	keyFile         = "key.pem"
	bothFile        = "certificate-and-key.pem"
)

// prepare makes what a process in a new folder needs.
func (l *Lab) prepare(program *program, variants []*Variant, origin string) (job, *Proxy, error) {
	folder := filepath.Join(os.TempDir(), "ssegauge-"+program.name+"-"+strings.ToLower(rand.Text()))
	p := &Proxy{kind: program.kind, Version: program.version, urls: map[string]string{}, limit: startLimit, client: l.client}
	j := job{
		Folder: folder, Folders: program.folders,
		Files: map[string][]byte{certificateFile: l.certificate, keyFile: l.key, bothFile: l.both},
	}
	if program.env != nil {
		j.Env = program.env(folder)
	}
	if variants[0].own != nil {
		return j, p, l.prepareOwn(program, variants[0], origin, &j, p)
	}
	return j, p, l.fillIn(program, variants, origin, &j, p)
}

// fillIn fills in the template for the folder and free ports.
func (l *Lab) fillIn(program *program, variants []*Variant, origin string, j *job, p *Proxy) error {
	ports, err := l.ports(2 * len(variants))
	if err != nil {
		return err
	}
	_, originPort, err := net.SplitHostPort(origin)
	if err != nil {
		return err
	}
	at := &page{
		Folder: j.Folder, Origin: origin, OriginPort: originPort, Version: program.version, Modules: program.modules(),
		Certificate: j.in(certificateFile), Key: j.in(keyFile), Both: j.in(bothFile), process: variants[0].Process,
	}
	for i, v := range variants {
		at.Variants = append(at.Variants, &place{
			page: at, Variant: v, Port: ports[2*i], Address: loopback + ports[2*i], InnerPort: ports[2*i+1], Inner: loopback + ports[2*i+1],
		})
		p.urls[v.Name] = "http://" + loopback + ports[2*i] + "/"
		if v.TLS {
			p.urls[v.Name] = "https://localhost:" + ports[2*i] + "/"
		}
	}
	var config bytes.Buffer
	if err := variants[0].template.Execute(&config, at); err != nil {
		return err
	}
	p.Config = config.String()
	j.Files[program.config] = config.Bytes()
	s := &seat{folder: j.Folder, config: j.in(program.config), address: at.Only().Address}
	j.Command = append([]string{program.path}, program.args(s)...)
	return nil
}

const loopback = "127.0.0.1:"

// freePorts finds ports that are free now. Somebody else may take one before
// the proxy does.
func freePorts(n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		listener, err := net.Listen("tcp", loopback+"0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // after all are found, so that they differ
		_, ports[i], _ = net.SplitHostPort(listener.Addr().String())
	}
	return ports, nil
}
