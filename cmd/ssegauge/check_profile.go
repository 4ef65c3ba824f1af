package main

import (
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/refprofile"
	"github.com/ssegauge/ssegauge/internal/refserver"
)

// protocols are the profiles whose reference server is not the ordinary one.
var protocols = []string{refprofile.OpenAI, refprofile.MCP, refprofile.Mercure}

// protocolOf returns the one of the profiles whose server is to be checked,
// empty for the ordinary one.
func protocolOf(profiles []string) (string, error) {
	protocol := ""
	for _, p := range profiles {
		switch {
		case !slices.Contains(protocols, p):
		case protocol != "" && protocol != p:
			return "", fmt.Errorf("the embedded server speaks %s or %s, not both", protocol, p)
		default:
			protocol = p
		}
	}
	return protocol, nil
}

// protocolServer returns what makes the reference server of a protocol.
func (s *referenceServer) protocolServer(r reference, certificate *refserver.Certificate) func() (backend, error) {
	config := refprofile.Config{
		Protocol: r.protocol, Fault: r.fault, Heartbeat: referenceHeartbeat, Secret: s.secret, H2C: r.http == "2" && !r.tls,
	}
	if certificate != nil {
		config.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS}}
	}
	return func() (backend, error) { return refprofile.New(config) }
}

// mercureTopic is the template of the hub's topics.
const mercureTopic = "https://ssegauge.example/{nonce}"

// completeProtocol fills in how the server of a protocol is spoken to.
func (s *referenceServer) completeProtocol(t *conformance.Target, base string) {
	switch s.protocol {
	case refprofile.OpenAI:
		t.URL = base + refprofile.OpenAIPath
		t.OpenAI = &conformance.OpenAI{
			Failing: fmt.Sprintf(`{"model":%q,"stream":true,"messages":[{"role":"user","content":"Fail."}]}`, refprofile.FailingModel),
		}
	case refprofile.MCP:
		t.URL = base + refprofile.MCPPath
		t.MCP = &conformance.MCP{
			Slow: fmt.Sprintf(`{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{"name":%q,"_meta":{"progressToken":{id}}}}`, refprofile.SlowTool),
		}
	case refprofile.Mercure:
		hub := base + refprofile.MercurePath
		t.URL, t.Topic = hub+"?topic={topic}", mercureTopic
		t.Tokens = &conformance.Tokens{JWT: &conformance.JWT{
			Secret:          conformance.Secret(s.secret.Reveal()),
			Claims:          `{"sub":{user_json},"mercure":{"publish":["*"],"subscribe":["*"]}}`,
			ForbiddenClaims: `{"sub":{user_json},"mercure":{}}`,
		}}
		t.Publish = &conformance.Publish{
			Request: conformance.Request{
				URL: hub, Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
				Body: "topic={topic_form}{optional}",
			},
			Optional: map[string]string{
				"data": "&data={data_form}", "event": "&type={event_form}", "id": "&id={id_form}", "retry": "&retry={retry_form}",
			},
		}
	}
}

// plainServer is what the kill table calls a server without a fault.
const plainServer = "(plain server)"

// A trial is a server under the checks: that of a profile, the ordinary one for
// none, right or with a fault.
type trial struct {
	profile string
	fault   refserver.Fault
}

// trials are every server that does nothing wrong, and every fault that breaks
// something.
func trials() []trial {
	list := []trial{{}}
	for _, p := range conformance.Profiles() {
		list = append(list, trial{profile: p})
	}
	for _, f := range refserver.Faults() {
		if len(f.Breaks) > 0 {
			list = append(list, trial{fault: f})
		}
	}
	for _, p := range protocols {
		for _, f := range refprofile.Faults(p) {
			list = append(list, trial{p, f})
		}
	}
	return list
}

// name is how the kill table calls the server.
func (t trial) name() string {
	name := t.fault.ID
	if name == "" {
		name = plainServer
	}
	if t.profile != "" {
		name = t.profile + " " + name
	}
	return name
}

// profiles are those whose checks are to be run.
func (t trial) profiles() ([]string, error) {
	var list []string
	if t.profile != "" {
		list = append(list, t.profile)
	}
	for _, id := range t.fault.Breaks {
		c, err := conformance.Find(id)
		if err != nil {
			return nil, fmt.Errorf("the fault %s names an %w", t.fault.ID, err)
		}
		if c.Profile != "" && !slices.Contains(list, c.Profile) {
			list = append(list, c.Profile)
		}
	}
	return list, nil
}

// protocol is the protocol of the trial's server.
func (t trial) protocol() string {
	if slices.Contains(protocols, t.profile) {
		return t.profile
	}
	return ""
}
