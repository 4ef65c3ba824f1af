package epoll

import (
	"fmt"
	"io"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrAgain says that a non-blocking call would have had to wait.
var ErrAgain error = unix.EAGAIN

// Send sends p on the socket fd once and returns how much the kernel took. It
// returns ErrAgain, without allocating, if that is nothing.
//
// Send and Read use a raw system call. An ordinary one tells the Go scheduler
// on entry and exit that the thread may block (entersyscall, exitsyscall), so
// that it can hand the processor to another thread. A send on a non-blocking
// socket never waits and takes a few microseconds or less, of which that
// bookkeeping, with the stolen processor that often follows, would be a large
// part.
//
// Send asks for sendto, not write: on a socket that is a shorter way through the
// kernel, and it raises no SIGPIPE.
func Send(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EAGAIN:
			return 0, ErrAgain
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// Read reads once from the non-blocking descriptor fd. It returns ErrAgain,
// without allocating, if nothing is there yet, and io.EOF at the end.
func Read(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		switch {
		case errno == 0 && n == 0:
			return 0, io.EOF
		case errno == 0:
			return int(n), nil
		case errno == unix.EAGAIN:
			return 0, ErrAgain
		case errno == unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// Detach returns a descriptor of conn's socket that the Go runtime does not
// know. The caller then closes conn, upon which the runtime's own poller lets
// the socket go, and owns the descriptor.
func Detach(conn syscall.Conn) (int, error) {
	rc, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	dup := -1
	var dupErr error
	if err := rc.Control(func(fd uintptr) {
		dup, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return -1, err
	}
	if dupErr != nil {
		return -1, fmt.Errorf("dup: %w", dupErr)
	}
	// The file status flags belong to the socket, so this holds for both
	// descriptors; the runtime has normally set it already.
	if err := unix.SetNonblock(dup, true); err != nil {
		unix.Close(dup)
		return -1, fmt.Errorf("set non-blocking: %w", err)
	}
	return dup, nil
}

// CloseFD closes a descriptor that the caller owns.
func CloseFD(fd int) error { return unix.Close(fd) }

// SetUserTimeout makes the kernel give a TCP connection up when the peer has
// not acknowledged bytes, or kept its window closed, for d (TCP_USER_TIMEOUT,
// RFC 5482).
func SetUserTimeout(fd int, d time.Duration) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
}

// SetReceiveBuffer fixes the socket's receive buffer at about n bytes
// (SO_RCVBUF).
func SetReceiveBuffer(fd, n int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n)
}
