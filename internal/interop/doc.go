// Package interop holds the tests that run the ssegauge command against
// servers, proxies and clients that nobody here wrote: nginx, nchan, go-sse's
// own server, r3labs/sse, and event-source-polyfill under Node.
//
// It is a module of its own, so that none of them enters the main go.mod. The
// tests build the command from the module around them, run it with scenario
// files, and read the summary.json that it writes. A program that is not
// installed skips its tests; with CI=true in the environment it fails them.
package interop
