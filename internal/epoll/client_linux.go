package epoll

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrInProgress says that Connect has only begun: the socket becomes writable,
// or hangs up, when it is decided, and ConnectError then says how.
var ErrInProgress error = unix.EINPROGRESS

// Socket makes a non-blocking TCP socket for connections to address.
func Socket(address netip.Addr) (int, error) {
	family := unix.AF_INET6
	if address.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	return fd, nil
}

// Bind gives a socket its source address. The port is chosen by Connect
// (IP_BIND_ADDRESS_NO_PORT), so that it need only be free towards one
// destination.
func Bind(fd int, source netip.Addr) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("set IP_BIND_ADDRESS_NO_PORT: %w", err)
	}
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(source, 0))); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// Connect begins to connect a non-blocking socket.
func Connect(fd int, to netip.AddrPort) error {
	for {
		switch err := unix.Connect(fd, sockaddr(to)); err {
		case nil:
			return nil
		case unix.EINPROGRESS:
			return ErrInProgress
		case unix.EINTR:
		default:
			return fmt.Errorf("connect: %w", err)
		}
	}
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	to := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			to.ZoneId = uint32(i.Index)
		}
	}
	return to
}

// ConnectError says how a connection attempt ended: nil when it succeeded.
func ConnectError(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return fmt.Errorf("get SO_ERROR: %w", err)
	}
	if code != 0 {
		return fmt.Errorf("connect: %w", unix.Errno(code))
	}
	return nil
}

// SetKeepAlive has the kernel ask a silent peer for a sign of life every d.
func SetKeepAlive(fd int, d time.Duration) error {
	seconds := max(1, int(d/time.Second))
	for _, option := range []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds},
	} {
		if err := unix.SetsockoptInt(fd, option.level, option.name, option.value); err != nil {
			return fmt.Errorf("keep-alive: %w", err)
		}
	}
	return nil
}

// SetAbort makes closing the socket reset the connection and forget it at once
// (SO_LINGER with no time).
func SetAbort(fd int) error {
	return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

// SetReceiveTimestamps asks the kernel to note when bytes arrive
// (SO_TIMESTAMPING, software, on receipt), for a Receiver to return.
func SetReceiveTimestamps(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING_NEW,
		unix.SOF_TIMESTAMPING_RX_SOFTWARE|unix.SOF_TIMESTAMPING_SOFTWARE)
}

// A Receiver reads sockets together with the kernel's receive timestamps. It
// has one user at a time, and must not be copied.
type Receiver struct {
	header  unix.Msghdr
	vector  unix.Iovec
	control [128]byte
}

// Receive is Read with a timestamp: when the last of the bytes reached the
// kernel, in nanoseconds of its real-time clock; 0 when it did not say.
func (r *Receiver) Receive(fd int, p []byte) (n int, stamp int64, err error) {
	if len(p) == 0 {
		return 0, 0, nil
	}
	r.vector.Base = &p[0]
	r.vector.SetLen(len(p))
	r.header = unix.Msghdr{Iov: &r.vector, Control: &r.control[0]}
	r.header.SetIovlen(1)
	for {
		r.header.SetControllen(len(r.control))
		// Raw for the reason given at Write.
		got, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.header)), 0)
		switch {
		case errno == 0 && got == 0:
			return 0, 0, io.EOF
		case errno == 0:
			return int(got), r.stamp(), nil
		case errno == unix.EAGAIN:
			return 0, 0, ErrAgain
		case errno == unix.EINTR:
		default:
			return 0, 0, errno
		}
	}
}

// A timestamp is the first of the three that SCM_TIMESTAMPING_NEW holds: that
// of the software. It has 64 bits on every architecture.
type timestamp struct{ seconds, nanoseconds int64 }

// stamp finds the timestamp among the control data, which has nothing else in
// front of it on a TCP socket without other options.
func (r *Receiver) stamp() int64 {
	size := unix.CmsgLen(int(unsafe.Sizeof(timestamp{})))
	if int(r.header.Controllen) < size {
		return 0
	}
	header := (*unix.Cmsghdr)(unsafe.Pointer(&r.control[0]))
	if header.Level != unix.SOL_SOCKET || header.Type != unix.SO_TIMESTAMPING_NEW {
		return 0
	}
	var t timestamp
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&t)), unsafe.Sizeof(t)), r.control[unix.CmsgLen(0):])
	return t.seconds*int64(time.Second) + t.nanoseconds
}

// A Parker waits for the events of a Poller as a goroutine waits for a socket:
// parked, with the Go runtime's own poller watching this one. A goroutine in
// Wait of the Poller itself keeps its processor, and the timers and goroutines
// that belong to it, until the runtime's monitor takes it away some 20 µs to
// 10 ms later; a parked one keeps nothing.
type Parker struct {
	poller *Poller
	file   *os.File
	raw    syscall.RawConn

	look    func(fd uintptr) bool
	events  []Event
	pending func() bool
	n       int
	err     error
}

// NewParker returns a Parker for the goroutine that owns p. It holds one
// descriptor until Close. pending says whether there is something else to do
// than events: whoever makes it true then calls p.Wake.
func NewParker(p *Poller, pending func() bool) (*Parker, error) {
	fd, err := unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("dup: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set non-blocking: %w", err)
	}
	k := &Parker{poller: p, file: os.NewFile(uintptr(fd), "epoll"), pending: pending}
	if k.raw, err = k.file.SyscallConn(); err != nil {
		k.file.Close()
		return nil, err
	}
	k.look = func(uintptr) bool {
		k.n, k.err = k.poller.Wait(k.events, 0)
		return k.n > 0 || k.err != nil || k.pending()
	}
	return k, nil
}

// Wait fills buf with events and returns how many. It parks until there are
// some, or until pending.
func (k *Parker) Wait(buf []Event) (int, error) {
	k.events = buf
	if err := k.raw.Read(k.look); err != nil {
		return 0, err
	}
	return k.n, k.err
}

// Close ends the Parker. Wait may not run any more.
func (k *Parker) Close() error { return k.file.Close() }
