package refserver

import "net/http"

// stopFaults are about streams that have an end.
var stopFaults = []faultRow{
	{Fault{"job-again", "A finished topic begins again for a client that comes back.",
		[]string{"stop.204"}},
		faultHooks{handler: insteadOfStop(func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte("retry: 2000\ndata: again\n\n")) // the client may be gone
		})}},
	{Fault{"stop-body", "A response with status 204 has a body.",
		[]string{"stop.204.empty"}},
		faultHooks{handler: insteadOfStop(stopWithBody)}},
	{Fault{"finish-cut", "The connection of a stream is broken where its topic is finished.",
		[]string{"stop.clean-eof"}},
		faultHooks{subscription: unswept, handler: tapped(broken)}},
	{Fault{"stop-empty", "A client that comes back to a finished topic gets a stream that ends at once.",
		[]string{"stop.no-empty-loop", "retry.present"}},
		faultHooks{handler: insteadOfStop(func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(http.StatusOK)
		})}},
	{Fault{"last-again", "A client that comes back to a finished topic gets its last event again.",
		[]string{"stop.resume-after-end"}},
		faultHooks{joined: lastAgain}},
}

// lastAgain puts a stream that has the last event of a finished topic in front
// of it.
func lastAgain(h *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if seq, own := h.seqOf(id); own && finished(st.cursors) {
		for i := range st.cursors {
			if l := st.cursors[i].log; seq == l.lastSeq {
				st.cursors[i].off = l.after(seq-1, 0)
			}
		}
	}
	return missing, nil
}

// insteadOfStop lets answer take the place of status 204.
func insteadOfStop(answer func(http.ResponseWriter)) func(http.Handler) http.Handler {
	return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&stopWriter{ResponseWriter: w, answer: answer}, r)
	})
}

type stopWriter struct {
	http.ResponseWriter
	answer func(http.ResponseWriter)
}

func (w *stopWriter) WriteHeader(status int) {
	if status == http.StatusNoContent {
		w.answer(w.ResponseWriter)
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *stopWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// stopWithBody writes by hand what net/http would not.
func stopWithBody(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusNoContent) // HTTP/2 has no such response
		return
	}
	_, _ = conn.Write([]byte("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nbye")) // the client may be gone
	_ = conn.Close()
}
