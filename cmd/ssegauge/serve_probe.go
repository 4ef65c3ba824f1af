package main

import (
	"crypto/tls"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/internal/probeorigin"
	"github.com/ssegauge/ssegauge/internal/refserver"
)

// serveProbe serves the probe origin.
func serveProbe(c *cobra.Command, f *serveFlags) error {
	config, err := f.probeTLS()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return err
	}
	scheme := "http"
	if config != nil {
		scheme = "https"
	}
	fmt.Fprintf(c.OutOrStdout(), "%s%s://%s\n", listeningPrefix, scheme, listener.Addr())
	ctx, cancel := f.until(c)
	defer cancel()
	return probeorigin.New().Serve(ctx, listener, config)
}

func (f *serveFlags) probeTLS() (*tls.Config, error) {
	switch {
	case f.tlsSelfSigned:
		certificate, err := refserver.SelfSigned()
		if err != nil {
			return nil, err
		}
		return &tls.Config{Certificates: []tls.Certificate{certificate.TLS}}, nil
	case f.tlsCert != "" || f.tlsKey != "":
		certificate, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey)
		if err != nil {
			return nil, err
		}
		return &tls.Config{Certificates: []tls.Certificate{certificate}}, nil
	}
	return nil, nil
}
