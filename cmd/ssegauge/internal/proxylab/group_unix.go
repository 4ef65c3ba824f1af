//go:build unix

package proxylab

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// ownGroup starts a process in a group of its own, which an interrupt from the
// terminal does not reach.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// unprivileged starts a process in a group of its own and, if this process is
// root's, as the user nobody, who then gets the folder.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
	attributes := ownGroup()
	if os.Getuid() != 0 {
		return attributes, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return attributes, nil
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if blocked := unreachable(folder); blocked != "" {
		return nil, fmt.Errorf("the proxy runs as nobody, who cannot enter %s; set TMPDIR to a folder that everybody may enter", blocked)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(gid))
	})
}

// unreachable is the folder above path that others than its owner cannot enter;
// empty if there is none.
func unreachable(path string) string {
	for above := filepath.Dir(path); ; above = filepath.Dir(above) {
		if info, err := os.Stat(above); err == nil && info.Mode().Perm()&0o001 == 0 {
			return above
		}
		if above == filepath.Dir(above) {
			return ""
		}
	}
}

// endGroup ends the process and all that it has started: first by asking, then
// by force. A master may be gone while its workers go on, so the group is
// always killed.
func endGroup(group int, ended <-chan struct{}) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(grace):
	}
	killGroup(group)
	<-ended
	// Orphans are gone once the system has collected them.
	for until := time.Now().Add(grace); groupRuns(group) && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
}

func killGroup(group int) { _ = syscall.Kill(-group, syscall.SIGKILL) }

// groupRuns reports whether any process of the group is left.
func groupRuns(group int) bool { return syscall.Kill(-group, 0) == nil }
