package house

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// An image is what the Dockerfile says of the one that it makes.
type image struct {
	build      string // the command that builds the program
	workdir    string
	copies     [][2]string // from the repository, and from what is built, to the image
	uid, gid   uint32
	entrypoint []string
}

func readDockerfile(t *testing.T) image {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var i image
	for line := range strings.Lines(string(text)) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "FROM":
			i.copies = nil // those of an earlier stage stay there
		case "RUN":
			i.build = rest
		case "WORKDIR":
			i.workdir = rest
		case "COPY":
			fields := strings.Fields(strings.TrimPrefix(rest, "--from=build "))
			i.copies = append(i.copies, [2]string{fields[0], fields[1]})
		case "USER":
			if _, err := fmt.Sscanf(rest, "%d:%d", &i.uid, &i.gid); err != nil {
				t.Fatalf("USER %s: %v", rest, err)
			}
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(rest), &i.entrypoint); err != nil {
				t.Fatalf("ENTRYPOINT %s: %v", rest, err)
			}
		}
	}
	if i.uid == 0 || i.gid == 0 || len(i.entrypoint) != 1 || len(i.copies) != 4 {
		t.Fatalf("the Dockerfile makes %+v, want a user without rights, a program, and four things copied", i)
	}
	return i
}

// make lays the files of the image out in a folder that every user may read.
func (i *image) make(t *testing.T) (root string) {
	t.Helper()
	root, err := os.MkdirTemp("", "image")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	for _, c := range i.copies {
		from, to := c[0], filepath.Join(root, c[1])
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(from, "/etc/"): // of the image that builds
			continue
		case strings.HasPrefix(from, "/"):
			command := strings.Replace(i.build, from, to, 1)
			if command == i.build {
				t.Fatalf("%s does not write %s", i.build, from)
			}
			build := exec.Command("sh", "-c", command)
			build.Dir = "../.."
			// The command is to say by itself that it is static.
			build.Env = append(os.Environ(), "VERSION=v9.8.7", "CGO_ENABLED=")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
		default:
			if err := os.CopyFS(to, os.DirFS(filepath.Join("../..", from))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// command runs the image's program as the image does: as its user, in its
// folder, and, if confined, with no file but the image's. Where the tests have no
// right to that, it runs as their own user, who has few rights too.
func (i *image) command(root string, confined bool, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(root, i.entrypoint[0]), args...)
	c.Dir = filepath.Join(root, i.workdir)
	c.Env = []string{"SSEGAUGE_SECRET=for-this-test-only-0123456789abcdef"}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return c
	}
	c.SysProcAttr.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid}
	if confined {
		c.SysProcAttr.Chroot = root
		c.Path, c.Dir = i.entrypoint[0], i.workdir
	}
	return c
}

// The image is what the Dockerfile promises: its very command builds a static
// program, which serves, measures and starts itself as a user without rights.
func TestImage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("images are built for Linux")
	}
	if testing.Short() {
		t.Skip("builds the program of the image; left out by -short")
	}
	t.Parallel()
	i := readDockerfile(t)
	root := i.make(t)
	mustBeStatic(t, filepath.Join(root, i.entrypoint[0]))

	if out, err := i.command(root, true, "version").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "ssegauge v9.8.7 ") {
		t.Errorf("version: %v: %s", err, out)
	}
	server := i.command(root, true, "serve", "--addr", "127.0.0.1:0", "--auth", "jwt", "--exit-with-stdin")
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		if err := server.Wait(); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	for scenario, confined := range map[string]bool{
		"scenarios/targets/generic.yaml": true,
		// The embedded server is the program again, which it finds by /proc.
		"scenarios/quickstart.yaml": false,
	} {
		load := i.command(root, confined, "load", scenario, "--set", "streams.count=20", "--set", "warmup=0s", "--set", "duration=1s", "--set", "publish.rate=10/s", "--set", "thresholds=events.lost == 0")
		load.Env = append(load.Env, "SSEGAUGE_TARGET="+address, "SSEGAUGE_PUBLISH="+address)
		watchdog := time.AfterFunc(2*time.Minute, func() { _ = load.Process.Kill() })
		out, _ := load.CombinedOutput()
		watchdog.Stop()
		// The run may say that this machine is too busy; its books balance all the same.
		if code := load.ProcessState.ExitCode(); code != 0 && code != 3 || !strings.Contains(string(out), "200 expected = 200 received + 0 lost") {
			t.Errorf("%s: exit code %d\n%s", scenario, code, out)
		}
	}
}

// mustBeStatic demands a program that needs no other file to start.
func mustBeStatic(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %v", p.Type)
		}
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("the program needs %v", libraries)
	}
}

// The keys that .goreleaser.yaml uses, of those that GoReleaser 2 documents.
type release struct {
	Version     int
	ProjectName string `yaml:"project_name"`
	Builds      []struct {
		Main, Binary                      string
		Env, Flags, Ldflags, Goos, Goarch []string
	}
	Archives []struct {
		Formats         []string
		FormatOverrides []struct {
			Goos    string
			Formats []string
		} `yaml:"format_overrides"`
		Files []string
	}
	Checksum struct {
		NameTemplate string `yaml:"name_template"`
	}
	Changelog struct{ Disable bool }
	Release   struct {
		Draft  bool
		Header string
	}
}

// Releases are made for three systems and two processors, of the files that are
// there, with the version where the command looks for it.
func TestReleaseConfiguration(t *testing.T) {
	file, err := os.Open("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	var r release
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Version != 2 || r.ProjectName != "ssegauge" || len(r.Builds) != 1 || len(r.Archives) != 1 {
		t.Fatalf("%+v", r)
	}
	b := r.Builds[0]
	if !slices.Equal(b.Goos, []string{"linux", "darwin", "windows"}) || !slices.Equal(b.Goarch, []string{"amd64", "arm64"}) || !slices.Equal(b.Env, []string{"CGO_ENABLED=0"}) {
		t.Errorf("built for %v on %v in %v", b.Goos, b.Goarch, b.Env)
	}
	const stamp = "-X main.stamped="
	if i := readDockerfile(t); len(b.Ldflags) != 1 || !strings.Contains(b.Ldflags[0], stamp+"{{ .Tag }}") || !strings.Contains(i.build, stamp+"$VERSION") {
		t.Errorf("the version is stamped by %v, in the image by %s", b.Ldflags, i.build)
	}
	for _, path := range append(r.Archives[0].Files, b.Main) {
		if found, err := filepath.Glob("../../" + strings.ReplaceAll(path, "**", "*")); err != nil || len(found) == 0 {
			t.Errorf("there is no %s", path)
		}
	}
}

// The Makefile builds the command for each system and each processor of the
// releases. That is enough where no file is for one processor alone.
func TestEverySystemIsBuilt(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, build := range []string{"GOOS=darwin GOARCH=arm64", "GOOS=windows GOARCH=amd64"} {
		if !strings.Contains(string(makefile), build+" $(GO) build -o /dev/null ./cmd/ssegauge\n") {
			t.Errorf("make lint does not build with %s", build)
		}
	}
	files := ""
	for _, system := range []string{"linux", "darwin", "windows"} {
		var of [2]string
		for i, processor := range []string{"amd64", "arm64"} {
			list := exec.Command("go", "list", "-f", "{{.ImportPath}} {{.GoFiles}}", module+"...")
			list.Env = append(list.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0")
			out, err := list.Output()
			if err != nil {
				t.Fatalf("go list: %v", err)
			}
			of[i] = string(out)
		}
		if of[0] != of[1] {
			t.Errorf("on %s, amd64 and arm64 have different files", system)
		}
		files += of[0]
	}
	if !strings.Contains(files, "loops_linux.go") || !strings.Contains(files, "loops_other.go") {
		t.Error("go list does not tell the systems apart")
	}
}
