// Package schema holds the JSON Schemas (draft 2020-12) of the files that
// people write, for editors that complete and check them. They are made from
// the Go types; `go test ./cmd/ssegauge/internal/schemas -update` writes them.
//
// A schema tells less than ssegauge does when it reads the file: it cannot know
// the environment, count streams, or compile a pattern. It is stricter in one
// thing: a key without a value, which means the default, is refused.
package schema

import (
	"embed"
	"strings"
)

//go:embed *.json
var files embed.FS

// Kinds lists the kinds of files that have a schema, in alphabetical order.
func Kinds() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // cannot happen: the folder is in the program
	}
	kinds := make([]string, len(entries))
	for i, entry := range entries {
		kinds[i] = strings.TrimSuffix(entry.Name(), ".json")
	}
	return kinds
}

// Of returns the schema of a kind; ok is false when there is no such kind.
func Of(kind string) (text []byte, ok bool) {
	text, err := files.ReadFile(kind + ".json")
	return text, err == nil
}
