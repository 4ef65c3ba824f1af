package proxylab

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
)

// builtin is Go's own reverse proxy, in this process. It is always there, so
// that there is a row to compare with where nothing is installed.
var builtin = kind{name: "go", box: "Go"}

// builtinVariant is its row.
func builtinVariant() *Variant {
	v := &Variant{Name: "go-reverseproxy", About: "httputil.ReverseProxy of Go, as it is", kind: &builtin}
	_ = v.Expect.UnmarshalText([]byte("streams"))
	return v
}

func builtinProgram() *program {
	return &program{kind: &builtin, version: strings.TrimPrefix(runtime.Version(), "go")}
}

// startBuiltin serves the variant until the proxy is stopped.
func startBuiltin(ctx context.Context, program *program, v *Variant, origin string) (*Proxy, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback+"0")
	if err != nil {
		return nil, err
	}
	silent := log.New(io.Discard, "", 0)
	transport := &http.Transport{DisableCompression: true}
	server := &http.Server{ErrorLog: silent, Handler: &httputil.ReverseProxy{
		Rewrite:   func(q *httputil.ProxyRequest) { q.SetURL(&url.URL{Scheme: "http", Host: origin}) },
		Transport: transport, ErrorLog: silent,
	}}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends with stop
	return &Proxy{
		kind: program.kind, Version: program.version, urls: map[string]string{v.Name: "http://" + listener.Addr().String() + "/"},
		stop: func() {
			_ = server.Close()
			serving.Wait()
			transport.CloseIdleConnections()
		},
	}, nil
}
