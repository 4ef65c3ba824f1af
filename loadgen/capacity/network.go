package capacity

import (
	"math"
	"net"
	"net/url"
)

// network says whether a target is on this machine, and else how many bits per
// second the interface to it can carry; 0 when the system does not say.
func network(target string) (local bool, bits float64) {
	u, err := url.Parse(target)
	if err != nil {
		return false, 0
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	// Connecting a datagram socket sends nothing; it chooses the way.
	connection, err := net.Dial("udp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return false, 0
	}
	defer connection.Close()
	here, _ := connection.LocalAddr().(*net.UDPAddr)
	there, _ := connection.RemoteAddr().(*net.UDPAddr)
	if here == nil || there == nil {
		return false, 0
	}
	if there.IP.IsLoopback() || here.IP.Equal(there.IP) {
		return true, 0
	}
	return false, linkSpeed(here.IP)
}

// linkSpeed is the speed of the interface that has an address.
func linkSpeed(address net.IP) float64 {
	interfaces, err := net.Interfaces()
	if err != nil {
		return 0
	}
	for _, one := range interfaces {
		addresses, _ := one.Addrs()
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(address) {
				// Virtual interfaces say -1, or nothing.
				return math.Max(0, float64(labelled("/sys/class/net/"+one.Name+"/speed", ""))) * 1e6
			}
		}
	}
	return 0
}
