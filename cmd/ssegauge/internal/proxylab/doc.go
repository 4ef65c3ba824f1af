// Package proxylab runs real proxies under many settings and says what each
// setting does to an event stream.
//
// A matrix names a proxy, the template of its configuration, and the variants
// that fill it in. The lab starts the proxy with them, unprivileged, in the
// foreground, in a temporary folder and on free ports of 127.0.0.1, in front of
// an origin of its own. The doctor's probes then judge each variant, and the
// load generator compares it with the direct way.
//
// Every process has a guard: a process of its own that ends the proxy's whole
// process group and removes its folder, however the lab ends.
package proxylab
