// Package publicurl shows URLs without what may be secret in them.
package publicurl

import "strings"

// hidden stands for what is not shown.
const hidden = "***"

// Of returns a URL, or a template of one, with *** for its user and for what its
// query says. A value that is one placeholder, such as {topic}, stays.
func Of(template string) string {
	base, query, hasQuery := strings.Cut(template, "?")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		authority, path := rest, ""
		if at := strings.IndexByte(rest, '/'); at >= 0 {
			authority, path = rest[:at], rest[at:]
		}
		// A password may hold an @ itself.
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			authority = hidden + authority[at:]
		}
		base = scheme + "://" + authority + path
	}
	if !hasQuery {
		return base
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		if name, value, _ := strings.Cut(parameter, "="); value != "" && !isPlaceholder(value) {
			parameters[i] = name + "=" + hidden
		}
	}
	return base + "?" + strings.Join(parameters, "&")
}

func isPlaceholder(value string) bool {
	return len(value) > 2 && value[0] == '{' && strings.IndexByte(value, '}') == len(value)-1
}
