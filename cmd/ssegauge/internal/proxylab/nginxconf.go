package proxylab

import (
	"bytes"
	"fmt"
	"strings"
)

// A directive of an nginx configuration, with where it stands in its file.
type directive struct {
	name    string
	args    []word
	start   int    // of the name
	end     int    // behind the semicolon or the opening brace
	context string // the name of the block that it stands in
	// block has the directives between the braces; nil without braces.
	block *[]directive
}

// A word is an argument, without its quotes, and its place with them.
type word struct {
	text       string
	start, end int
}

// parseNginx reads a file of directives that stand in a context such as main or
// http. As nginx's own parser it knows words, quotes, comments, semicolons and
// braces, and no directive but those whose braces hold Lua.
func parseNginx(file string, text []byte, context string) ([]directive, error) {
	p := nginxParser{file: file, text: text}
	list, err := p.block(context)
	if err == nil && p.at < len(text) {
		err = p.errorf("unexpected }")
	}
	return list, err
}

type nginxParser struct {
	file string
	text []byte
	at   int
}

func (p *nginxParser) errorf(format string, args ...any) error {
	before := p.text[:p.at]
	line := bytes.Count(before, []byte("\n")) + 1
	column := p.at - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("%s:%d:%d: %s", p.file, line, column, fmt.Sprintf(format, args...))
}

// block reads directives up to a closing brace or the end.
func (p *nginxParser) block(context string) ([]directive, error) {
	list := []directive{}
	for {
		p.space()
		if p.at == len(p.text) || p.text[p.at] == '}' {
			return list, nil
		}
		d, err := p.directive(context)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
}

func (p *nginxParser) directive(context string) (directive, error) {
	d := directive{start: p.at, context: context}
	for {
		p.space()
		if p.at == len(p.text) {
			return d, p.errorf("the file ends within a directive; expected ; or {")
		}
		switch p.text[p.at] {
		case ';':
			p.at++
			d.end = p.at
			return d, nil
		case '{':
			p.at++
			d.end = p.at
			return d, p.braces(&d)
		case '}':
			return d, p.errorf("unexpected }; expected ; or {")
		}
		w, err := p.word()
		switch {
		case err != nil:
			return d, err
		case d.name == "":
			d.name = w.text
		default:
			d.args = append(d.args, w)
		}
	}
}

// braces reads what stands between the braces of a directive.
func (p *nginxParser) braces(d *directive) error {
	opened := p.at
	if strings.HasSuffix(d.name, "_by_lua_block") {
		for depth := 1; depth > 0; p.at++ {
			if p.at == len(p.text) {
				p.at = opened
				return p.errorf("%s has no end", d.name)
			}
			switch p.text[p.at] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		return nil
	}
	list, err := p.block(d.name)
	if err != nil {
		return err
	}
	if p.at == len(p.text) {
		p.at = opened
		return p.errorf("%s has no closing }", d.name)
	}
	d.block = &list
	p.at++
	return nil
}

// space skips white space and comments.
func (p *nginxParser) space() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			p.at++
		case c == '#':
			if end := bytes.IndexByte(p.text[p.at:], '\n'); end >= 0 {
				p.at += end
			} else {
				p.at = len(p.text)
			}
		default:
			return
		}
	}
}

func (p *nginxParser) word() (word, error) {
	w := word{start: p.at}
	var text strings.Builder
	if quote := p.text[p.at]; quote == '"' || quote == '\'' {
		for p.at++; p.at < len(p.text) && p.text[p.at] != quote; p.at++ {
			if p.text[p.at] == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == quote || p.text[p.at+1] == '\\') {
				p.at++
			}
			text.WriteByte(p.text[p.at])
		}
		if p.at == len(p.text) {
			p.at = w.start
			return w, p.errorf("the quote has no end")
		}
		p.at++
		w.text, w.end = text.String(), p.at
		return w, nil
	}
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n;{", p.text[p.at]) < 0 {
		switch {
		case p.text[p.at] == '\\' && p.at+1 < len(p.text):
			p.at++
		case bytes.HasPrefix(p.text[p.at:], []byte("${")):
			// The brace belongs to a variable's name.
			text.WriteByte('$')
			p.at++
		}
		text.WriteByte(p.text[p.at])
		p.at++
	}
	w.text, w.end = text.String(), p.at
	return w, nil
}
