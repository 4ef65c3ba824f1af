package proxylab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A kind is a proxy program: how it is found, asked for its version, and run in
// the foreground from a folder of its own.
type kind struct {
	name     string
	box      string   // what the doctor calls it
	programs []string // by which it may be called
	install  string   // the command that installs it
	version  []string // arguments that make it say its version
	says     *regexp.Regexp
	config   string // name of its configuration file
	folders  []string
	logs     []string // files in the folder, besides its output
	env      func(folder string) []string
	args     func(s *seat) []string
	// perVariant tells that a process serves a single variant.
	perVariant bool
}

// A seat is where a process runs.
type seat struct {
	folder  string
	config  string // path of the configuration file
	address string // of the only variant
}

const aptInstall = "apt-get install --no-install-recommends "

// kinds are all proxy programs that the lab can run.
var kinds = []kind{
	{
		name: "nginx", box: "nginx", programs: []string{"nginx"}, install: aptInstall + "nginx-light",
		// -V also names the modules that it was built with.
		version: []string{"-V"}, says: regexp.MustCompile(`nginx/([0-9.]+)`),
		config: "nginx.conf", folders: []string{"tmp"},
		args: func(s *seat) []string { return []string{"-p", s.folder + "/", "-e", "stderr", "-c", s.config} },
	},
	{
		name: "haproxy", box: "HAProxy", programs: []string{"haproxy"}, install: aptInstall + "haproxy",
		version: []string{"-v"}, says: regexp.MustCompile(`version ([0-9.]+)`),
		config: "haproxy.cfg",
		args:   func(s *seat) []string { return []string{"-db", "-f", s.config} },
	},
	{
		name: "caddy", box: "Caddy", programs: []string{"caddy"}, install: aptInstall + "caddy",
		version: []string{"version"}, says: regexp.MustCompile(`v?([0-9.]+)`),
		config: "Caddyfile",
		env: func(folder string) []string {
			return []string{"HOME=" + folder, "XDG_DATA_HOME=" + folder, "XDG_CONFIG_HOME=" + folder}
		},
		args: func(s *seat) []string { return []string{"run", "--config", s.config, "--adapter", "caddyfile"} },
	},
	{
		name: "apache", box: "Apache", programs: []string{"apache2", "httpd"}, install: aptInstall + "apache2",
		version: []string{"-v"}, says: regexp.MustCompile(`Apache/([0-9.]+)`),
		config: "apache.conf", folders: []string{"run", "cache"}, logs: []string{"error.log"},
		args: func(s *seat) []string { return []string{"-DFOREGROUND", "-f", s.config} },
	},
	{
		// Its configuration is a program that it has a C compiler translate.
		name: "varnish", box: "Varnish", programs: []string{"varnishd"}, install: aptInstall + "varnish gcc libc6-dev",
		version: []string{"-V"}, says: regexp.MustCompile(`varnish-([0-9.]+)`),
		config: "default.vcl", perVariant: true,
		args: func(s *seat) []string {
			return []string{"-F", "-j", "none", "-n", filepath.Join(s.folder, "work"), "-a", s.address, "-T", "none", "-f", s.config,
				"-s", "default,16m", "-p", "thread_pools=1", "-p", "thread_pool_min=10", "-p", "thread_pool_max=200"}
		},
	},
	{
		name: "lighttpd", box: "lighttpd", programs: []string{"lighttpd"}, install: aptInstall + "lighttpd lighttpd-mod-openssl",
		version: []string{"-v"}, says: regexp.MustCompile(`lighttpd/([0-9.]+)`),
		config: "lighttpd.conf", folders: []string{"uploads"},
		args: func(s *seat) []string { return []string{"-D", "-f", s.config} },
	},
}

// Proxies are the names of all proxies that a matrix may be about.
func Proxies() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

func findKind(name string) *kind {
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name }); i >= 0 {
		return &kinds[i]
	}
	return nil
}

// A program is a kind as it is installed here.
type program struct {
	*kind
	path    string
	version string // such as 1.22.1
	said    string // all that it said of itself
}

// NotInstalled says that a proxy is not there, and how to get it.
type NotInstalled struct{ Proxy, Install string }

func (e *NotInstalled) Error() string {
	return fmt.Sprintf("%s is not installed; install it with: %s", e.Proxy, e.Install)
}

// versionLimit is how long a program may take to say its version.
const versionLimit = 20 * time.Second

// installed finds the program and asks it for its version.
func (k *kind) installed(ctx context.Context) (*program, error) {
	var path string
	for _, name := range k.programs {
		// Debian has most of them where only root's path leads.
		for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
			if found, err := exec.LookPath(candidate); path == "" && err == nil {
				path = found
			}
		}
	}
	if path == "" {
		return nil, &NotInstalled{k.name, k.install}
	}
	ctx, cancel := context.WithTimeout(ctx, versionLimit)
	defer cancel()
	said, err := exec.CommandContext(ctx, path, k.version...).CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	found := k.says.FindSubmatch(said)
	if found == nil {
		return nil, errors.Join(fmt.Errorf("%s %s does not say its version: %q", path, strings.Join(k.version, " "), said), err)
	}
	return &program{kind: k, path: path, version: strings.TrimRight(string(found[1]), "."), said: string(said)}, nil
}

// modules is the folder of Apache's loadable modules, empty for others.
func (p *program) modules() string {
	if p.name != "apache" {
		return ""
	}
	for _, folder := range []string{"/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules", "/usr/local/apache2/modules", "/opt/homebrew/lib/httpd/modules", "/usr/libexec/apache2"} {
		if _, err := os.Stat(filepath.Join(folder, "mod_proxy_http.so")); err == nil {
			return folder
		}
	}
	return "modules"
}
