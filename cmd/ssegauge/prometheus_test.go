package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// needProgram skips a test that lacks a program; in CI it fails.
func needProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skipf("skipped: %v", err)
	return ""
}

// A prometheusServer is a running Prometheus.
type prometheusServer struct{ url string }

// startPrometheus starts one that scrapes an address, with native histograms.
func startPrometheus(t *testing.T, address string) *prometheusServer {
	t.Helper()
	program := needProgram(t, "prometheus")
	version, err := exec.Command(program, "--version").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(version), "prometheus, version %d.%d", &major, &minor); err != nil {
		t.Fatalf("%v: %s", err, version)
	}
	folder := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [{job_name: load, static_configs: [{targets: [%q]}]}]\n", address)
	args := []string{"--config.file=" + filepath.Join(folder, "config.yml"), "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=127.0.0.1:0"}
	if major > 3 || major == 3 && minor >= 8 {
		config = strings.Replace(config, "global: {", "global: {scrape_native_histograms: true, ", 1)
	} else {
		args = append(args, "--enable-feature=native-histograms")
	}
	if err := os.WriteFile(filepath.Join(folder, "config.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.SysProcAttr = ownGroup()
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	read := make(chan struct{})
	var all bytes.Buffer
	go func() {
		defer close(read)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			all.WriteString(lines.Text() + "\n")
			if _, address, ok := strings.Cut(lines.Text(), `msg="Listening on" address=`); ok {
				listening <- strings.Fields(address)[0]
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-read
		_ = command.Wait()
	})
	select {
	case address := <-listening:
		return &prometheusServer{"http://" + address}
	case <-read:
		t.Fatalf("Prometheus ended:\n%s", all.String())
	case <-time.After(time.Minute):
		t.Fatal("Prometheus does not listen")
	}
	return nil
}

// A sample of Prometheus; for a histogram only its time is kept.
type sample struct {
	at    float64
	value float64
}

// query evaluates an expression at a time, in Unix seconds; 0 means now.
func (p *prometheusServer) query(t *testing.T, expression string, at float64) []sample {
	t.Helper()
	values := url.Values{"query": {expression}}
	if at != 0 {
		values.Set("time", strconv.FormatFloat(at, 'f', 3, 64))
	}
	response, err := http.PostForm(p.url+"/api/v1/query", values)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct {
				Value, Histogram   [2]any
				Values, Histograms [][2]any
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Error != "" {
		t.Fatalf("%s: %v %s", expression, err, answer.Error)
	}
	var samples []sample
	for _, r := range answer.Data.Result {
		for _, one := range slices.Concat(r.Values, r.Histograms, [][2]any{r.Value, r.Histogram}) {
			if at, ok := one[0].(float64); ok {
				text, _ := one[1].(string)
				value, _ := strconv.ParseFloat(text, 64)
				samples = append(samples, sample{at, value})
			}
		}
	}
	return samples
}

// await waits until the expression has a sample.
func (p *prometheusServer) await(t *testing.T, expression string) []sample {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if samples := p.query(t, expression, 0); len(samples) > 0 {
			return samples
		}
	}
	t.Fatalf("%s has no sample", expression)
	return nil
}
