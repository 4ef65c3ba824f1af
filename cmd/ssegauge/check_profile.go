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
