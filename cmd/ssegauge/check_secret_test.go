package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// signedToken is the shape of a JSON Web Token with a signature, or of what is
// left of one once its head is gone.
var signedToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|\.[A-Za-z0-9_-]{86}`)

// Tokens are in no output, no report and no recording, even if the server sends
// them back or onwards.
func TestCheckHidesTokens(t *testing.T) {
	if !signedToken.MatchString("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzc2VnYXVnZSJ9.x") {
		t.Fatal("the pattern does not match a token")
	}
	for _, fault := range []string{"", "query-reflected", "redirect-token"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			args := []string{"check", "embedded", "--run", "auth", "--run", "redirect", "--run", "http.status.ok", "--record", filepath.Join(folder, "record"), "--fault", fault}
			for _, kind := range []string{"json", "junit", "sarif", "markdown", "html"} {
				args = append(args, "--"+kind+"="+filepath.Join(folder, "report."+kind))
			}
			got := ssegauge(t, args...)
			if want := map[bool]int{true: exitYes, false: exitNo}[fault == ""]; got.code != want {
				t.Errorf("exit code %d, want %d\n%s%s", got.code, want, got.stdout, got.stderr)
			}
			texts := map[string]string{"standard output": got.stdout, "standard error": got.stderr}
			err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := os.ReadFile(file)
				texts[file] = string(text)
				return err
			})
			if err != nil || len(texts) < 15 {
				t.Fatalf("%d texts, %v", len(texts), err)
			}
			for name, text := range texts {
				if found := signedToken.FindString(text); found != "" {
					t.Errorf("%s: a token of %d bytes", name, len(found))
				}
			}
		})
	}
}
