// Package epoll is a thin layer over Linux epoll and the raw system calls that
// an event loop with thousands of sockets needs. It knows nothing of HTTP.
//
// A Poller belongs to one goroutine, which alone calls Wait. Add, Modify,
// Delete and Wake may be called from any goroutine. On systems other than
// Linux the package is empty; its importers carry the same build constraint.
package epoll
