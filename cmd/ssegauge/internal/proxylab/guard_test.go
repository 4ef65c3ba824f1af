//go:build unix

package proxylab

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// beRole makes the test binary be the guard of a process, or a whole lab.
const beRole = "SSEGAUGE_TEST_BE"

func TestMain(m *testing.M) {
	role := os.Getenv(beRole)
	if role == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if role == "guard" {
		if err := Guard(ctx, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	beLab(ctx, role)
}

// guardCommand is the test binary as a guard.
var guardCommand = []string{"env", beRole + "=guard", os.Args[0]}

// beLab starts a process that stands for a proxy: it has a child, and neither
// ends by being asked. It says their group and folder, and ends in its role's
// way.
func beLab(ctx context.Context, role string) {
	folder := filepath.Join(os.TempDir(), "ssegauge-test-"+rand.Text())
	p, err := startProcess(guardCommand, job{
		Folder: folder, Files: map[string][]byte{"config": []byte("x")},
		Command: []string{"sh", "-c", `trap "" TERM; sleep 600 & echo up; wait; sleep 600`},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for p.log() == "" {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(p.group, folder)
	switch role {
	case "stopped":
		<-ctx.Done()
		p.stop()
	case "panicking":
		go func() { panic("on purpose") }()
	}
	<-make(chan struct{})
}

// However a lab ends, neither process nor folder is left.
func TestNothingIsLeft(t *testing.T) {
	for _, c := range []struct {
		name, role string
		signal     os.Signal
	}{
		{"interrupted", "stopped", os.Interrupt},
		{"terminated", "stopped", syscall.SIGTERM},
		{"killed", "waiting", os.Kill},
		{"panic", "panicking", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			group, folder, lab := startLab(t, c.role)
			if !groupRuns(group) {
				t.Fatal("the process group does not run")
			}
			if c.signal != nil {
				if err := lab.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
			}
			gone(t, group, folder)
		})
	}
}

// A lab whose guard is killed cleans up by itself.
func TestGuardKilled(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(os.TempDir(), "ssegauge-test-"+rand.Text())
	p, err := startProcess(guardCommand, job{Folder: folder, Command: []string{"sleep", "600"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	if err := p.guard.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.done
	gone(t, p.group, folder)
}

func startLab(t *testing.T, role string) (group int, folder string, lab *exec.Cmd) {
	t.Helper()
	lab = exec.Command(os.Args[0])
	lab.Env = append(os.Environ(), beRole+"="+role)
	stdout, err := lab.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = lab.Process.Kill()
		_ = lab.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	first, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
	if group, err = strconv.Atoi(first); err != nil {
		t.Fatal(err)
	}
	return group, folder, lab
}

// gone waits until neither the group nor the folder is there.
func gone(t *testing.T, group int, folder string) {
	t.Helper()
	patience := time.After(time.Minute)
	for {
		_, err := os.Stat(folder)
		if errors.Is(err, os.ErrNotExist) && !groupRuns(group) {
			return
		}
		select {
		case <-patience:
			t.Fatalf("process group %d runs: %v; folder %s: %v; want both gone", group, groupRuns(group), folder, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
