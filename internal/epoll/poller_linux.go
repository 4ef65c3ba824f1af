package epoll

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An Interest says which edges a descriptor is watched for. The peer's closing
// and errors are always watched.
type Interest uint32

// The interests, to be combined with |.
const (
	In  Interest = unix.EPOLLIN
	Out Interest = unix.EPOLLOUT
)

// wakeToken marks the poller's own eventfd.
const wakeToken = math.MaxUint64

// An Event is what Wait reports about one descriptor.
type Event struct {
	// Token is the value given to Add or Modify.
	Token uint64
	// Readable and Writable say that the descriptor has become so.
	Readable, Writable bool
	// HangUp says that the peer has closed its sending side or the
	// connection, or that the socket has an error. Bytes may still be
	// readable.
	HangUp bool
}

// A Poller watches descriptors, edge-triggered: a condition is reported when it
// arises, so the owner reads or writes until ErrAgain before waiting again.
type Poller struct {
	fd, wakeFD int
	woken      atomic.Bool
	raw        []unix.EpollEvent
}

// New returns a Poller that holds two descriptors until Close.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wakeFD, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &Poller{fd: fd, wakeFD: wakeFD}
	if err := p.Add(wakeFD, wakeToken, In); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Add starts watching fd. The token comes back in its events; the largest
// uint64 is reserved.
func (p *Poller) Add(fd int, token uint64, interest Interest) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, token, interest)
}

// Modify replaces token and interest of a watched fd. A condition that holds
// already is reported anew.
func (p *Poller) Modify(fd int, token uint64, interest Interest) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, token, interest)
}

// Delete stops watching fd. Closing the last descriptor of a socket does the
// same.
func (p *Poller) Delete(fd int) error {
	return p.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
}

func (p *Poller) control(op, fd int, token uint64, interest Interest) error {
	ev := unix.EpollEvent{
		Events: uint32(interest) | unix.EPOLLRDHUP | unix.EPOLLET&math.MaxUint32,
		Fd:     int32(uint32(token)),
		Pad:    int32(uint32(token >> 32)),
	}
	if err := unix.EpollCtl(p.fd, op, fd, &ev); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// Wait fills buf with events and returns how many. It blocks for up to
// timeout, forever if timeout is negative, and not at all if it is zero; a
// shorter timeout than a millisecond counts as one. Wake makes it return
// early, perhaps with no event.
func (p *Poller) Wait(buf []Event, timeout time.Duration) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	if len(p.raw) < len(buf) {
		p.raw = make([]unix.EpollEvent, len(buf))
	}
	raw := p.raw[:len(buf)]
	n, err := p.wait(raw, timeout)
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("epoll_wait: %w", err)
	}
	out := 0
	for _, ev := range raw[:n] {
		token := uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32
		if token == wakeToken {
			// The eventfd is edge-triggered: every write is a new edge, so
			// its counter need not be read.
			p.woken.Store(false)
			continue
		}
		buf[out] = Event{
			Token:    token,
			Readable: ev.Events&unix.EPOLLIN != 0,
			Writable: ev.Events&unix.EPOLLOUT != 0,
			HangUp:   ev.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0,
		}
		out++
	}
	return out, nil
}

func (p *Poller) wait(raw []unix.EpollEvent, timeout time.Duration) (int, error) {
	switch {
	case timeout == 0:
		// A look that cannot block need not tell the scheduler.
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd),
			uintptr(unsafe.Pointer(&raw[0])), uintptr(len(raw)), 0, 0, 0)
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	case timeout < 0:
		return unix.EpollWait(p.fd, raw, -1)
	default:
		ms := max(1, min(timeout.Milliseconds(), math.MaxInt32))
		return unix.EpollWait(p.fd, raw, int(ms))
	}
}

// Wake makes the current or next Wait return. Calls before that Wait has
// noticed the first cost nothing.
func (p *Poller) Wake() {
	if p.woken.Swap(true) {
		return
	}
	// An eventfd takes eight bytes until its counter is full, which it never
	// comes near to.
	_, _ = unix.Write(p.wakeFD, binary.NativeEndian.AppendUint64(nil, 1))
}

// Close releases the poller's own descriptors, not the watched ones. Neither
// Wait nor Wake may run any more.
func (p *Poller) Close() error {
	unix.Close(p.wakeFD)
	return unix.Close(p.fd)
}
