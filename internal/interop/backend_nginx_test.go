package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/token"
)

// checkFile reads a target file of scenarios/check with the variables given.
func checkFile(t *testing.T, name string, variables map[string]string) conformance.Target {
	t.Helper()
	file := filepath.Join(root, "scenarios", "check", name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	target, err := conformance.LoadTarget(file, text, func(name string) (string, bool) {
		value, given := variables[name]
		return value, given
	})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// nchanTarget is nchan as scenarios/check/nchan.yaml describes it.
func nchanTarget(t *testing.T) conformance.Target {
	bearer := token.NewSecret()
	url, process := nchan(t, bearer).run(t)
	target := checkFile(t, "nchan.yaml", map[string]string{"NCHAN_URL": url, "NCHAN_TOKEN": bearer.Reveal()})
	target.Memory = memoryOf(process)
	return target
}

// The reference server behind nginx is asked for streams through nginx, and
// published to directly.
const (
	referenceOrigin = "https://app.example"
	referenceLimit  = 60
)

func referenceBehind(t *testing.T, proxy func(origin string) nginx) conformance.Target {
	secret := token.NewSecret()
	origin := serve(t, secret, "--addr", "127.0.0.1:0", "--heartbeat", pace.Heartbeat.String(),
		"--origin", referenceOrigin, "--max-streams-per-subject", text(referenceLimit), "--window", text(1<<20))
	url, process := proxy(origin.url).run(t)
	return conformance.Target{
		URL:           url + "/events?topic={topic}",
		Memory:        memoryOf(process, origin.process),
		AllowedOrigin: referenceOrigin, StreamLimit: referenceLimit,
		Tokens: &conformance.Tokens{JWT: &conformance.JWT{Secret: conformance.Secret(secret.Reveal())}},
		Publish: &conformance.Publish{
			Request: conformance.Request{URL: origin.url + "/publish", Body: `{"topic":{topic_json}{optional}}`},
			Optional: map[string]string{
				"data": `,"data":{data_json}`, "event": `,"event":{event_json}`, "id": `,"id":{id_json}`,
				"retry": `,"retry":{retry}`, "comment": `,"comment":{comment_json}`,
			},
		},
		UserTopic: "user/{user}",
		Control: map[string]*conformance.Action{
			"finish": {Request: conformance.Request{URL: origin.url + "/publish", Body: `{"topic":{topic_json},"finish":true}`}},
		},
	}
}

// plainProxy is the one line with which nginx becomes a proxy, and else as
// Debian ships it: HTTP/1.0 to the origin, and buffers, which the origin's
// X-Accel-Buffering: no switches off.
func plainProxy(origin string) nginx {
	return nginx{Server: `
        location / {
            proxy_pass ` + origin + `;
        }`}
}

// nginxVersion is the version of the installed nginx.
func nginxVersion(t *testing.T) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), need(t, "nginx", installNginx), "-v").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(said)), "nginx/")
	return version
}
