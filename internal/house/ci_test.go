package house

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// A pipeline is one of those that docs/ci.md shows, as far as it runs commands.
type pipeline struct {
	name      string
	variables map[string]string
	scripts   []string // each run by a shell of its own
	leaves    []string // files that its last steps take away
}

// The files and the commands of docs/ci.md work, as they stand there, on a
// repository that has nothing else.
func TestPipelines(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the pipelines of docs/ci.md; left out by -short")
	}
	t.Parallel()
	guide, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	build := exec.Command("go", "build", "-o", programs, "./cmd/ssegauge")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, name := range []string{"GitHub Actions", "GitLab"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := freeAddress(t)
			// The guide's port may be taken here.
			text := strings.ReplaceAll(string(guide), "127.0.0.1:8080", address)
			blocks := regexp.MustCompile("(?s)```(sh|yaml)\n(.*?)```").FindAllStringSubmatch(text, -1)
			if len(blocks) != 4 {
				t.Fatalf("docs/ci.md has %d blocks, want commands, a target and two pipelines", len(blocks))
			}
			p := github(t, blocks[2][2])
			if name == "GitLab" {
				p = gitlab(t, blocks[3][2])
			}
			p.scripts = append([]string{blocks[0][2]}, p.scripts...)
			p.run(t, programs, blocks[1][2])
		})
	}
}

// freeAddress is an address of this machine at which nothing listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func github(t *testing.T, text string) pipeline {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct {
				Uses, Run string
				With      map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
		t.Fatal(err)
	}
	job := workflow.Jobs["ssegauge"]
	p := pipeline{name: "GitHub Actions", variables: job.Env}
	for _, step := range job.Steps {
		if step.Run != "" {
			p.scripts = append(p.scripts, step.Run)
		}
		for _, key := range []string{"sarif_file", "path"} {
			if file := step.With[key]; file != "" {
				p.leaves = append(p.leaves, file)
			}
		}
	}
	// The summary of the job is a file that the runner names.
	p.variables["GITHUB_STEP_SUMMARY"] = "summary.md"
	p.leaves = append(p.leaves, "summary.md", "out/check.xml", "out/load.xml", "out/load/summary.json")
	return p
}

func gitlab(t *testing.T, text string) pipeline {
	t.Helper()
	var jobs map[string]struct {
		Variables   map[string]string
		Script      []string
		AfterScript []string `yaml:"after_script"`
		Artifacts   struct {
			Paths   []string
			Reports map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
		t.Fatal(err)
	}
	job := jobs["ssegauge"]
	return pipeline{
		name: "GitLab", variables: job.Variables,
		scripts: []string{strings.Join(job.Script, "\n"), strings.Join(job.AfterScript, "\n")},
		leaves:  append(job.Artifacts.Paths, job.Artifacts.Reports["junit"], "out/check.html", "out/load.xml", "out/load/summary.json"),
	}
}

const install = "go install github.com/ssegauge/ssegauge/cmd/ssegauge@latest"

// run does what a runner does, in a folder with the target file.
func (p *pipeline) run(t *testing.T, programs, target string) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "ci"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ci/target.yaml"), []byte(target), 0o644); err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "SSEGAUGE_LIFETIME=3s")
	for name, value := range p.variables {
		environment = append(environment, name+"="+value)
	}
	installed := false
	for _, script := range p.scripts {
		// What would be installed is what is tested.
		installed = installed || strings.Contains(script, install)
		script = strings.ReplaceAll(script, install, "ssegauge version")
		out, code := runScript(t, folder, environment, script)
		switch {
		case code == 3 && (strings.Contains(script, "ssegauge load") || strings.Contains(script, "ssegauge report")):
			t.Logf("the measurement is invalid: this machine is busy with tests\n%s", out)
		case code != 0:
			t.Fatalf("%s\nexit code %d\n%s", script, code, out)
		}
	}
	if !installed {
		t.Errorf("%s never says %s", p.name, install)
	}
	if len(p.leaves) < 4 {
		t.Errorf("%s takes only %v away", p.name, p.leaves)
	}
	for _, pattern := range p.leaves {
		if found, err := filepath.Glob(filepath.Join(folder, pattern)); err != nil || len(found) == 0 {
			t.Errorf("%s has left no %s", p.name, pattern)
		}
	}
}

// runScript runs a script as runners do, and returns what it has written. What
// it has started in the background ends with the test.
func runScript(t *testing.T, folder string, environment []string, script string) (out []byte, code int) {
	t.Helper()
	// A file, not a pipe: what goes on in the background would keep it open.
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	// The outer shell leads the group of all processes. It stays until the end,
	// so that the group is certain to be ours when it is killed.
	c := exec.Command("sh", "-c", `sh -e -c "$1" 3>&-; echo $? >&3; read end`, "sh", script)
	c.Dir, c.Env, c.Stdout, c.Stderr = folder, environment, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	codes, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer codes.Close()
	c.ExtraFiles = []*os.File{write}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	end := func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	t.Cleanup(func() {
		end()
		_ = stdin.Close()
		_ = c.Wait()
	})
	watchdog := time.AfterFunc(5*time.Minute, end)
	defer watchdog.Stop()
	if _, err := fmt.Fscan(codes, &code); err != nil {
		code = -1
	}
	out, err = os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return out, code
}
