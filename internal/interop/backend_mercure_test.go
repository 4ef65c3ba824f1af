package interop

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/dunglas/mercure"
	"go.uber.org/zap"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/token"
)

// What the hub takes from its environment: the key of its tokens, and the file
// of its history.
const (
	mercureKey     = "MERCURE_KEY"
	mercureHistory = "MERCURE_HISTORY"
)

// mercureApplication is the hub of the Mercure project with its history in a
// file, as its distribution has it. Heartbeats come after its own 40 s, in the
// tests' seconds.
func mercureApplication() (http.Handler, func()) {
	transport, err := mercure.NewBoltTransport(zap.NewNop(), os.Getenv(mercureHistory), "", 10_000, mercure.BoltDefaultCleanupFrequency)
	if err != nil {
		panic(err)
	}
	key := []byte(os.Getenv(mercureKey))
	hub, err := mercure.NewHub(
		mercure.WithTransport(transport), mercure.WithLogger(zap.NewNop()),
		mercure.WithPublisherJWT(key, "HS256"), mercure.WithSubscriberJWT(key, "HS256"),
		mercure.WithHeartbeat(40*second), mercure.WithCORSOrigins([]string{referenceOrigin}),
	)
	if err != nil {
		panic(err)
	}
	return hub, func() { _ = hub.Stop() }
}

// mercureTarget is the hub as scenarios/check/mercure.yaml describes it.
func mercureTarget(t *testing.T) conformance.Target {
	secret := token.NewSecret()
	p := startApplication(t, "mercure", mercureKey+"="+secret.Reveal(), mercureHistory+"="+filepath.Join(t.TempDir(), "history.db"))
	target := checkFile(t, "mercure.yaml", map[string]string{"MERCURE_URL": p.url(), "MERCURE_KEY": secret.Reveal()})
	target.AllowedOrigin = referenceOrigin
	target.Control, target.Memory = p.control(), p.memory()
	return target
}
