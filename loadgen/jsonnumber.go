package loadgen

import (
	"bytes"
	"encoding/json"
)

// jsonNumber finds the number, or the text of one, at a path of member names in
// a JSON object. Of members with the same name the last counts, as for
// encoding/json, which would allocate for every value of every event. What lies
// beside the path is skipped, and not examined further than that takes.
func jsonNumber(data []byte, path []string) ([]byte, bool) {
	for _, name := range path {
		s := jsonScanner{data}
		value, ok := s.member(name)
		if !ok {
			return nil, false
		}
		data = value
	}
	if len(data) > 1 && data[0] == '"' {
		data = data[1 : len(data)-1]
	}
	return data, len(data) > 0 && (data[0] == '-' || '0' <= data[0] && data[0] <= '9')
}

// A jsonScanner skips over JSON (RFC 8259).
type jsonScanner struct{ rest []byte }

func (s *jsonScanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\t' || s.rest[0] == '\n' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

// take skips c, and the space around it.
func (s *jsonScanner) take(c byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	s.space()
	return true
}

// member finds the value of a member of the object that s is at.
func (s *jsonScanner) member(name string) (value []byte, ok bool) {
	if !s.take('{') {
		return nil, false
	}
	for !s.take('}') {
		key, good := s.text()
		if !good || !s.take(':') {
			return nil, false
		}
		begin := s.rest
		if !s.value() {
			return nil, false
		}
		if keyIs(key, name) {
			value, ok = begin[:len(begin)-len(s.rest)], true
		}
		if !s.take(',') && (len(s.rest) == 0 || s.rest[0] != '}') {
			return nil, false
		}
	}
	return value, ok
}

// keyIs compares a key, in its quotes, with a name.
func keyIs(key []byte, name string) bool {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key[1:len(key)-1]) == name
	}
	var plain string
	return json.Unmarshal(key, &plain) == nil && plain == name
}

// text skips a string, which it returns in its quotes.
func (s *jsonScanner) text() ([]byte, bool) {
	if len(s.rest) == 0 || s.rest[0] != '"' {
		return nil, false
	}
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '"':
			text := s.rest[:i+1]
			s.rest = s.rest[i+1:]
			return text, true
		}
	}
	return nil, false
}

// value skips a value. That of an object or array is whatever lies between its
// brackets.
func (s *jsonScanner) value() bool {
	depth := 0
	for len(s.rest) > 0 {
		switch c := s.rest[0]; c {
		case '"':
			if _, ok := s.text(); !ok {
				return false
			}
		case '{', '[':
			depth++
			s.rest = s.rest[1:]
			continue
		case '}', ']':
			depth--
			s.rest = s.rest[1:]
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return false
			}
			s.rest = s.rest[1:]
			continue
		default:
			i := 1
			for i < len(s.rest) && !endsJSONWord(s.rest[i]) {
				i++
			}
			s.rest = s.rest[i:]
		}
		if depth == 0 {
			return true
		}
		if depth < 0 {
			return false
		}
	}
	return false
}

// endsJSONWord reports whether c ends a number or a literal name.
func endsJSONWord(c byte) bool {
	switch c {
	case ',', ':', '{', '}', '[', ']', '"', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}
