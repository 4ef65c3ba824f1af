package interop

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/internal/token"
)

// canary is the secret that no run may show.
const canary = "canary-Jb7mQ2xT9vLp4RzK8wNc-canary"

// jwtShape is how every minted token begins: the JSON object of its head, in
// base64url.
var jwtShape = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.`)

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	origin := serve(t, token.Secret(canary), "--addr", "127.0.0.1:0", "--cookie", "session", "--query-token", "access_token")
	nowhere := "http://" + freeAddress(t)
	repeating := repeater(t)
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(canary+"\n"+canary+"-2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := "target.auth.token=" + mint(t, origin.secret)
	const plain, wrong = "testdata/plain.yaml", "target.auth.token=" + canary

	for _, c := range []struct {
		name     string
		scenario string
		target   string
		set      []string
		code     int
	}{
		{"minted with the secret", generic, origin.url, nil, 0},
		{"minted for an embedded server", generic, "", []string{"target.url=embedded", "publish.url="}, 0},
		{"good bearer", plain, origin.url, []string{good}, 0},
		{"good cookie", plain, origin.url, []string{good, "target.auth.send=cookie session"}, 0},
		{"good query", plain, origin.url, []string{good, "target.auth.send=query access_token", "publish.auth." + good[len("target.auth."):]}, 0},
		{"wrong bearer", plain, origin.url, []string{wrong}, 1},
		{"wrong cookie", plain, origin.url, []string{wrong, "target.auth.send=cookie session"}, 1},
		{"wrong query", plain, origin.url, []string{wrong, "target.auth.send=query access_token"}, 1},
		{"wrong header", plain, origin.url, []string{wrong, "target.auth.send=header X-Api-Key"}, 1},
		{"wrong tokens in a file", plain, origin.url, []string{"target.auth.file=" + file}, 1},
		{"another secret", generic, origin.url, []string{"target.auth.jwt.secret=" + canary + "-of-someone-else"}, 1},
		{"a secret that does not fit", generic, origin.url, []string{"target.auth.jwt.method=RS256"}, 2},
		{"a server that repeats what it gets", plain, repeating, []string{wrong}, 1},
		{"a token endpoint that repeats what it gets", plain, origin.url, []string{"target.auth.oauth2.client_id=someone",
			"target.auth.oauth2.client_secret=" + canary, "target.auth.oauth2.token_url=" + repeating + "/token"}, 2},
		{"unreachable, bearer", plain, nowhere, []string{wrong}, 2},
		{"unreachable, secret", generic, nowhere, nil, 2},
		{"unreachable, in the URL", plain, nowhere, []string{"target.url=" + nowhere + "/events?topic={topic}&access_token=" + canary}, 2},
		{"unreachable, in the URL's userinfo", plain, nowhere, []string{"target.url=" + strings.Replace(nowhere, "//", "//someone:"+canary+"@", 1)}, 2},
		{"unreachable, to publish", plain, origin.url, []string{good, "publish.url=" + nowhere + "/publish?access_token=" + canary}, 1},
		{"a wrong key beside a token", plain, origin.url, []string{wrong, "target.auth.tokens=" + canary}, 2},
		{"a wrong value beside a token", plain, origin.url, []string{wrong, "target.auth.send=nowhere"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set := append([]string{"streams.count=3", "streams.ramp=10ms", "duration=300ms", "drain=2s"}, c.set...)
			if c.code == 1 {
				set = append(set, "streams.open_timeout=300ms", "thresholds=streams.opened == 1000")
			}
			run := startLoad(t, origin.environment(c.target), c.scenario, set...)
			// A machine that was too slow makes a good run invalid.
			if code := run.wait(t, longestRun); code != c.code && code != 3 {
				t.Errorf("exit code %d, want %d: %s%s", code, c.code, run.stdout(), run.stderr())
			}
			hides(t, run.process)
			hidesIn(t, run.out)
		})
	}
	t.Run("the server itself", func(t *testing.T) {
		t.Cleanup(func() { hides(t, origin.process) })
		for _, query := range []string{"access_token=" + canary, "topic=t&access_token=" + canary} {
			get(t, origin.url+"/events?"+query)
		}
	})
}

// repeater starts a server that refuses every request, and writes all that was
// in it into its answer.
func repeater(t *testing.T) (url string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var request bytes.Buffer
		_ = r.Write(&request)
		w.Header().Set("X-Request", request.String())
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = request.WriteTo(w)
	})
	return listen(t, mux)
}

func hides(t *testing.T, p *process) {
	t.Helper()
	mustHide(t, "standard output", p.stdout())
	mustHide(t, "standard error", p.stderr())
}

// hidesIn looks into every file below a folder, if there is one.
func hidesIn(t *testing.T, folder string) {
	t.Helper()
	if _, err := os.Stat(folder); os.IsNotExist(err) {
		return
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		mustHide(t, "name of a file", path)
		text, err := os.ReadFile(path)
		mustHide(t, entry.Name(), string(text))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func mustHide(t *testing.T, where, text string) {
	t.Helper()
	for _, form := range []string{canary, url.QueryEscape(canary)} {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("the %s shows the secret: …%s", where, text[max(0, i-80):i+len(form)])
		}
	}
	if found := jwtShape.FindString(text); found != "" {
		t.Errorf("the %s shows a minted token: %s…", where, found)
	}
}
