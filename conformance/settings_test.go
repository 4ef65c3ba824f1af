package conformance

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/token"
)

var update = flag.Bool("update", false, "rewrite the current ruleset from the checks")

// The current ruleset has every check, in order. A released one never changes.
func TestRuleset(t *testing.T) {
	var ids []string
	for _, c := range Checks() {
		ids = append(ids, c.ID)
	}
	if *update {
		text := strings.Join(ids, "\n") + "\n"
		if err := os.WriteFile(filepath.Join("rulesets", CurrentRuleset+".txt"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	frozen, err := Ruleset(CurrentRuleset)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(frozen, ids); diff != "" {
		t.Errorf("the ruleset %s is not what the checks are; run this test with -update (-ruleset +checks):\n%s", CurrentRuleset, diff)
	}
	if _, err := Ruleset("2026.12"); err == nil || !strings.Contains(err.Error(), "did you mean 2026.11") {
		t.Errorf("an unknown version: %v", err)
	}
}

func TestChoose(t *testing.T) {
	all := []Check{{ID: "a.b.c", Level: Must}, {ID: "a.d", Level: Should}, {ID: "e.f", Level: Info}, {ID: "p.q", Level: Must, Profile: "mcp"}}
	for _, c := range []struct {
		name string
		s    selection
		want string
	}{
		{"all", selection{}, "a.b.c a.d e.f"},
		{"prefix", selection{run: []string{"a"}}, "a.b.c a.d"},
		{"glob", selection{run: []string{"*.d", "e.*"}}, "a.d e.f"},
		{"skip", selection{skip: []string{"a.b"}}, "a.d e.f"},
		{"level", selection{level: Should}, "a.b.c a.d"},
		{"profile", selection{profiles: []string{"mcp"}}, "a.b.c a.d e.f p.q"},
		{"nothing left", selection{run: []string{"a"}, skip: []string{"a.*"}}, "error: no check is left by the selection"},
		{"no match", selection{run: []string{"a.e"}}, `error: no check matches "a.e" (did you mean a.d?)`},
		{"bad glob", selection{run: []string{"["}}, `error: pattern "[": syntax error in pattern`},
		{"unknown profile", selection{profiles: []string{"mpc"}}, `error: unknown profile "mpc" (did you mean mcp?); known: openai, mcp, mercure, polyfill`},
		{"ruleset", selection{ruleset: "2026.11"}, "error: no check is left by the selection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			chosen, err := choose(all, c.s)
			var ids []string
			for _, c := range chosen {
				ids = append(ids, c.ID)
			}
			got := strings.Join(ids, " ")
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestReadBaseline(t *testing.T) {
	b, err := ReadBaseline(strings.NewReader("# accepted\nhttp.status.ok # known\n\n  data.order\n"))
	if diff := cmp.Diff(Baseline{"http.status.ok", "data.order"}, b); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for text, want := range map[string]string{
		"http.status.okay":                 `baseline, line 1: unknown check "http.status.okay" (did you mean http.status.ok?)`,
		"\ndata.order\ndata.order # again": "baseline, line 3: data.order is listed twice",
	} {
		if _, err := ReadBaseline(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestLoadTarget(t *testing.T) {
	text := `
url: ${BASE}/events?topic={topic}
http: "2"
tls: {ca: ca.pem}
tokens: {send: cookie session, good: "${TOKEN:-t}"}
publish:
  url: ${BASE}/publish
  body: '{"data":{data_json}}'
control:
  finish: {url: "${BASE}/finish?t={topic}"}
  restart: {command: [systemctl, restart, x]}
profiles: [mcp]
pace: {heartbeat: 5s}
`
	environment := func(name string) (string, bool) { return "http://a", name == "BASE" }
	got, err := LoadTarget("dir/x.yaml", []byte(text), environment)
	if err != nil {
		t.Fatal(err)
	}
	want := Target{
		URL: "http://a/events?topic={topic}", HTTP: "2", TLS: TLS{CA: filepath.Join("dir", "ca.pem")},
		Tokens:  &Tokens{Send: "cookie session", Good: "t"},
		Publish: &Publish{Request: Request{URL: "http://a/publish", Body: `{"data":{data_json}}`}},
		Control: map[string]*Action{
			"finish": {Request: Request{URL: "http://a/finish?t={topic}"}}, "restart": {Command: []string{"systemctl", "restart", "x"}},
		},
		Profiles: []string{"mcp"}, Pace: Pace{Heartbeat: 5 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"name: x":                                                "x.yaml:1:1: a target needs a url",
		"url: ftp://a":                                           "x.yaml:1:6: expected an http or https URL",
		"url: http://a\nhttp: 3":                                 `x.yaml:2:7: unknown HTTP version "3"; known: 1.1, 2`,
		"url: http://a\npublsh: {}":                              `x.yaml:2:1: unknown key "publsh" (did you mean publish?)`,
		"url: http://a\npublish: {url: http://b}":                "x.yaml:2:10: the template has no place for {data}",
		"url: http://a\npublish: {body: '{data}'}":               "x.yaml:2:10: give one of url and command",
		"url: http://a\ncontrol: {restrt: {}}":                   `x.yaml:2:10: unknown action "restrt" (did you mean restart?)`,
		"url: http://a\nstream_limit: 1001":                      "x.yaml:2:15: expected 0 to 1000",
		"url: http://a\ntopic: x":                                "x.yaml:2:8: a topic template needs {nonce}",
		"url: http://a\nprofiles: [mpc]":                         `x.yaml:2:11: unknown profile "mpc" (did you mean mcp?)`,
		"url: http://a\ntokens: {}":                              "x.yaml:2:9: give a good token",
		"url: http://a\ntokens: {good: x, send: y}":              `x.yaml:2:9: send: unknown way "y"`,
		"url: http://a\ntokens: {jwt: {}}":                       "x.yaml:2:9: jwt: give the secret",
		"url: http://a\ntokens: {jwt: {secret: s, claims: '{'}}": "x.yaml:2:9: jwt: the claims are not JSON",
	} {
		if _, err := LoadTarget("x.yaml", []byte(text), environment); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// The target files that come with the project are valid.
// A report calls a target without a name by its URL, which may hold a token.
func TestTargetName(t *testing.T) {
	target, err := Target{URL: "http://app.example/events?topic={topic}&access_token=hush"}.WithDefaults()
	if err != nil || target.Name != "http://app.example/events?topic={topic}&access_token=***" {
		t.Errorf("it is called %s, error %v", target.Name, err)
	}
}

func TestTargetFiles(t *testing.T) {
	files, err := filepath.Glob("../scenarios/check/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		target, err := LoadTarget(file, text, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Error(err)
		}
		if target.URL != EmbeddedURL && target.OpenAI == nil && target.MCP == nil && (target.Publish == nil || target.Tokens == nil || !target.ownTopics()) {
			t.Errorf("%s lacks a publish hook, tokens or {topic}", file)
		}
	}
}

func TestPublishTemplates(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body = make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		fmt.Fprint(w, `{"id":"e-7"}`)
	}))
	defer server.Close()
	p := Publish{
		Request: Request{
			URL: server.URL + "/p/{topic}?e={event}", Headers: map[string]string{"X-Event": "{event}", "X-ID": "{id}"},
			Body: "{data}|{data_json}|{data_form}{optional}|{block_json}",
		},
		Optional: map[string]string{"retry": "|r={retry}", "id": "|id={id}"},
	}
	a := p.send(t.Context(), server.Client(), "a b/c", Fields{"data": "x\ny&", "event": "e&f", "retry": "5"}, "", nil)
	if a.problem != "" || a.status != 200 || a.id != "e-7" {
		t.Fatalf("%+v", a)
	}
	if want := "/p/a%20b%2Fc?e=e%26f"; got.URL.String() != want || got.Method != "POST" {
		t.Errorf("%s %s, want POST %s", got.Method, got.URL, want)
	}
	want := "x\ny&|" + `"x\ny&"` + "|x%0Ay%26|r=5|" + `"event: e&f\nretry: 5\ndata: x\ndata: y&\n\n"`
	if string(body) != want {
		t.Errorf("body %q, want %q", body, want)
	}
	if _, there := got.Header["X-Id"]; got.Header.Get("X-Event") != "e&f" || there {
		t.Errorf("header %v: an empty one is not sent", got.Header)
	}
	a = p.send(t.Context(), server.Client(), "t", Fields{"data": "x", "event": "a\nb"}, "", nil)
	if !a.unsendable {
		t.Errorf("a line end in a header: %+v", a)
	}
	a = p.send(t.Context(), server.Client(), "t", Fields{"data": "x", "event": " a"}, "", nil)
	if !a.unsendable {
		t.Errorf("a blank at the end of a header: %+v", a)
	}
	a = p.send(t.Context(), server.Client(), "t", Fields{"data": "x", "id": "a\vb"}, "", nil)
	if !a.unsendable {
		t.Errorf("a control character in a header: %+v", a)
	}
	if !p.knows("user") || !p.writesJSON() || (&Publish{Request: Request{Body: "{data}"}}).knows("id") {
		t.Error("the fields that templates know")
	}
}

// What would break a template is not sent, so that its refusal is not taken for
// the target's.
func TestPublishOfTextInPlaceOfNumber(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body = string(text)
	}))
	defer server.Close()
	for _, row := range []struct {
		template, retry, want string
		unsendable            bool
	}{
		{`{"retry":{retry_json},"data":{data_json}}`, "5", `{"retry":5,"data":"x"}`, false},
		{`{"retry":{retry_json},"data":{data_json}}`, "5s", `{"retry":"5s","data":"x"}`, false},
		{`{"retry":{retry_json},"data":{data_json}}`, "05", `{"retry":"05","data":"x"}`, false},
		{`{"retry":{retry_json},"data":{data_json}}`, "", `{"retry":"","data":"x"}`, false},
		{`{"retry":{retry},"data":{data_json}}`, "5", `{"retry":5,"data":"x"}`, false},
		{`{"retry":{retry},"data":{data_json}}`, "5\ndata: y", "", true},
		{`{block}`, "5", "retry: 5\ndata: x\n\n", false},
		{`{block}`, "5s", "", true},
	} {
		body = ""
		p := Publish{Request: Request{URL: server.URL, Body: row.template}}
		a := p.send(t.Context(), server.Client(), "t", Fields{"data": "x", "retry": row.retry}, "", nil)
		if body != row.want || a.unsendable != row.unsendable {
			t.Errorf("%s with %q: %q, %+v; want %q", row.template, row.retry, body, a, row.want)
		}
	}
	p := Publish{Request: Request{URL: server.URL, Body: "{block}"}}
	for _, f := range []Fields{{"event": "a\nb"}, {"event": "a\x00"}, {"id": "7 "}, {"id": "a\tb"}, {"id": "a\rb"}} {
		f["data"] = "x"
		if a := p.send(t.Context(), server.Client(), "t", f, "", nil); !a.unsendable {
			t.Errorf("%v: %+v", f, a)
		}
	}
}

func TestPublishCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	p := Publish{Command: []string{"sh", "-c", `cat >"$0"; printf '|%s' "$1" >>"$0"`, file, "{event}"}}
	if a := p.send(t.Context(), nil, "t", Fields{"data": "a\nb", "event": "e f"}, "", nil); a.problem != "" {
		t.Fatal(a.problem)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "a\nb|e f" {
		t.Errorf("%q, %v", text, err)
	}
	p.Command = []string{"sh", "-c", "exit 3"}
	if a := p.send(t.Context(), nil, "t", Fields{"data": "x"}, "", nil); a.problem != "sh: exit status 3" {
		t.Errorf("%+v", a)
	}
}

// What is signed here is accepted where real tokens are verified.
func TestJWT(t *testing.T) {
	folder := t.TempDir()
	key := func(name string, private any) string {
		t.Helper()
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	public := func(p any) []byte {
		der, err := x509.MarshalPKIXPublicKey(p)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	edPublic, edKey, err3 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	secret := token.NewSecret()
	for _, c := range []struct {
		jwt    JWT
		verify token.VerifierConfig
	}{
		{JWT{Secret: Secret(secret.Reveal())}, token.VerifierConfig{Secret: secret}},
		{JWT{Method: "RS256", Key: key("rsa", rsaKey)}, token.VerifierConfig{PublicKey: public(&rsaKey.PublicKey)}},
		{JWT{Method: "ES256", Key: key("ec", ecKey)}, token.VerifierConfig{PublicKey: public(&ecKey.PublicKey)}},
		{JWT{Method: "EdDSA", Key: key("ed", edKey)}, token.VerifierConfig{PublicKey: public(edPublic)}},
	} {
		t.Run(c.jwt.method(), func(t *testing.T) {
			v, err := token.NewVerifier(c.verify)
			if err != nil {
				t.Fatal(err)
			}
			tokens := Tokens{JWT: &c.jwt}
			if problem := tokens.check(); problem != "" {
				t.Fatal(problem)
			}
			verify := func(role string) (token.Claims, error) {
				s, err := tokens.ofUser(role, "news", tokens.user(role))
				if err != nil {
					t.Fatal(err)
				}
				return v.Verify(s.Reveal())
			}
			if claims, err := verify(RoleGood); err != nil || claims.Subject != userA || !claims.MaySubscribe("x") {
				t.Errorf("good: %+v, %v", claims, err)
			}
			if claims, err := verify(RoleOther); err != nil || claims.Subject != userB {
				t.Errorf("other: %+v, %v", claims, err)
			}
			if claims, err := verify(RoleForbidden); err != nil || claims.MaySubscribe("x") {
				t.Errorf("forbidden: %+v, %v", claims, err)
			}
			if _, err := verify(RoleExpired); !errors.Is(err, token.ErrExpired) {
				t.Errorf("expired: %v", err)
			}
			eternal, err := tokens.mint(TokenRequest{User: "u", Claims: map[string]any{"sub": nil, "aud": "a"}, Header: map[string]any{"typ": nil, "crit": []string{"x"}}})
			if _, verr := v.Verify(eternal.Reveal()); err != nil || !errors.Is(verr, token.ErrCritical) {
				t.Errorf("crit: %v, %v", err, verr)
			}
		})
	}
	wrong := JWT{Method: "RS256", Key: key("ec2", ecKey)}
	if _, err := wrong.signer(); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("a key of another kind: %v", err)
	}
	if _, err := (&JWT{Method: "ES256", Key: filepath.Join(folder, "none")}).signer(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
}

func TestMintInATalk(t *testing.T) {
	calls := 0
	one := talkTo(t, Target{URL: "http://127.0.0.1:1", Tokens: &Tokens{Good: "the-good-one", Mint: func(r TokenRequest) (Secret, error) {
		calls++
		return Secret("minted-for-" + r.User), nil
	}}})
	if s := one.mint(TokenRequest{User: "me"}); s != "minted-for-me" || one.token(RoleGood) != "the-good-one" || one.token(RoleOther) != "minted-for-"+userB || calls != 2 {
		t.Errorf("minted %q in %d calls", s.Reveal(), calls)
	}
	if got := one.run.redactor.text("minted-for-me, the-good-one"); strings.ContainsAny(got, "gm") {
		t.Errorf("not known as secrets: %s", got)
	}
}

func TestTokensArePlaced(t *testing.T) {
	for send, want := range map[string]string{
		"": "Authorization: Bearer s3cr t", "bearer": "Authorization: Bearer s3cr t", "header X-Key": "X-Key: s3cr t",
		"cookie id": "Cookie: id=s3cr t", "query key": "GET /x?a=b&key=s3cr+t HTTP/1.1", "url": "GET /x?a=b HTTP/1.1",
	} {
		one := talkTo(t, Target{URL: "http://127.0.0.1:1/x?a=b", Tokens: &Tokens{Send: send, Good: "s3cr t"}})
		r, err := one.request(ask{})
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(string(r.encode()), "\r\n"); !slices.Contains(lines, want) {
			t.Errorf("send %q: %q, want a line %q", send, lines, want)
		}
	}
}

func TestSecret(t *testing.T) {
	s := struct{ S Secret }{"hush"}
	text, err := json.Marshal(s)
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%q %x %#v %d", s, s, s, s), string(text)} {
		if strings.Contains(got, "hush") || strings.Contains(got, fmt.Sprintf("%x", "hush")) || err != nil {
			t.Errorf("%s, %v", got, err)
		}
	}
}

func TestRedactor(t *testing.T) {
	var r redactor
	r.add("long/secret value", "short", "long/secret value and more")
	got := r.text("a long/secret value and more, long%2Fsecret+value, short")
	if want := "a " + strings.Repeat("*", 26) + ", " + strings.Repeat("*", 19) + ", short"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRedactorOfAURL(t *testing.T) {
	const signed = "aaaaaaaaaa.bbbbbbbbbb.cccccccccc"
	var r redactor
	r.addURL("http://user:pass-of-user@h/events?topic=longer-than-eight&Access_Token=a%2Ftoken%20value&x=" + signed + "&api-key=the-key-value&author=somebody-else")
	for text, want := range map[string]bool{
		"pass-of-user": true, "a/token value": true, "a%2Ftoken+value": true, "a%2Ftoken%20value": true, signed: true, "the-key-value": true,
		"longer-than-eight": false, "somebody-else": false,
	} {
		if got := r.text(text) != text; got != want {
			t.Errorf("%s: blanked %v, want %v", text, got, want)
		}
	}
}
