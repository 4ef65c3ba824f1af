package interop

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"
)

// nginxConfig is the part of nginx.conf that all tests share. Every folder that
// nginx may write to is the test's own. A worker holds two connections for each
// proxied stream, one for each of nchan's.
var nginxConfig = template.Must(template.New("nginx.conf").Parse(`
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {{.Folder}}/nginx.pid;
error_log stderr warn;
{{if .User}}user {{.User}};{{end}}
{{range .Modules}}load_module {{.}};
{{end}}
events { worker_connections 19000; }
http {
    access_log off;
    client_body_temp_path {{.Folder}}/body;
    proxy_temp_path {{.Folder}}/proxy;
    fastcgi_temp_path {{.Folder}}/fastcgi;
    uwsgi_temp_path {{.Folder}}/uwsgi;
    scgi_temp_path {{.Folder}}/scgi;
    {{.HTTP}}
    server {
        listen {{.Address}} backlog=4096;
        location = /which-nginx { return 200 "{{.Folder}}"; }
        {{.Server}}
    }
}
`))

// An nginx is what a test adds to the configuration.
type nginx struct {
	HTTP, Server string
	Modules      []string

	Folder, Address, User string
}

// start runs nginx in the foreground and returns its URL. A free port can be
// taken by someone else before nginx has it, so other ports are tried too.
func (n nginx) start(t *testing.T) (url string) {
	t.Helper()
	url, _ = n.run(t)
	return url
}

// run is start for those who look at the process.
func (n nginx) run(t *testing.T) (url string, p *process) {
	t.Helper()
	program := need(t, "nginx", installNginx)
	if os.Getuid() == 0 {
		// Workers keep the user who may read the test's folders.
		me, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		n.User = me.Username
	}
	for range 5 {
		n.Folder, n.Address = t.TempDir(), freeAddress(t)
		file := filepath.Join(n.Folder, "nginx.conf")
		var config strings.Builder
		if err := nginxConfig.Execute(&config, n); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		p := start(t, nil, program, "-p", n.Folder+"/", "-e", "stderr", "-c", file)
		until(t, "nginx answers", func() bool { return p.ended() || get(t, "http://"+n.Address+"/which-nginx") == n.Folder })
		if !p.ended() {
			return "http://" + n.Address, p
		}
		if !strings.Contains(p.stderr(), "bind()") {
			t.Fatalf("nginx ended: %s", p.stderr())
		}
	}
	t.Fatal("nginx found no free port")
	return "", nil
}

// get returns the body of a good answer, and nothing otherwise.
func get(t *testing.T, url string) string {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

var modulesPath = regexp.MustCompile(`--modules-path=(\S+)`)

// nchanModule is the path of nchan's module for the installed nginx.
func nchanModule(t *testing.T) string {
	t.Helper()
	need(t, "nginx", installNginx)
	module := findNchan()
	if module == "" {
		missing(t, "the nginx module nchan", installNchan)
	}
	return module
}

// findNchan is the path of nchan's module, empty if it is not there.
func findNchan() string {
	built, err := exec.Command("nginx", "-V").CombinedOutput()
	if err != nil {
		return ""
	}
	found := modulesPath.FindSubmatch(built)
	if found == nil {
		return ""
	}
	module := filepath.Join(string(found[1]), "ngx_nchan_module.so")
	if _, err := os.Stat(module); err != nil {
		return ""
	}
	return module
}
