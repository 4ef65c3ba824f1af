//go:build unix

package loadgen

import "syscall"

// descriptorLimit is how many descriptors the process may have. The Go runtime
// has raised the soft limit to the hard one.
func descriptorLimit() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<31-1))
}
