package tick

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestData(t *testing.T) {
	due := time.Unix(1_800_000_000, 123_456_789)
	data := Data(due, 42, Size)
	if len(data) != Size {
		t.Errorf("%d bytes, want %d", len(data), Size)
	}
	var got struct{ T, N int64 }
	if err := json.Unmarshal([]byte(data), &got); err != nil {
		t.Fatal(err)
	}
	if got.T != due.UnixNano() || got.N != 42 {
		t.Errorf("got %+v, want t %d and n 42", got, due.UnixNano())
	}
}

// A publisher that was held up catches up, and says when events were due.
func TestEveryKeepsTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		enough := errors.New("enough")
		var due, at []time.Duration
		err := Every(t.Context(), 10, Size, func(data string) error {
			var event struct{ T, N int64 }
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				t.Fatal(err)
			}
			if event.N != int64(len(due)) {
				t.Errorf("event %d has n %d", len(due), event.N)
			}
			due = append(due, time.Unix(0, event.T).Sub(start))
			at = append(at, time.Since(start))
			if len(due) == 5 {
				return enough
			}
			if len(due) == 2 {
				time.Sleep(250 * time.Millisecond)
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Fatalf("error %v, want %v", err, enough)
		}
		const ms = time.Millisecond
		wantDue := []time.Duration{0, 100 * ms, 200 * ms, 300 * ms, 400 * ms}
		wantAt := []time.Duration{0, 100 * ms, 350 * ms, 350 * ms, 400 * ms}
		for i := range wantDue {
			if due[i] != wantDue[i] || at[i] != wantAt[i] {
				t.Errorf("event %d due %v at %v, want %v at %v", i, due[i], at[i], wantDue[i], wantAt[i])
			}
		}
	})
}

func TestEveryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		published := 0
		if err := Every(ctx, 4, Size, func(string) error { published++; return nil }); err != nil {
			t.Errorf("error %v, want none", err)
		}
		if published < 4 || published > 5 {
			t.Errorf("%d events in a second at 4/s", published)
		}
		if err := Every(ctx, 0, Size, func(string) error { t.Error("published at rate 0"); return nil }); err != nil {
			t.Errorf("error %v at rate 0, want none", err)
		}
	})
}
