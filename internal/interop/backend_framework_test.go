package interop

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	ginsse "github.com/gin-contrib/sse"
	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/render"
	"github.com/labstack/echo/v5"
)

// ginApplication streams as gin's example does, with Stream and with its event
// encoder. The head is flushed first: Stream would keep it until the first
// event.
func ginApplication() (http.Handler, func()) {
	gin.SetMode(gin.ReleaseMode)
	engine, hub := gin.New(), newHub()
	engine.GET("/events", func(c *gin.Context) {
		c.Header("Content-Type", "text/event-stream")
		c.Header("Cache-Control", "no-cache")
		c.Header("Connection", "keep-alive")
		c.Header("Transfer-Encoding", "chunked")
		c.Writer.Flush()
		s := hub.subscribe(c.Query("topic"))
		defer hub.unsubscribe(s)
		c.Stream(func(io.Writer) bool {
			select {
			case p, open := <-s.events:
				if open {
					var event render.Render = ginsse.Event{Id: value(p.ID), Event: value(p.Event), Data: value(p.Data)}
					c.Render(-1, event)
				}
				return open
			case <-c.Request.Context().Done():
				return false
			}
		})
	})
	engine.POST("/publish", gin.WrapF(accepting(hub.publish)))
	return engine, hub.close
}

// echoApplication streams as echo's cookbook does: echo itself has no event
// encoder, and the cookbook shows one, which is written after its pattern here.
func echoApplication() (http.Handler, func()) {
	e, hub := echo.New(), newHub()
	e.GET("/events", func(c *echo.Context) error {
		w := c.Response()
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Connection", "keep-alive")
		flusher := http.NewResponseController(w)
		s := hub.subscribe(c.QueryParam("topic"))
		defer hub.unsubscribe(s)
		if err := flusher.Flush(); err != nil {
			return err
		}
		for {
			select {
			case p, open := <-s.events:
				if !open {
					return nil
				}
				if err := writeCookbookEvent(w, p); err != nil {
					return err
				}
				if err := flusher.Flush(); err != nil {
					return err
				}
			case <-c.Request().Context().Done():
				return nil
			}
		}
	})
	e.POST("/publish", echo.WrapHandler(accepting(hub.publish)))
	return e, hub.close
}

// writeCookbookEvent writes what the cookbook's Event.MarshalTo writes: an ID
// field always, data split at line feeds, the other fields behind it.
func writeCookbookEvent(w io.Writer, p publication) error {
	data, comment := []byte(value(p.Data)), value(p.Comment)
	if len(data) == 0 && comment == "" {
		return nil
	}
	var b bytes.Buffer
	if len(data) > 0 {
		fmt.Fprintf(&b, "id: %s\n", value(p.ID))
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			fmt.Fprintf(&b, "data: %s\n", line)
		}
		if p.Event != nil {
			fmt.Fprintf(&b, "event: %s\n", *p.Event)
		}
		if p.Retry != nil {
			fmt.Fprintf(&b, "retry: %s\n", *p.Retry)
		}
	}
	if comment != "" {
		fmt.Fprintf(&b, ": %s\n", comment)
	}
	b.WriteString("\n")
	_, err := w.Write(b.Bytes())
	return err
}
