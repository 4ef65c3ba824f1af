package proxylab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// A Ready asks for an answer through a proxy, by the URL of a variant, and
// reports an error unless it is that of the very origin behind it: on a busy
// machine a port may be somebody else's by now.
type Ready func(ctx context.Context, client *http.Client, url string) error

// ProbeReady is a Ready for the probe origin that answers at url, which ends in
// a slash: it must have got the request.
func ProbeReady(url string) Ready {
	return func(ctx context.Context, client *http.Client, through string) error {
		nonce := rand.Text()
		mark := "?"
		if strings.Contains(through, "?") {
			mark = "&"
		}
		if err := get(ctx, client, through+mark+"count=0&nonce="+nonce, nil); err != nil {
			return err
		}
		var seen probeorigin.Report
		if err := get(ctx, http.DefaultClient, url+"?control="+nonce, &seen); err != nil {
			return err
		}
		if len(seen.Requests) == 0 {
			return errors.New("another origin answers")
		}
		return nil
	}
}

// serverReady is a Ready for the reference server that answers at url, which
// ends in a slash. Processes of it differ in their epoch.
func serverReady(ctx context.Context, client *http.Client, url string) (Ready, error) {
	type stats struct {
		Epoch string `json:"epoch"`
	}
	var want stats
	err := get(ctx, client, url+"stats", &want)
	return func(ctx context.Context, client *http.Client, url string) error {
		var got stats
		if err := get(ctx, client, url+"stats", &got); err != nil {
			return err
		}
		if got.Epoch == "" || got != want {
			return errors.New("another server answers")
		}
		return nil
	}, err
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// get gets a good answer, and reads its JSON into v unless that is nil.
func get(ctx context.Context, client *http.Client, url string, v any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers with status %d", request.URL.Redacted(), answer.StatusCode)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s does not answer with the JSON that was expected: %w", url, err)
	}
	return nil
}
