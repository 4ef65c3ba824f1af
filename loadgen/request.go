package loadgen

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// makeTokens makes the first token of each stream before any is opened.
func (s *Session) makeTokens(ctx context.Context, streams []*stream) error {
	for _, one := range streams {
		var err error
		if one.held, err = s.newCredential(ctx, one); err != nil {
			return fmt.Errorf("token of stream %d: %w", one.index, err)
		}
	}
	return nil
}

// mustRenew reports whether the token of a stream is about to end.
func (s *Session) mustRenew(one *stream) bool {
	return one.held.token != "" && !one.held.good(time.Now())
}

// newCredential gets another token for a stream.
func (s *Session) newCredential(ctx context.Context, one *stream) (credential, error) {
	return s.credentials.get(ctx, bearer{one.index, one.plan.topicNames(one.index)})
}

// request makes the request that opens a stream.
func (s *Session) request(ctx context.Context, one *stream, lastEventID string) (*http.Request, error) {
	u, err := one.plan.URL(one.index)
	if err != nil {
		return nil, err
	}
	target := &one.plan.Scenario.Target
	if lastEventID != "" && target.LastEventID != "" {
		query := u.Query()
		query.Set(target.LastEventID, lastEventID)
		u.RawQuery = query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Cache-Control", "no-store")
	request.Header.Set("User-Agent", "ssegauge")
	if lastEventID != "" && target.LastEventID == "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	for name, value := range target.Headers {
		if strings.EqualFold(name, "Host") {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	s.credentials.apply(request, one.held)
	return request, nil
}
