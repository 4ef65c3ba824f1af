package doctor

// The lines that were measured to help. nginx before 1.29.7 speaks HTTP/1.0 to
// its backend unless it is told otherwise, and then cannot pass on a part of a
// buffer.

// fixHint is heeded, and taken out, by the first nginx on the way; others ignore
// it.
var fixHint = Fix{application, "response header fields", "X-Accel-Buffering: no"}

var fixHeld = []Fix{
	{"nginx", "location", "proxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_buffering off;"},
	{"Apache", "the virtual host", "# take out mod_buffer (SetOutputFilter BUFFER) and what else collects responses"},
	{"Caddy", "reverse_proxy", "# take out buffer_responses, and templates for text/event-stream"},
	{"Varnish", "vcl_recv", "if (req.http.Accept ~ \"text/event-stream\") { return (pipe); }"},
	{"lighttpd", "lighttpd.conf", "server.stream-response-body = 2"},
	{"HAProxy", "frontend or backend", "# take out http-response wait-for-body"},
	{"Node", "middleware", "// leave text/event-stream out of what collects or compresses responses"},
	fixHint,
	{application, "code", "flush after each event, through every middleware (Flush, Unwrap)"},
}

var fixCompressed = []Fix{
	{"nginx", "location", "gzip off;\nproxy_buffering off;"},
	{"HAProxy", "frontend", "compression type text/html text/plain text/css   # without text/event-stream"},
	{"Caddy", "site", "encode gzip {\n\tmatch not header Content-Type text/event-stream*\n}"},
	{"Varnish", "vcl_backend_response", "if (beresp.http.Content-Type ~ \"^text/event-stream\") { set beresp.do_gzip = false; }"},
	{"Apache", "the virtual host", "SetEnvIfNoCase Accept text/event-stream no-gzip"},
	{"Node", "application", "Cache-Control: no-cache, no-transform   (compression heeds it)"},
	{application, "response header fields", "Cache-Control: no-cache, no-transform   (HAProxy and Node heed it; nginx, Apache and Caddy do not)"},
	fixHint,
}

var fixCork = []Fix{
	{"HAProxy", "frontend or backend", "option http-no-delay"},
	{"Apache", "location", "# take out SetOutputFilter RATE_LIMIT"},
	{application, "code", "write an event with its framing in one go, and flush"},
}

var fixTimer = []Fix{
	{"Traefik", "service", "loadBalancer.responseForwarding.flushInterval: -1ms   # or Content-Type: text/event-stream, which it knows"},
	{"Go", "httputil.ReverseProxy", "FlushInterval: -1   // or leave it alone for text/event-stream"},
	{"Apache", "location", "# take out SetOutputFilter RATE_LIMIT"},
	{application, "code", "flush after each event, rather than by a timer"},
}

var fixLateHead = []Fix{
	{"nginx", "location", "proxy_buffering off;   # over HTTP/2, nginx before 1.25.1 sends the head with the first event all the same"},
	{application, "code", "send a comment at once: \":\\n\\n\""},
}

var fixCache = []Fix{
	{application, "response header fields", "Cache-Control: no-cache, no-store"},
	{"nginx", "location", "proxy_cache off;"},
	{"Varnish", "vcl_recv", "if (req.http.Accept ~ \"text/event-stream\") { return (pipe); }"},
	{"HAProxy", "frontend", "# take out http-request cache-use and http-response cache-store"},
	{"Apache", "location", "CacheDisable on"},
}

var fixRefused = []Fix{
	{"nginx", "location", "proxy_intercept_errors off;   # and route the stream's path to the backend"},
	{application, "code", "answer with 200 and Content-Type: text/event-stream, and with 401 in place of a redirect"},
}

var fixBudget = []Fix{
	{"nginx", "events, main", "worker_connections 8192;   # each stream takes two\nworker_rlimit_nofile 16384;"},
	{"HAProxy", "global, frontend, server", "maxconn 10000"},
	{"Apache", "mpm_event", "MaxRequestWorkers 1000   # each stream takes a thread"},
	{"Varnish", "varnishd", "-p thread_pool_max=10000, or return (pipe)"},
	{application, "browser", "use HTTP/2: over HTTP/1.1 a browser opens six connections to an origin"},
}

var fixIdle = []Fix{
	{application, "code", "send a comment every 15 seconds: \":\\n\\n\"   (less than half of the time seen)"},
	{"nginx", "location", "proxy_read_timeout 1h;"},
	{"HAProxy", "backend", "timeout server 1h"},
	{"Apache", "the virtual host", "ProxyTimeout 3600"},
	{"Varnish", "backend", ".between_bytes_timeout = 3600s;"},
	{"lighttpd", "proxy.server", "\"read-timeout\" => 3600"},
	{"Caddy", "reverse_proxy", "transport http { read_timeout 1h }"},
	{"AWS load balancer", "attributes", "idle_timeout.timeout_seconds = 3600"},
}

var fixLife = []Fix{
	{"Envoy", "route", "timeout: 0s"},
	{"Varnish", "varnishd", "-p send_timeout=0, or return (pipe)"},
	{"Go", "http.Server", "http.NewResponseController(w).SetWriteDeadline(time.Time{})   // against WriteTimeout"},
	{application, "code", "give each event an id, so that a client that is cut resumes"},
}

var fixReload = []Fix{
	{"nginx", "main", "worker_shutdown_timeout 1h;"},
	{"HAProxy", "global", "hard-stop-after 1h"},
	{application, "stream", "retry: 2000   (with a random part, so that not all come back at once)"},
}

var fixEnding = []Fix{
	{"nginx", "location", "proxy_http_version 1.1;"},
	{application, "stream", "event: end\ndata:\n   (as the last event, and a client that reconnects without it)"},
	{application, "client", "reconnect after two or three heartbeats that did not come"},
}

var fixNeverTold = []Fix{
	{application, "response header fields", "Cache-Control: no-cache, no-store"},
	{"nginx", "location", "proxy_cache off;\nproxy_store off;\nproxy_ignore_client_abort off;"},
	{"Varnish", "vcl_recv", "if (req.http.Accept ~ \"text/event-stream\") { return (pipe); }"},
}

var fixToldLate = []Fix{
	{application, "code", "send a comment every 15 seconds: \":\\n\\n\""},
	{"nginx", "location", "proxy_ignore_client_abort off;"},
	{"Caddy", "reverse_proxy", "# take out flush_interval -1: the default streams, and tells at once"},
}

var fixAbsorbed = []Fix{
	{"nginx", "location", "proxy_buffering off;   # or proxy_max_temp_file_size 0;"},
}

var fixLastEventID = []Fix{
	{"nginx", "location", "proxy_set_header Last-Event-ID $http_last_event_id;\nlarge_client_header_buffers 4 16k;   # for long ones"},
	{application, "stream", "keep ids short; most boxes refuse a header field over 8 KiB"},
}

var fixLongID = []Fix{
	{application, "stream", "keep ids under 4 kB"},
	{"nginx", "server", "large_client_header_buffers 4 16k;"},
}

var fixStripped = []Fix{
	{"nginx", "location", "proxy_set_header Authorization $http_authorization;\nproxy_set_header Cookie $http_cookie;   # one proxy_set_header here undoes all that are inherited"},
	{"Apache", "the virtual host", "# take out RequestHeader unset Authorization"},
	{"Varnish", "vcl_recv", "# take out unset req.http.Cookie and req.http.Authorization"},
}

var fixRetried = []Fix{
	{"nginx", "location", "proxy_next_upstream off;"},
	{"HAProxy", "backend", "retries 0"},
	{"Caddy", "reverse_proxy", "lb_try_duration 0"},
	{application, "code", "send the head at once"},
}

var fixCORS = []Fix{
	{"nginx", "location", "add_header Access-Control-Allow-Origin $http_origin always;   # here or in the application, not in both"},
	{application, "code", "set it in every response, errors too, or leave it to the box"},
}

var fixUpload = []Fix{
	{"nginx", "location", "proxy_request_buffering off;\nproxy_http_version 1.1;"},
	{"HAProxy", "frontend", "# take out option http-buffer-request"},
}

var fixIntercepted = []Fix{
	{"nginx", "location", "proxy_intercept_errors off;"},
	{"Apache", "the virtual host", "ProxyErrorOverride Off"},
}

var fixBackend = []Fix{
	{application, "code", "flush after each event; look for middleware that wraps the response (compression, logging, timeouts) and for a write timeout of the server"},
}
