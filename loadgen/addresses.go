package loadgen

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// hostPort is the host of a URL with its port, which may be the scheme's.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// resolve finds all addresses of a host with a port.
func resolve(ctx context.Context, hostPort string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, &net.AddrError{Err: "invalid port", Addr: service}
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	addresses := make([]netip.AddrPort, len(found))
	for i, a := range found {
		addresses[i] = netip.AddrPortFrom(a.Unmap(), uint16(port))
	}
	return addresses, nil
}

// probeTimeout bounds the look for addresses that answer.
const probeTimeout = 2 * time.Second

// answering are those of the addresses that take a connection; all of them when
// none does. A name may have addresses of a family that the host does not serve
// or this machine has no route for.
func answering(ctx context.Context, addresses []netip.AddrPort) []netip.AddrPort {
	if len(addresses) == 1 {
		return addresses
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	answers := make([]bool, len(addresses))
	var probes sync.WaitGroup
	for i, a := range addresses {
		probes.Go(func() {
			var dialer net.Dialer
			if connection, err := dialer.DialContext(ctx, "tcp", a.String()); err == nil {
				answers[i] = true
				connection.Close()
			}
		})
	}
	probes.Wait()
	var good []netip.AddrPort
	for i, a := range addresses {
		if answers[i] {
			good = append(good, a)
		}
	}
	if good == nil {
		return addresses
	}
	return good
}

// portsUsed is the share of the system's local ports that streams from one
// source address may take. The rest is for others, and for connections that
// have ended but not been forgotten (TIME-WAIT).
const portsUsed = 0.7

// sourceAddresses are those from which count streams connect to a target, when
// one address has so many ports: enough of them that each has ports to spare.
// There are none when one address does, so that the system may choose it.
func sourceAddresses(target netip.Addr, count, ports int) []netip.Addr {
	perAddress := int(portsUsed * float64(ports))
	if perAddress == 0 || count <= perAddress || !target.IsValid() {
		return nil
	}
	needed := (count + perAddress - 1) / perAddress
	if target.IsLoopback() {
		return loopbackAddresses(target, needed)
	}
	own := addressesBeside(sourceTowards(target))
	return own[:min(needed, len(own))]
}

// loopbackAddresses are the first n of 127.0.0.0/8; IPv6 has a single one.
func loopbackAddresses(target netip.Addr, n int) []netip.Addr {
	if !target.Is4() {
		return nil
	}
	addresses := make([]netip.Addr, n)
	for i := range addresses {
		k := i + 1
		addresses[i] = netip.AddrFrom4([4]byte{127, byte(k >> 16), byte(k >> 8), byte(k)})
	}
	return addresses
}

// sourceTowards is the address that the system would choose towards a target.
func sourceTowards(target netip.Addr) netip.Addr {
	// A UDP socket is connected without a word on the network.
	connection, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(target, 9)))
	if err != nil {
		return netip.Addr{}
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// addressesBeside are the global addresses of own's interface that have its
// family, own among them.
func addressesBeside(own netip.Addr) []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		list, err := i.Addrs()
		if err != nil {
			continue
		}
		var beside []netip.Addr
		found := false
		for _, entry := range list {
			prefix, err := netip.ParsePrefix(entry.String())
			if err != nil || prefix.Addr().Is4() != own.Is4() || !prefix.Addr().IsGlobalUnicast() {
				continue
			}
			beside = append(beside, prefix.Addr())
			found = found || prefix.Addr() == own
		}
		if found {
			return beside
		}
	}
	return nil
}
