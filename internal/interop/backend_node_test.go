package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
)

// installBackends installs the npm packages of testdata/backends beside the
// programs there, once, into the folder that the tests have in common.
var installBackends = sync.OnceValues(func() (folder string, err error) {
	folder = filepath.Join(filepath.Dir(ssegauge), "backends")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "backends"))); err != nil {
		return "", err
	}
	return folder, npmInstall(folder)
})

// startNode starts a program of testdata/backends.
func startNode(t *testing.T, program string, environment ...string) *program {
	t.Helper()
	folder, err := installBackends()
	if err != nil {
		t.Fatal(err)
	}
	node := need(t, "node", installNode)
	return startProgram(t, environment, node, filepath.Join(folder, program))
}

// expressTarget is the hand-written handler, which knows data, event and id.
func expressTarget(t *testing.T) conformance.Target {
	return finishing(startNode(t, "express.mjs").target("data", "event", "id"))
}

// expressJSONTarget is the same with data as JSON.
func expressJSONTarget(t *testing.T) conformance.Target {
	target := finishing(startNode(t, "express.mjs", "ENCODING=json").target("data", "event", "id"))
	target.Envelope = "data"
	return target
}

// keepAlive is better-sse's own 10 s in the tests' seconds.
var keepAlive = fmt.Sprintf("KEEP_ALIVE=%d", (10 * second).Milliseconds())

// betterSSETarget is better-sse as it comes: data is written as JSON.
func betterSSETarget(t *testing.T) conformance.Target {
	target := startNode(t, "better-sse.mjs", keepAlive).target("data", "event", "id")
	target.Envelope = "data"
	return target
}

// betterSSETextTarget is better-sse with a serializer that leaves text alone.
func betterSSETextTarget(t *testing.T) conformance.Target {
	return startNode(t, "better-sse.mjs", keepAlive, "ENCODING=text").target("data", "event", "id")
}
